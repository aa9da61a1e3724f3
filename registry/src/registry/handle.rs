//! What a handle remembers between two calls.

use std::sync::{Arc, PoisonError, RwLock, Weak};

use super::{entry::Entry, guard::Conn, lease::Lease};

/// The handle's own lease of the current client.
pub(crate) struct HandleCache<T: Send + Sync + 'static> {
    lease: RwLock<Weak<Lease<T>>>,
}

impl<T: Send + Sync + 'static> HandleCache<T> {
    pub(crate) fn new() -> Self {
        Self { lease: RwLock::new(Weak::new()) }
    }

    /// The guard, when the client that was last seen is still the current one.
    #[inline]
    pub(crate) fn current(&self) -> Option<Conn<T>> {
        let lease = self.lease.read().unwrap_or_else(PoisonError::into_inner).upgrade()?;
        (!lease.is_retired()).then(|| Conn::new(lease))
    }

    /// Takes a lease of the current client of `entry`, when it has one.
    pub(crate) fn refresh(&self, entry: &Entry) -> Option<Conn<T>> {
        let lease = entry.lease()?;
        let mut remembered = self.lease.write().unwrap_or_else(PoisonError::into_inner);
        *remembered = Arc::downgrade(&lease);
        Some(Conn::new(lease))
    }
}
