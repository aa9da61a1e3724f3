//! What is remembered of a client while it is watched over.

use std::time::Duration;

/// What the looks at a client have seen so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Watched {
    /// Since when no guard was seen and no use noted; `None` when a guard was out at the last look.
    pub(crate) idle_since: Option<Duration>,
    /// The stamp of the last use at the last look.
    pub(crate) used_at: u64,
}
