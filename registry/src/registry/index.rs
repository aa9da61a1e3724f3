//! The names that are connected now, for readers that take no lock.

use std::{
    any::Any,
    cell::Cell,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::lease::{AnyLease, Lease};

/// A cache of the slots' truth. It holds leases weakly: the map keeps replaced entries for a while, and a client
/// must close when its slot lets go of it.
pub(crate) struct Index {
    leases: papaya::HashMap<Arc<str>, Shares<Weak<dyn Any + Send + Sync>>, foldhash::fast::RandomState>,
}

/// One place for each of a few groups of threads: threads of different groups ask for one name without writing to the
/// same counter.
type Shares<T> = [T; GROUPS];

/// The leases of one client that threads ask for, made group by group.
pub(crate) type Published = Shares<Option<Arc<dyn AnyLease>>>;

impl Index {
    pub(crate) fn new() -> Self {
        let leases = papaya::HashMap::builder()
            .hasher(foldhash::fast::RandomState::default())
            // Readers pay for a resize that is spread over many writes.
            .resize_mode(papaya::ResizeMode::Blocking)
            .build();
        Self { leases }
    }

    /// The lease of `name` for this thread, when it is connected and its client is a `T`.
    #[inline]
    pub(crate) fn find<T: Send + Sync + 'static>(&self, name: &str) -> Option<Arc<Lease<T>>> {
        let leases = self.leases.pin();
        let lease = leases.get(name)?[group()].upgrade()?.downcast::<Lease<T>>().ok()?;
        lease.mark().admits().then_some(lease)
    }

    /// Makes the leases known; a group without one takes the slow way once.
    pub(crate) fn publish(&self, name: &Arc<str>, leases: &Published) {
        let nothing = || Weak::<()>::new() as Weak<dyn Any + Send + Sync>;
        let weak =
            leases.each_ref().map(|lease| lease.as_ref().map_or_else(nothing, |lease| Arc::downgrade(lease) as _));
        self.leases.pin().insert(Arc::clone(name), weak);
    }

    pub(crate) fn withdraw(&self, name: &str) {
        self.leases.pin().remove(name);
    }
}

/// The group of the current thread.
#[inline]
pub(crate) fn group() -> usize {
    let group = GROUP.get();
    if group < GROUPS { group } else { join() }
}

#[cold]
fn join() -> usize {
    let group = NEXT.fetch_add(1, Ordering::Relaxed) % GROUPS;
    GROUP.set(group);
    group
}

/// How many groups there are. More would keep more threads apart and cost every connected name more memory.
const GROUPS: usize = 4;

static NEXT: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static GROUP: Cell<usize> = const { Cell::new(usize::MAX) };
}
