//! What a readiness probe is told.

use serde::Serialize;

use crate::Status;

/// Whether the application is ready, and which connections it waits for. No cause: anybody may see it.
#[derive(Debug, Serialize)]
pub(super) struct Readiness {
    pub(super) ready: bool,
    closing: bool,
    /// Some of the names, so that the answer stays short.
    missing: Vec<String>,
    /// How many there are beside those.
    more: usize,
}

impl Readiness {
    pub(super) fn of(status: &Status) -> Self {
        let mut blocking = status.connections.iter().filter(|connection| connection.blocks_readiness);
        let missing = blocking.by_ref().take(LISTED).map(|connection| connection.name.clone()).collect();
        Self { ready: status.ready, closing: status.closing, missing, more: blocking.count() }
    }
}

const LISTED: usize = 20;
