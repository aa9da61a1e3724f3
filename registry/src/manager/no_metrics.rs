//! What stands for `metrics.rs` without the feature `metrics`: nothing is counted.

use std::time::Duration;

use super::{events::Change, shared::Shared};
use crate::error::ErrorKind;

#[derive(Default)]
pub(super) struct Recorded;

pub(super) fn tried(_: &Shared, _: &str, _: Duration, _: Result<(), ErrorKind>) {}

pub(super) fn checked(_: &Shared, _: &str, _: Duration, _: Result<(), ErrorKind>) {}

pub(super) fn failed(_: &Shared, _: &str, _: ErrorKind) {}

pub(super) fn changed(_: &Recorded, _: &Change) {}
