//! What guards share: the client of one generation.

mod mark;

use std::{any::Any, sync::Arc};

pub(crate) use mark::{Mark, withheld_if_unused};

/// What [`mark`] is made of.
mod atomic {
    pub(super) use std::sync::atomic::{AtomicU8, AtomicU64, Ordering, fence};
}

/// A share of one connected client.
///
/// The slot holds each lease strongly for as long as its client is the current one; the index and the handles hold it
/// weakly, so that neither keeps a replaced client alive.
// In this order: the counters of the `Arc` come before it and are written by every guard, the mark is read with them.
#[repr(C)]
pub(crate) struct Lease<T> {
    mark: Mark,
    client: Client<T>,
    /// Keeps the counters of two leases on different cache lines: guards of different names must not slow each other
    /// down. An alignment would do it too, and would put the client on another line than the counters.
    _apart: [u8; 104],
}

enum Client<T> {
    Own(T),
    /// That of another lease.
    Shared(Arc<Lease<T>>),
}

impl<T> Lease<T> {
    /// The lease that owns `client`.
    pub(crate) fn new(client: T) -> Self {
        Self { mark: Mark::default(), client: Client::Own(client), _apart: [0; 104] }
    }

    /// Another lease of the same client, with counters of its own.
    pub(crate) fn share(self: &Arc<Self>) -> Self {
        Self { mark: self.mark.of_another(), client: Client::Shared(Arc::clone(self)), _apart: [0; 104] }
    }

    #[inline]
    pub(crate) fn client(&self) -> &T {
        match &self.client {
            Client::Own(client) => client,
            Client::Shared(owner) => owner.client(),
        }
    }

    #[inline]
    pub(crate) fn mark(&self) -> &Mark {
        &self.mark
    }
}

/// A lease whose client type is not known here.
pub(crate) trait AnyLease: Any + Send + Sync {
    fn any_mark(&self) -> &Mark;
}

impl<T: Send + Sync + 'static> AnyLease for Lease<T> {
    fn any_mark(&self) -> &Mark {
        &self.mark
    }
}
