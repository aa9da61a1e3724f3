//! Whole loads, from files on disk to diagnostics.

mod fields;
mod files;
mod fingerprints;
mod hostile;
mod inheritance;
#[cfg(feature = "cli")]
mod inspect;
mod layers;
mod lifecycle;
mod mistakes;
mod placeholders;
mod problems;
mod references;
#[cfg(feature = "schema")]
mod schema;
mod support;
#[cfg(feature = "cli")]
mod survey;
mod templates;
mod watched;
