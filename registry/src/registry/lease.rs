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
///
/// Aligned to a cache line: guards of different names must not slow each other down.
#[repr(align(64))]
pub(crate) struct Lease<T> {
    client: Arc<T>,
    /// Set when the client stops being the current one.
    retired: AtomicBool,
}

impl<T> Lease<T> {
    pub(crate) fn new(client: Arc<T>) -> Self {
        Self { client, retired: AtomicBool::new(false) }
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
