//! Health: the checks in the background, and what comes of a check.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use super::{agenda::What, check::Begun, disconnect::Guards, retry::Patience, shared::Shared};
use crate::{
    config::{Lifecycle, Replace},
    error::Error,
    registry::{Entry, EntryState, HealthChange, LastCheck, Outcome, Retired},
};

/// The checks that are due: a bounded number runs, the others wait in a row.
#[derive(Default)]
pub(super) struct Checks(Arc<Queue>);

#[derive(Default)]
struct Queue(Mutex<State>);

#[derive(Default)]
struct State {
    due: VecDeque<Arc<Entry>>,
    runners: usize,
}

impl Checks {
    /// Puts a connection in the row. Gives a runner, when there are not enough.
    fn add(&self, entry: &Arc<Entry>) -> Option<Runner> {
        let mut state = self.0.lock();
        state.due.push_back(Arc::clone(entry));
        let is_needed = state.runners < AT_ONCE;
        state.runners += usize::from(is_needed);
        is_needed.then(|| Runner { queue: Arc::clone(&self.0), is_counted: true })
    }
}

impl Drop for Checks {
    fn drop(&mut self) {
        let due = std::mem::take(&mut self.0.lock().due);
        drop(due);
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes one check after the other, until none is due.
struct Runner {
    queue: Arc<Queue>,
    is_counted: bool,
}

impl Runner {
    /// Holds nothing of the manager while a check is under way.
    async fn run(mut self, manager: Weak<Shared>) {
        while let Some(entry) = self.next() {
            let Some(shared) = manager.upgrade() else { return };
            let begun = shared.begin_check(&entry);
            drop(shared);
            // One that heeds no timeout still has the client: there is no second one beside it, and it fails again.
            let Ok(Begun::Running { pending, generation, is_stuck }) = begun else { continue };
            let outcome = pending.ended().await;
            let Some(shared) = manager.upgrade() else { return };
            if let (true, Some(Outcome::Failed(error))) = (is_stuck, &outcome) {
                shared.judge(&entry, generation, Verdict::timed_out(error.clone(), Duration::ZERO));
            }
            shared.check_later(&entry);
        }
    }

    fn next(&mut self) -> Option<Arc<Entry>> {
        let mut state = self.queue.lock();
        let next = state.due.pop_front();
        if next.is_none() {
            // In the same critical section, so that nobody counts on this one any more.
            state.runners -= 1;
            self.is_counted = false;
        }
        next
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if self.is_counted {
            self.queue.lock().runners -= 1;
        }
    }
}

/// How a check ended.
pub(super) struct Verdict {
    pub(super) result: Result<(), Error>,
    pub(super) took: Duration,
    timed_out: bool,
}

impl Verdict {
    pub(super) fn ended(result: Result<(), Error>, took: Duration) -> Self {
        Self { result, took, timed_out: false }
    }

    pub(super) fn timed_out(error: Error, took: Duration) -> Self {
        Self { result: Err(error), took, timed_out: true }
    }
}

impl Shared {
    /// The moment has come for a check in the background.
    pub(super) fn check_is_due(self: &Arc<Self>, entry: &Arc<Entry>) {
        let Ok(runtime) = self.runtime() else { return };
        if let Some(runner) = self.checks.add(entry) {
            runtime.spawn(runner.run(Arc::downgrade(self)));
        }
    }

    /// Puts the next check on the agenda, as long as there is a client that can be checked.
    fn check_later(self: &Arc<Self>, entry: &Arc<Entry>) {
        let declared = self.lifecycle_of(entry.name());
        let state = entry.lock();
        let Some(origin) = state.slot.client().and_then(|client| client.origin.as_ref()) else { return };
        let interval = declared.unwrap_or(origin.lifecycle).check_interval;
        let at = self.now().saturating_add(about(interval));
        self.agenda.add(self, at, entry.name(), What::Check);
    }

    /// A check of the client number `generation` ended: notes it, and does what follows. False when the connection has
    /// another client by now, or none: then it says nothing.
    pub(super) fn judge(self: &Arc<Self>, entry: &Arc<Entry>, generation: u64, verdict: Verdict) -> bool {
        let declared = self.lifecycle_of(entry.name());
        let mut state = entry.lock();
        let client = state.slot.client().filter(|_| state.slot.generation() == generation);
        let Some(origin) = client.and_then(|client| client.origin.as_ref()) else {
            drop(state);
            return false;
        };
        let lifecycle = declared.unwrap_or(origin.lifecycle);
        let is_self_healing = origin.instance.is_self_healing();
        let Verdict { result, took, timed_out } = verdict;
        let (at, passed, error) = (self.now(), result.is_ok(), result.as_ref().err().cloned());
        let last_failure = state.slot.failure().cloned();
        let change = state.slot.checked(generation, result, lifecycle.check_fall, lifecycle.check_rise);
        state.last_check = Some(LastCheck { at, took, passed });
        let is_beyond_cure = !is_self_healing && change == Some(HealthChange::Degraded);
        let has_recovered = !is_self_healing && change == Some(HealthChange::Recovered);
        // What the configuration has changed, and what refers to something new, is to be replaced however well it is.
        let is_outdated = state.is_behind || state.is_following;
        state.is_stale = (state.is_stale || is_beyond_cure) && (!has_recovered || is_outdated);
        let news = self.tell(entry, &mut state);
        if timed_out && !is_self_healing {
            self.discard(entry, state, &lifecycle);
        } else if is_beyond_cure && lifecycle.replace == Replace::BreakFirst {
            self.close_and_begin(entry, state, &lifecycle);
        } else {
            drop(state);
            if is_beyond_cure {
                self.begin_beside(entry, Patience::OneTry);
            }
        }
        news.log();
        if let Some(error) = error {
            tracing::debug!(connection = %entry.name(), %error, "a check failed");
        }
        drop(last_failure);
        true
    }

    /// Takes a client away that must not be handed out any more, since an answer of its other side may still be on its way
    /// to whoever uses it next; and connects anew at once, so that the next caller finds a client.
    fn discard(self: &Arc<Self>, entry: &Arc<Entry>, mut state: MutexGuard<'_, EntryState>, lifecycle: &Lifecycle) {
        if lifecycle.replace == Replace::BreakFirst {
            return self.close_and_begin(entry, state, lifecycle);
        }
        let leases = entry.retire(&mut state);
        let client = state.slot.discard();
        // Until there is another one.
        state.is_stale = true;
        let news = self.tell(entry, &mut state);
        drop(state);
        news.log();
        if let Some(client) = client {
            self.drain(entry.name(), Retired::new(client, leases));
        }
        self.begin_in_background(entry);
    }

    /// Closes the client, and connects once it is gone: of what can exist only once.
    fn close_and_begin(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        mut state: MutexGuard<'_, EntryState>,
        lifecycle: &Lifecycle,
    ) {
        let leases = entry.retire(&mut state);
        let goodbye = self.close_retired(entry, state, leases, Guards::WaitFor(lifecycle.drain_timeout));
        let (Some(goodbye), Ok(runtime)) = (goodbye, self.runtime()) else { return };
        let (shared, entry) = (Arc::clone(self), Arc::clone(entry));
        runtime.spawn(async move {
            drop(goodbye.ended().await);
            let state = entry.lock();
            // Somebody may have put another one in its place, or closed it for good.
            let is_missed = state.is_stale && state.slot.client().is_none();
            drop(state);
            if is_missed {
                shared.begin_in_background(&entry);
            }
        });
    }

    fn begin_in_background(self: &Arc<Self>, entry: &Arc<Entry>) {
        // Refused, when all connections are being closed.
        if let Err(error) = self.begin(entry) {
            tracing::debug!(connection = %entry.name(), %error, "not connected anew");
        }
    }
}

/// An interval, a quarter more or less.
fn about(interval: Duration) -> Duration {
    (interval - interval / 4).saturating_add((interval / 2).mul_f64(fastrand::f64()))
}

/// How many checks run at once in the background.
const AT_ONCE: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_varies_by_a_quarter() {
        fastrand::seed(1);
        let interval = Duration::from_secs(40);
        let pauses: Vec<_> = (0..10_000).map(|_| about(interval)).collect();
        let (least, most) = (pauses.iter().min().unwrap(), pauses.iter().max().unwrap());
        assert!((30.0..30.1).contains(&least.as_secs_f64()), "{least:?}");
        assert!((49.9..50.0).contains(&most.as_secs_f64()), "{most:?}");
        assert!(about(Duration::MAX) > Duration::MAX / 2);
    }
}
