//! What guards share: the client of one generation.

use std::{
    any::Any,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// A share of one connected client.
///
/// The slot holds each lease strongly for as long as its client is the current one; the index and the handles hold it
/// weakly, so that neither keeps a replaced client alive.
// In this order: the counters of the `Arc` come before it and are written by every guard, the mark is read with them.
#[repr(C)]
pub(crate) struct Lease<T> {
    /// Set when the client stops being the current one.
    retired: AtomicBool,
    client: Client<T>,
    /// Keeps the counters of two leases on different cache lines: guards of different names must not slow each other
    /// down. An alignment would do it too, and would put the client on another line than the counters.
    _apart: [u8; 112],
}

enum Client<T> {
    Own(T),
    /// That of another lease.
    Shared(Arc<Lease<T>>),
}

impl<T> Lease<T> {
    /// The lease that owns `client`.
    pub(crate) fn new(client: T) -> Self {
        Self { retired: AtomicBool::new(false), client: Client::Own(client), _apart: [0; 112] }
    }

    /// Another lease of the same client, with counters of its own.
    pub(crate) fn share(self: &Arc<Self>) -> Self {
        Self { retired: AtomicBool::new(false), client: Client::Shared(Arc::clone(self)), _apart: [0; 112] }
    }

    #[inline]
    pub(crate) fn client(&self) -> &T {
        match &self.client {
            Client::Own(client) => client,
            Client::Shared(owner) => owner.client(),
        }
    }

    #[inline]
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
