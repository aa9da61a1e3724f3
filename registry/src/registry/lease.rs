//! What guards share: the client of one generation.

use std::{
    any::Any,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// A share of one connected client. The slot holds each lease strongly for as long as its client is the current
/// one; the index and the handles hold it weakly, so that neither keeps a replaced client alive.
/// The counters of its `Arc` come first in memory and are written by every guard.
pub(crate) struct Lease<T> {
    client: Arc<T>,
    /// Set when the client stops being the current one.
    retired: AtomicBool,
    /// Keeps the counters of two leases on different cache lines: guards of different names must not slow each other
    /// down. An alignment would do it too, and would put the client on another line than the counters.
    _apart: [u8; 120],
}

impl<T> Lease<T> {
    pub(crate) fn new(client: Arc<T>) -> Self {
        Self { client, retired: AtomicBool::new(false), _apart: [0; 120] }
    }

    pub(crate) fn client(&self) -> &T {
        &self.client
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }
}

/// A lease whose client type is not known here.
pub(crate) trait AnyLease: Any + Send + Sync {
    /// No new guard is made from it.
    fn retire(&self);
}

impl<T: Send + Sync + 'static> AnyLease for Lease<T> {
    fn retire(&self) {
        self.retired.store(true, Ordering::Release);
    }
}
