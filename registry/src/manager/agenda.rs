//! What is to be done later: checks, retries, and closing what is idle.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
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
    /// Told when an errand comes that is earlier than all others, and at the end.
    changed: Notify,
}

#[derive(Default)]
struct State {
    errands: BinaryHeap<Reverse<Errand>>,
    /// Whether the task runs.
    is_running: bool,
    ended: bool,
    /// Numbers the errands: those of one moment are done in order.
    next: u64,
}

/// Something that is to be done for a connection. Whether it still makes sense shows when it is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Errand {
    /// Since the manager was built.
    pub(super) at: Duration,
    number: u64,
    pub(super) connection: Arc<str>,
    pub(super) what: What,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// Check the client.
    Check,
    /// Look whether the client is idle.
    Idle,
    /// Connect without a caller, or make the next client beside one that has to go.
    Retry,
}

impl Agenda {
    /// Puts something on the agenda.
    pub(super) fn add(&self, shared: &Arc<Shared>, at: Duration, connection: &Arc<str>, what: What) {
        let mut state = self.0.lock();
        if state.ended {
            return;
        }
        let number = state.next;
        state.next += 1;
        let is_first = state.errands.peek().is_none_or(|Reverse(first)| at < first.at);
        state.errands.push(Reverse(Errand { at, number, connection: Arc::clone(connection), what }));
        if !state.is_running
            && let Ok(runtime) = shared.runtime()
        {
            state.is_running = true;
            drop(state);
            let running = Running(Arc::clone(&self.0));
            runtime.spawn(run(running, Arc::downgrade(shared)));
        } else if is_first {
            drop(state);
            self.0.changed.notify_one();
        }
    }

    /// Nothing is done any more.
    pub(super) fn end(&self) {
        let mut state = self.0.lock();
        state.ended = true;
        state.errands.clear();
        drop(state);
        self.0.changed.notify_one();
    }

    /// How many errands there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.lock().errands.len()
    }
}

impl Drop for Agenda {
    fn drop(&mut self) {
        self.end();
    }
}

/// As long as the task lives.
struct Running(Arc<Inner>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.lock().is_running = false;
    }
}

/// What the task does next.
enum Next {
    Do(Errand),
    WaitUntil(Duration),
    Wait,
    End,
}

impl Inner {
    fn next(&self, now: Duration) -> Next {
        let mut state = self.lock();
        if state.ended {
            return Next::End;
        }
        match state.errands.peek() {
            None => Next::Wait,
            Some(Reverse(errand)) if errand.at > now => Next::WaitUntil(errand.at),
            Some(_) => state.errands.pop().map_or(Next::Wait, |Reverse(errand)| Next::Do(errand)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Holds nothing of the manager while it waits.
async fn run(running: Running, shared: Weak<Shared>) {
    let inner = &running.0;
    let Some(epoch) = shared.upgrade().map(|shared| shared.epoch()) else { return };
    loop {
        match inner.next(epoch.elapsed()) {
            Next::Do(errand) => match shared.upgrade() {
                Some(shared) => shared.run_errand(&errand),
                None => return,
            },
            // Until then, or until an earlier one comes.
            Next::WaitUntil(at) => match epoch.checked_add(at) {
                Some(moment) => drop(timeout_at(moment, inner.changed.notified()).await),
                None => inner.changed.notified().await,
            },
            Next::Wait => inner.changed.notified().await,
            Next::End => return,
        }
    }
}
