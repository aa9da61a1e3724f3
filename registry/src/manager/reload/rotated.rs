//! Values that have changed since a failure that was to stay: a password that somebody has put right.

use std::{sync::MutexGuard, time::Duration};

use crate::{
    config::{Declared, Fingerprint},
    manager::shared::Shared,
    registry::{Entry, EntryState},
};

impl Shared {
    /// Locks an entry for a caller who wants its client. A failure that the type calls permanent is forgotten first when
    /// the placeholders of the connection stand for something else by now.
    pub(in crate::manager) fn lock_for_caller<'e>(&self, entry: &'e Entry) -> MutexGuard<'e, EntryState> {
        let mut state = entry.lock();
        let Some(attempted) = self.worth_a_look(entry, &mut state) else { return state };
        drop(state);
        let content = self.configuration().resolved_content(entry.name());
        let mut state = entry.lock();
        let is_rotated = content.is_ok_and(|content| content != attempted) && state.attempted() == Some(attempted);
        if !is_rotated || !is_for_good(&state) {
            return state;
        }
        let failure = state.slot.failure().cloned();
        // What is outdated by this is nothing but the failure.
        drop(state.slot.renew());
        let news = self.tell(entry, &mut state);
        drop(state);
        drop(failure);
        news.log();
        entry.lock()
    }

    /// What the failed attempt connected with, when it may make sense to look whether that has changed. Notes the look:
    /// callers in a loop must not read files all the time.
    fn worth_a_look(&self, entry: &Entry, state: &mut EntryState) -> Option<Fingerprint> {
        if !is_for_good(state) {
            return None;
        }
        let (attempted, now) = (state.attempted()?, self.now());
        let looked_at = &mut state.tried.as_mut()?.looked_at;
        let is_due = looked_at.is_none_or(|at| now.saturating_sub(at) >= BETWEEN_LOOKS);
        let has_placeholders =
            || self.configuration().declaration(entry.name()).is_some_and(Declared::has_placeholders);
        (is_due && has_placeholders()).then(|| {
            *looked_at = Some(now);
            attempted
        })
    }
}

fn is_for_good(state: &EntryState) -> bool {
    state.slot.retry_at().is_some_and(|(_, permanent)| permanent)
}

const BETWEEN_LOOKS: Duration = Duration::from_secs(1);
