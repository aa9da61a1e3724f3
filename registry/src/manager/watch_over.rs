//! What is looked after while a connection is up.

use std::sync::Arc;

use super::{agenda::What, idle::next_look, shared::Shared};
use crate::{
    config::Lifecycle,
    registry::{Entry, Watched},
};

impl Shared {
    /// A client was connected: its checks, and the looks whether it is idle, are put on the agenda.
    pub(super) fn watch_over(self: &Arc<Self>, entry: &Arc<Entry>, generation: u64, lifecycle: &Lifecycle) {
        let now = self.now();
        let mut state = entry.lock();
        if state.slot.client().is_none() || state.slot.generation() != generation {
            return;
        }
        // A reload may have set the timeout since the client was made.
        if lifecycle.idle_timeout.is_some() {
            state.note_uses();
        }
        state.watched = Watched { idle_since: Some(now), used_at: state.used_at() };
        // The first check comes at a random moment of the interval, so that connections that were made together are not
        // checked together.
        let first = lifecycle.check_interval.mul_f64(fastrand::f64());
        // In the same critical section, so that a client that is closed meanwhile leaves nothing there.
        self.agenda.add(self, now.saturating_add(first), entry.name(), What::Check);
        if let Some(limit) = lifecycle.idle_timeout {
            self.agenda.add(self, next_look(now, limit), entry.name(), What::Idle);
        }
    }

    /// Something on the agenda is due.
    pub(super) fn run_errand(self: &Arc<Self>, connection: &str, what: What) {
        let Some(entry) = self.registry.entry(connection) else { return };
        match what {
            What::Check => self.check_is_due(&entry),
            What::Idle => self.idle_is_due(&entry),
            What::Retry => self.retry(&entry),
        }
    }
}
