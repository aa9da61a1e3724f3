//! The names that are connected now, for readers that take no lock.

use std::{
    any::Any,
    sync::{Arc, Weak},
};

use crate::lease::Lease;

/// A cache of the slots' truth. It holds leases weakly: the map keeps replaced entries for a while, and a client
/// must close when its slot lets go of it.
pub(crate) struct Index {
    leases: papaya::HashMap<Arc<str>, Share, foldhash::fast::RandomState>,
}

struct Share {
    lease: Weak<dyn Any + Send + Sync>,
}

impl Index {
    pub(crate) fn new() -> Self {
        let leases = papaya::HashMap::builder()
            .hasher(foldhash::fast::RandomState::default())
            // Readers pay for a resize that is spread over many writes.
            .resize_mode(papaya::ResizeMode::Blocking)
            .build();
        Self { leases }
    }

    /// The lease of `name`, when it is connected and its client is a `T`.
    #[inline]
    pub(crate) fn find<T: Send + Sync + 'static>(&self, name: &str) -> Option<Arc<Lease<T>>> {
        let leases = self.leases.pin();
        let lease = leases.get(name)?.lease.upgrade()?.downcast::<Lease<T>>().ok()?;
        (!lease.is_retired()).then_some(lease)
    }

    pub(crate) fn publish(&self, name: &Arc<str>, lease: &Arc<dyn Any + Send + Sync>) {
        self.leases.pin().insert(Arc::clone(name), Share { lease: Arc::downgrade(lease) });
    }

    pub(crate) fn withdraw(&self, name: &str) {
        self.leases.pin().remove(name);
    }
}
