//! The JSON Schema of a configuration, from which editors complete and check its files.
//!
//! It is of draft 7, which both common engines for TOML know. Whatever they need is here alone: the form of their messages
//! and what they complete decides how a thing is said, where the draft leaves a choice.

mod document;
mod fields;
mod lifecycle;
mod patterns;
mod requirements;

pub(crate) use document::{TypeSchema, of_type, whole};
pub use fields::Description;
