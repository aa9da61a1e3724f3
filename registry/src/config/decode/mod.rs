//! From a tree of values to the author's struct: the decode pass.
//!
//! The struct's own `Deserialize` does the work, driven by a [`Decoder`] that stands on one value. When all is
//! well that is a single walk over the tree. serde stops at the first mistake; so when there is one, the value is
//! decoded again and again on a copy of the tree, in which each mistake found is repaired by a value that
//! answers whatever is asked, until nothing is left to find (`repair`).
//!
//! The code here is compiled into every crate that declares a connection type, once for each struct, and
//! decides how long such a crate takes to build. What is generic (`decoder`, `access`) therefore only calls
//! what is not, handles no error and asks each visitor for the one method that it needs.

mod access;
mod decoded;
mod decoder;
mod dummy;
mod duration;
mod error;
mod expected;
mod location;
#[cfg(feature = "schema")]
mod outline;
mod read;
mod repair;
mod report;
mod scrub;
mod session;
#[cfg(test)]
mod tests;
mod text;

pub(super) use decoded::Refusal;
pub(crate) use decoded::{Decoded, Mode, Reference, decode};
#[cfg(feature = "cli")]
pub(crate) use decoded::{missing_fields, required_fields};
pub(crate) use decoder::Decoder;
#[cfg(all(test, feature = "schema"))]
pub(crate) use duration::parse_duration;
pub(crate) use error::DecodeError;
#[cfg(feature = "schema")]
pub(crate) use outline::{Key, Outline, Variant, outline};
