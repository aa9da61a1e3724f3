//! What a handle remembers between two calls.

use std::sync::{
    Arc, OnceLock, PoisonError, RwLock, Weak,
    atomic::{AtomicUsize, Ordering},
};

use super::{entry::Entry, guard::Conn};
use crate::lease::Lease;

/// The handle's own lease of the current client.
///
/// The first few leases each get a cell that is written once, so that readers write nothing but the lease's own
/// counter; a handle that has outlived them pays for a lock on every read.
// In this order: what a read needs lies together.
#[repr(C)]
pub(crate) struct HandleCache<T: Send + Sync + 'static> {
    /// How many leases were taken so far, up to one more than there are cells.
    taken: AtomicUsize,
    first: [OnceLock<Weak<Lease<T>>>; WRITTEN_ONCE],
    later: RwLock<Weak<Lease<T>>>,
}

impl<T: Send + Sync + 'static> HandleCache<T> {
    pub(crate) fn new() -> Self {
        Self { first: Default::default(), later: RwLock::default(), taken: AtomicUsize::new(0) }
    }

    /// The guard, when the client that was last seen is still the current one.
    #[inline]
    pub(crate) fn current(&self) -> Option<Conn<T>> {
        let newest = self.taken.load(Ordering::Acquire).checked_sub(1)?;
        let lease = match self.first.get(newest) {
            Some(cell) => cell.get()?.upgrade()?,
            None => self.later.read().unwrap_or_else(PoisonError::into_inner).upgrade()?,
        };
        lease.mark().admits().then(|| Conn::new(lease))
    }

    /// Takes a lease of the current client of `entry`, when it has one of this type.
    pub(crate) fn refresh(&self, entry: &Entry) -> Option<Conn<T>> {
        // Declared before the lock, and so dropped after it: it may be the last lease of a replaced client.
        let newest;
        let mut later = self.later.write().unwrap_or_else(PoisonError::into_inner);
        let taken = self.taken.load(Ordering::Relaxed);
        newest = self.newest(taken, &later);
        // Of callers that came at once, the first took the lease.
        if let Some(lease) = newest.as_ref().filter(|lease| lease.mark().admits()) {
            return Some(Conn::new(Arc::clone(lease)));
        }
        let lease = entry.lease()?;
        match self.first.get(taken) {
            Some(cell) => drop(cell.set(Arc::downgrade(&lease))),
            None => *later = Arc::downgrade(&lease),
        }
        self.taken.store((taken + 1).min(WRITTEN_ONCE + 1), Ordering::Release);
        Some(Conn::new(lease))
    }

    fn newest(&self, taken: usize, later: &Weak<Lease<T>>) -> Option<Arc<Lease<T>>> {
        match self.first.get(taken.checked_sub(1)?) {
            Some(cell) => cell.get()?.upgrade(),
            None => later.upgrade(),
        }
    }
}

/// How many leases a handle takes before its reads cost a lock: one for each time that its client is replaced.
const WRITTEN_ONCE: usize = 4;

#[cfg(test)]
mod tests {
    use crate::ConnectionRegistry;

    use super::*;

    #[test]
    fn a_handle_follows_its_connection_through_any_number_of_clients() {
        let registry = ConnectionRegistry::new();
        let cache = HandleCache::<usize>::new();
        for client in 0..3 * WRITTEN_ONCE {
            registry.insert("name", client).expect("the name is well formed");
            assert!(cache.current().is_none(), "the client before {client} is not given any more");
            let entry = registry.entry("name").expect("it was inserted");
            assert_eq!(cache.refresh(&entry).as_deref(), Some(&client));
            assert_eq!(cache.current().as_deref(), Some(&client));
        }
    }

    #[test]
    fn callers_that_come_at_once_take_one_lease() {
        let registry = ConnectionRegistry::new();
        registry.insert("name", 1_u8).expect("the name is well formed");
        let cache = HandleCache::<u8>::new();
        let entry = registry.entry("name").expect("it was inserted");
        for _ in 0..3 * WRITTEN_ONCE {
            assert!(cache.refresh(&entry).is_some());
        }
        assert_eq!(cache.taken.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn handles_that_come_and_go_leave_no_leases() {
        let registry = ConnectionRegistry::new();
        registry.insert("name", 1_u8).expect("the name is well formed");
        let entry = registry.entry("name").expect("it was inserted");
        let kept: Vec<_> = (0..100).map(|_| HandleCache::<u8>::new()).collect();
        for cache in &kept {
            assert!(cache.refresh(&entry).is_some());
        }
        for _ in 0..100_000 {
            assert!(HandleCache::<u8>::new().refresh(&entry).is_some());
        }
        assert!(entry.leases() <= 500, "{} leases for {} handles", entry.leases(), kept.len());
    }

    #[test]
    fn a_handle_keeps_no_client_alive() {
        let registry = ConnectionRegistry::new();
        let client = Arc::new(());
        registry.insert("name", Arc::clone(&client)).expect("the name is well formed");
        let cache = HandleCache::<Arc<()>>::new();
        let entry = registry.entry("name").expect("it was inserted");
        drop(cache.refresh(&entry));
        registry.remove("name");
        assert_eq!(Arc::strong_count(&client), 1);
        assert!(cache.current().is_none());
    }
}
