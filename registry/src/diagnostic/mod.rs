//! Problems of a configuration as data, and their renderers.
//!
//! A pass reports a [`Problem`] with spans; [`report`] turns all problems of a run into [`Diagnostic`]s, which
//! hold positions and masked lines instead, and so can be kept and printed without the sources and without
//! any secret in them.

mod code;
mod data;
mod problem;
mod suggest;

pub use data::Diagnostic;
pub(crate) use {
    code::Code,
    problem::{Problem, report},
    suggest::did_you_mean,
};
