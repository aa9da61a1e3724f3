//! Problems of a configuration as data, and their renderers.
//!
//! A pass reports a [`Problem`] with spans; [`report`] turns all problems of a run into [`Diagnostic`]s, which
//! hold positions and masked lines instead, and so can be kept and printed without the sources and without
//! any secret in them.

mod code;
mod data;
mod escape;
#[cfg(feature = "diagnostics")]
mod human;
#[cfg(feature = "diagnostics")]
mod json;
mod mask;
mod page;
mod placeholder;
mod problem;
mod suggest;
#[cfg(test)]
mod tests;

pub use data::{Diagnostic, Label};
pub(crate) use {
    code::Code,
    problem::{Problem, report},
    suggest::did_you_mean,
};
#[cfg(feature = "cli")]
pub(crate) use {escape::visible, human::render_styled, placeholder::masked};
#[cfg(feature = "diagnostics")]
pub(crate) use {human::render, json::to_json};
