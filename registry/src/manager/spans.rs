//! The spans around the code of connection types, so that what it logs is said to be of its connection; and what is
//! logged of that code beside the changes of a connection.
//!
//! Each span is the root of a trace: an attempt serves all its callers, and goes on without them.

use tracing::Span;

use super::events::OneLine;
use crate::error::Error;

/// Around one call of `connect` that may give the client number `generation`.
pub(super) fn connect(connection: &str, connection_type: Option<&str>, generation: u64, attempt: u32) -> Span {
    tracing::info_span!(parent: None, "connect", connection, connection_type, generation, attempt)
}

/// Around one call of `check` on the client number `generation`.
pub(super) fn check(connection: &str, connection_type: Option<&str>, generation: u64) -> Span {
    tracing::debug_span!(parent: None, "check", connection, connection_type, generation)
}

/// Around one call of `update` on the client number `generation`.
pub(super) fn update(connection: &str, connection_type: Option<&str>, generation: u64) -> Span {
    tracing::info_span!(parent: None, "update", connection, connection_type, generation)
}

/// Around one call of `disconnect` on the client number `generation`, which is zero for one that came too late.
pub(super) fn disconnect(connection: &str, connection_type: Option<&str>, generation: u64) -> Span {
    tracing::info_span!(parent: None, "disconnect", connection, connection_type, generation)
}

/// A try failed, and the attempt goes on: no caller has an answer yet.
pub(super) fn tried(connection: &str, attempt: u32, failure: &Error) {
    tracing::debug!(connection, attempt, cause = %OneLine(failure), "trying again");
}

/// The next client could not be made: the one number `generation` stays.
pub(super) fn kept(connection: &str, generation: u64, failure: &Error) {
    tracing::warn!(connection, generation, cause = %OneLine(failure), "not replaced");
}
