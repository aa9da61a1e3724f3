//! What is counted and measured, told to whoever keeps it: the facade `metrics`, and the status page.

use std::time::Duration;

#[cfg(feature = "status-page")]
use super::labels::label;
use super::{metrics, shared::Shared};
use crate::error::ErrorKind;

/// A call of `connect` ended.
pub(super) fn tried(shared: &Shared, name: &str, took: Duration, result: Result<(), ErrorKind>) {
    metrics::tried(shared, name, took, result);
    #[cfg(feature = "status-page")]
    shared.tally.tried(label(&shared.configuration(), name), took, result);
}

/// A call of `check` ended.
pub(super) fn checked(shared: &Shared, name: &str, took: Duration, result: Result<(), ErrorKind>) {
    metrics::checked(shared, name, took, result);
    #[cfg(feature = "status-page")]
    shared.tally.checked(label(&shared.configuration(), name), took, result);
}

/// Something failed that took no time worth telling.
pub(super) fn failed(shared: &Shared, name: &str, kind: ErrorKind) {
    metrics::failed(shared, name, kind);
    #[cfg(feature = "status-page")]
    shared.tally.failed(label(&shared.configuration(), name), kind);
}
