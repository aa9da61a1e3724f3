//! Whole loads, from files on disk to diagnostics.

mod files;
mod hostile;
mod inheritance;
mod layers;
mod lifecycle;
mod mistakes;
mod placeholders;
mod problems;
mod references;
mod support;
