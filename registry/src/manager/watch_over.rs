//! What is looked after while a connection is up.

use std::sync::Arc;

use super::{agenda::What, shared::Shared};
use crate::{config::Lifecycle, registry::Entry};

impl Shared {
    /// A client was connected: its checks, and the looks whether it is idle, are put on the agenda.
    pub(super) fn watch_over(self: &Arc<Self>, entry: &Arc<Entry>, generation: u64, lifecycle: &Lifecycle) {
        let now = self.now();
        // The first check comes at a random moment of the interval, so that connections that were made together are not
        // checked together.
        let first = lifecycle.check_interval.mul_f64(fastrand::f64());
        self.agenda.add(self, now.saturating_add(first), entry.name(), What::Check(generation));
        if let Some(limit) = lifecycle.idle_timeout {
            self.agenda.add(self, now.saturating_add(limit), entry.name(), What::Idle(generation));
        }
    }

    /// Something on the agenda is due.
    pub(super) fn run_errand(self: &Arc<Self>, connection: &str, what: What) {
        let Some(entry) = self.registry.entry(connection) else { return };
        match what {
            What::Check(generation) => self.check_is_due(&entry, generation),
            What::Idle(generation) => self.idle_is_due(&entry, generation),
            What::Retry => self.retry(&entry),
        }
    }
}
