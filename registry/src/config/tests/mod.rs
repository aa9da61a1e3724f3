//! Whole loads, from files on disk to diagnostics.

mod fields;
mod files;
mod fingerprints;
mod hostile;
mod inheritance;
mod layers;
mod lifecycle;
mod mistakes;
mod placeholders;
mod problems;
mod references;
#[cfg(feature = "schema")]
mod schema;
mod support;
mod templates;
mod watched;
