//! What is to be done later: checks, retries, and closing what is idle.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{sync::Notify, time::timeout_at};

use super::shared::Shared;

/// The errands of a manager, each with its moment. One task waits for the next of them, however many there are.
#[derive(Default)]
pub(super) struct Agenda(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    /// Told when an errand comes that is earlier than all others, and when there is none left.
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// By moment; those of one moment in the order in which they came.
    errands: BTreeMap<Place, (Arc<str>, What)>,
    /// A connection has at most one errand of each kind: the latest.
    places: HashMap<(Arc<str>, What), Place, foldhash::fast::RandomState>,
    /// Whether the task runs.
    is_running: bool,
    ended: bool,
    /// Numbers the errands.
    next: u64,
}

type Place = (Duration, u64);

/// What is to be done for a connection. Whether it still makes sense shows when it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// Check the client.
    Check,
    /// Look whether the client is idle.
    Idle,
    /// Connect without a caller, or make the next client beside one that has to go.
    Retry,
}

impl Agenda {
    /// Puts something on the agenda, in place of what is there of its kind for the connection. `at` is counted from
    /// when the manager was built.
    pub(super) fn add(&self, shared: &Arc<Shared>, at: Duration, connection: &Arc<str>, what: What) {
        let mut state = self.0.lock();
        if state.ended {
            return;
        }
        let is_first = state.add(at, connection, what);
        if !state.is_running
            && let Ok(runtime) = shared.runtime()
        {
            state.is_running = true;
            drop(state);
            let running = Running { inner: Arc::clone(&self.0), is_over: false };
            runtime.spawn(run(running, Arc::downgrade(shared)));
        } else if is_first {
            drop(state);
            self.0.changed.notify_one();
        }
    }

    /// Nothing is to be done any more for a connection.
    pub(super) fn forget(&self, connection: &Arc<str>) {
        let mut state = self.0.lock();
        for what in [What::Check, What::Idle, What::Retry] {
            state.take_off(connection, what);
        }
        let is_empty = state.errands.is_empty();
        drop(state);
        if is_empty {
            self.0.changed.notify_one();
        }
    }

    /// Nothing is done any more.
    pub(super) fn end(&self) {
        let mut state = self.0.lock();
        state.ended = true;
        state.errands.clear();
        state.places.clear();
        drop(state);
        self.0.changed.notify_one();
    }
}

impl State {
    /// True when it comes before all others.
    fn add(&mut self, at: Duration, connection: &Arc<str>, what: What) -> bool {
        self.take_off(connection, what);
        let place = (at, self.next);
        self.next += 1;
        self.places.insert((Arc::clone(connection), what), place);
        self.errands.insert(place, (Arc::clone(connection), what));
        self.errands.first_key_value().is_some_and(|(first, _)| *first == place)
    }

    fn take_off(&mut self, connection: &Arc<str>, what: What) {
        if let Some(place) = self.places.remove(&(Arc::clone(connection), what)) {
            self.errands.remove(&place);
        }
    }
}

impl Drop for Agenda {
    fn drop(&mut self) {
        self.end();
    }
}

/// As long as the task lives. One that is dropped with its runtime leaves room for another.
struct Running {
    inner: Arc<Inner>,
    /// It is marked as ended already: another one may run by now, whose mark this one must not take away.
    is_over: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_over {
            self.inner.lock().is_running = false;
        }
    }
}

/// What the task does next.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Do(Arc<str>, What),
    WaitUntil(Duration),
    /// There is nothing to do; the next errand starts another task.
    End,
}

impl Inner {
    fn next(&self, now: Duration) -> Next {
        let mut state = self.lock();
        match state.errands.first_key_value() {
            Some(((at, _), _)) if *at > now => return Next::WaitUntil(*at),
            Some(_) => {}
            None => {
                // In the same critical section, so that no errand comes in between and counts on this task.
                state.is_running = false;
                return Next::End;
            }
        }
        let (_, (connection, what)) = state.errands.pop_first().expect("there is one");
        state.places.remove(&(Arc::clone(&connection), what));
        Next::Do(connection, what)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds nothing of the manager while it waits.
async fn run(mut running: Running, shared: Weak<Shared>) {
    let inner = Arc::clone(&running.inner);
    let Some(epoch) = shared.upgrade().map(|shared| shared.epoch()) else { return };
    loop {
        match inner.next(epoch.elapsed()) {
            Next::Do(connection, what) => match shared.upgrade() {
                Some(shared) => shared.run_errand(&connection, what),
                None => return,
            },
            // Until then, or until an earlier one comes.
            Next::WaitUntil(at) => match epoch.checked_add(at) {
                Some(moment) => drop(timeout_at(moment, inner.changed.notified()).await),
                None => inner.changed.notified().await,
            },
            Next::End => {
                running.is_over = true;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn inner() -> Inner {
        Inner { state: Mutex::new(State { is_running: true, ..State::default() }), changed: Notify::new() }
    }

    fn name(name: &str) -> Arc<str> {
        name.into()
    }

    #[test]
    fn errands_are_done_when_they_are_due_in_the_order_of_their_moments() {
        let inner = inner();
        assert!(inner.lock().add(2 * SECOND, &name("b"), What::Retry));
        assert!(inner.lock().add(SECOND, &name("a"), What::Check));
        assert!(!inner.lock().add(2 * SECOND, &name("c"), What::Retry));
        assert_eq!(inner.next(Duration::ZERO), Next::WaitUntil(SECOND));
        assert_eq!(inner.next(2 * SECOND), Next::Do(name("a"), What::Check));
        assert_eq!(inner.next(2 * SECOND), Next::Do(name("b"), What::Retry));
        assert_eq!(inner.next(2 * SECOND), Next::Do(name("c"), What::Retry));
        assert_eq!(inner.next(2 * SECOND), Next::End);
        assert!(!inner.lock().is_running);
    }

    #[test]
    fn an_errand_takes_the_place_of_an_earlier_one_of_its_kind() {
        let inner = inner();
        for number in 0..1000 {
            inner.lock().add(SECOND * 1000 - SECOND * number, &name("a"), What::Check);
            inner.lock().add(SECOND, &name("a"), What::Idle);
        }
        assert_eq!(inner.lock().errands.len(), 2);
        assert_eq!(inner.lock().places.len(), 2);
        assert_eq!(inner.next(SECOND), Next::Do(name("a"), What::Check));
        assert_eq!(inner.next(SECOND), Next::Do(name("a"), What::Idle));
    }

    #[test]
    fn what_is_forgotten_is_not_done() {
        let agenda = Agenda(Arc::new(inner()));
        agenda.0.lock().add(SECOND, &name("a"), What::Check);
        agenda.0.lock().add(SECOND, &name("b"), What::Check);
        agenda.forget(&name("a"));
        assert_eq!(agenda.0.next(SECOND), Next::Do(name("b"), What::Check));
        assert_eq!(agenda.0.next(SECOND), Next::End);
    }
}
