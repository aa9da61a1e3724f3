//! Whether a lease may be given out. Reader and closer meet here without a lock.
//!
//! The tests of the registry compile this file a second time, with atomics that loom sees.

use std::{sync::LazyLock, time::Instant};

use super::atomic::{AtomicU8, AtomicU64, Ordering, fence};

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

    pub(super) fn of_another(&self) -> Self {
        let noted = self.flags.load(Ordering::Acquire) & NOTED;
        let used_at = if noted == 0 { 0 } else { stamp() };
        Self { flags: AtomicU8::new(noted), used_at: AtomicU64::new(used_at) }
    }
}

/// Withholds the leases of one client, when no guard of them is out. False when one is: then they are given out as before.
///
/// A reader that finds a lease first counts itself as a guard and then looks whether the lease is withheld, this does it the
/// other way round: one of the two sees the other. It holds for a client whose uses are noted; of others the reader has no
/// fence.
pub(crate) fn withheld_if_unused<'m, M: Iterator<Item = &'m Mark> + Clone>(
    marks: M,
    guards: impl FnOnce() -> usize,
) -> bool {
    marks.clone().for_each(Mark::withhold);
    fence(Ordering::SeqCst);
    let guards = guards();
    // What was done through a guard that is gone has happened before what comes now.
    fence(Ordering::Acquire);
    if guards > 0 {
        marks.for_each(Mark::give_out);
    }
    guards == 0
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
