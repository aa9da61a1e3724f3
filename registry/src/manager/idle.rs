//! Clients that nobody uses.

use std::{sync::Arc, time::Duration};

use super::{agenda::What, disconnect::Guards, shared::Shared};
use crate::{
    config::Lifecycle,
    registry::{Entry, EntryState},
};

impl Shared {
    /// Looks whether the client of `entry` has been idle for its `idle_timeout`, and closes it then. A connection that is
    /// to be up without a caller is closed as well, and not brought back before the next caller: that is what the
    /// setting asks for. A check is no use.
    pub(super) fn idle_is_due(self: &Arc<Self>, entry: &Arc<Entry>) {
        let declared = self.lifecycle_of(entry.name());
        let now = self.now();
        let Some(Look { limit, is_over }) = look(declared, &mut entry.lock(), now) else { return };
        if is_over {
            // Asked last, since it goes through all entries, and without this one's lock, since it takes theirs.
            let is_in_use = entry.is_referred_to() && self.has_live_dependents(entry.name());
            if !is_in_use && self.close_if_idle(entry, declared, now) {
                return;
            }
            // A guard was given out just now, or what was made with it is up.
            entry.lock().watched.idle_since = None;
        }
        self.agenda.add(self, next_look(now, limit), entry.name(), What::Idle);
    }

    /// Closes it unless somebody came since the look. Whether it did.
    fn close_if_idle(self: &Arc<Self>, entry: &Arc<Entry>, declared: Option<Lifecycle>, now: Duration) -> bool {
        let mut state = entry.lock();
        if entry.is_awaited() || !look(declared, &mut state, now).is_some_and(|look| look.is_over) {
            return false;
        }
        let Some(leases) = entry.retire_if_unused(&mut state) else { return false };
        // Nobody waits for the goodbye, and no guard is out that it would have to wait for.
        drop(self.close_retired(entry, state, leases, Guards::Leave));
        true
    }

    /// Whether a connection is up that was made with the client of `name`: it needs that client, and holds no guard of it.
    pub(super) fn has_live_dependents(&self, name: &str) -> bool {
        let refers = |other: &Entry| other.dependencies().iter().any(|needed| **needed == *name);
        self.registry.entries().iter().any(|other| refers(other) && other.lock().slot.client().is_some())
    }
}

/// Looks at the client of an entry; `None` when it may be idle for ever.
fn look(declared: Option<Lifecycle>, state: &mut EntryState, now: Duration) -> Option<Look> {
    // One that the program inserted is the program's to close.
    let origin = state.slot.client()?.origin.as_ref()?;
    let limit = declared.unwrap_or(origin.lifecycle).idle_timeout?;
    Some(Look { limit, is_over: state.idle_for(now).is_some_and(|idle| idle >= limit) })
}

/// What a look at a client says.
struct Look {
    limit: Duration,
    /// Whether it has been idle for as long as that.
    is_over: bool,
}

impl EntryState {
    /// For how long no guard has been out and none given out, as far as the looks tell; `None` when one is out.
    fn idle_for(&mut self, now: Duration) -> Option<Duration> {
        let (guards, used_at) = (self.guards(), self.used_at());
        let watched = &mut self.watched;
        let was_used = watched.used_at != used_at;
        watched.used_at = used_at;
        if guards > 0 {
            watched.idle_since = None;
        } else if was_used || watched.idle_since.is_none() {
            watched.idle_since = Some(now);
        }
        watched.idle_since.map(|since| now.saturating_sub(since))
    }
}

/// Four times in the timeout: so a client is closed no later than a quarter of it too late.
pub(super) fn next_look(now: Duration, idle_timeout: Duration) -> Duration {
    now.saturating_add((idle_timeout / 4 + Duration::from_nanos(1)).max(SHORTEST_PAUSE))
}

/// So that a timeout of nothing is no endless loop.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
