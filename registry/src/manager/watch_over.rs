//! What is looked after while a connection is up.

use std::{sync::Arc, time::Duration};

use super::{
    agenda::{Errand, What},
    idle::next_look,
    shared::Shared,
};
use crate::{
    config::Lifecycle,
    registry::{Entry, EntryState, Rings},
};

impl Shared {
    /// A client was connected: its checks, and the looks whether it is idle, are put on the agenda.
    pub(super) fn watch_over(self: &Arc<Self>, entry: &Arc<Entry>, generation: u64, lifecycle: &Lifecycle) {
        let now = self.now();
        let mut state = entry.lock();
        if state.slot.client().is_none() || state.slot.generation() != generation {
            return;
        }
        let used_at = state.used_at();
        let watched = state.watched.get_or_insert_default();
        (watched.idle_since, watched.used_at) = (Some(now), used_at);
        // The first check comes at a random moment of the interval, so that connections that were made together are not
        // checked together.
        let first = lifecycle.check_interval.mul_f64(fastrand::f64());
        let check = watched.check.want(now.saturating_add(first));
        let idle = lifecycle.idle_timeout.and_then(|limit| watched.idle.want(next_look(now, limit)));
        drop(state);
        self.put_on(entry, check, What::Check);
        self.put_on(entry, idle, What::Idle);
    }

    /// Something on the agenda is due.
    pub(super) fn run_errand(self: &Arc<Self>, errand: &Errand) {
        let Some(entry) = self.registry.entry(&errand.connection) else { return };
        if errand.what == What::Retry {
            return self.retry(&entry);
        }
        let rings = entry.lock().rings(errand);
        match (rings, errand.what) {
            (Rings::Never, _) | (_, What::Retry) => {}
            (Rings::Later(at), what) => self.put_on(&entry, Some(at), what),
            (Rings::Now, What::Check) => self.check_is_due(&entry),
            (Rings::Now, What::Idle) => self.idle_is_due(&entry),
        }
    }

    /// Puts an errand on the agenda, where it needs one.
    pub(super) fn put_on(self: &Arc<Self>, entry: &Arc<Entry>, at: Option<Duration>, what: What) {
        if let Some(at) = at {
            self.agenda.add(self, at, entry.name(), what);
        }
    }
}

impl EntryState {
    fn rings(&mut self, errand: &Errand) -> Rings {
        let Some(watched) = &mut self.watched else { return Rings::Never };
        match errand.what {
            What::Check => watched.check.rings(errand.at),
            What::Idle => watched.idle.rings(errand.at),
            What::Retry => Rings::Now,
        }
    }
}
