//! What guards share: the client of one generation.

use std::{
    any::Any,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU8, AtomicU64, Ordering, fence},
    },
    time::Instant,
};

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

/// Whether a lease may be given out, and when it was last.
#[derive(Default)]
pub(crate) struct Mark {
    /// Nothing, for most leases of most clients: one comparison tells that it may be given out.
    flags: AtomicU8,
    used_at: AtomicU64,
}

impl Mark {
    /// Whether a guard may be made from the lease; notes the use, where uses are noted.
    #[inline]
    pub(crate) fn admits(&self) -> bool {
        let flags = self.flags.load(Ordering::Acquire);
        flags == 0 || self.admits_marked(flags)
    }

    #[cold]
    fn admits_marked(&self, flags: u8) -> bool {
        if flags & (RETIRED | WITHHELD) != 0 {
            return false;
        }
        // Who would close an idle client first withholds the lease and then counts the guards. This one has been counted, and
        // looks after that: one of the two sees the other, with a fence on either side.
        fence(Ordering::SeqCst);
        if self.flags.load(Ordering::Acquire) & (RETIRED | WITHHELD) != 0 {
            return false;
        }
        self.used_at.store(stamp(), Ordering::Relaxed);
        true
    }

    /// Set when the client stops being the current one.
    #[inline]
    pub(crate) fn is_retired(&self) -> bool {
        self.flags.load(Ordering::Acquire) & RETIRED != 0
    }

    /// No new guard is made from the lease.
    pub(crate) fn retire(&self) {
        self.flags.fetch_or(RETIRED, Ordering::SeqCst);
    }

    /// No new guard is made from the lease for a moment, in which those that are out are counted. For them nothing changes.
    pub(crate) fn withhold(&self) {
        self.flags.fetch_or(WITHHELD, Ordering::SeqCst);
    }

    /// Takes back what [`withhold`](Self::withhold) did.
    pub(crate) fn give_out(&self) {
        self.flags.fetch_and(!WITHHELD, Ordering::SeqCst);
    }

    /// Guards may be made from the lease again.
    pub(crate) fn reinstate(&self) {
        self.flags.fetch_and(!RETIRED, Ordering::SeqCst);
    }

    /// From now on each use is noted.
    pub(crate) fn note_uses(&self) {
        if self.flags.load(Ordering::Acquire) & NOTED == 0 {
            self.used_at.store(stamp(), Ordering::Relaxed);
            self.flags.fetch_or(NOTED, Ordering::SeqCst);
        }
    }

    /// When a guard was last made: larger is later, zero is never.
    pub(crate) fn used_at(&self) -> u64 {
        self.used_at.load(Ordering::Relaxed)
    }

    fn of_another(&self) -> Self {
        let noted = self.flags.load(Ordering::Acquire) & NOTED;
        let used_at = if noted == 0 { 0 } else { stamp() };
        Self { flags: AtomicU8::new(noted), used_at: AtomicU64::new(used_at) }
    }
}

/// The client is not the current one any more.
const RETIRED: u8 = 1;

/// Uses are noted: the client may be closed when it is idle.
const NOTED: u8 = 2;

/// Guards that are out are being counted.
const WITHHELD: u8 = 4;

/// A moment as a number; for the order of uses alone.
fn stamp() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    1 + u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX - 1)
}
