//! Goodbyes: one, and all in order.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};
use tracing::Instrument;

use super::{
    drain::{Draining, Leaving},
    figures, ranks,
    shared::Shared,
    shutdown::Sealed,
    spans,
    task::AbortOnDrop,
    times::rounded,
    timetable::{Timetable, Turn, after, within},
};
use crate::{
    config::{Lifecycle, without_secrets},
    error::{Error, ErrorKind, Result},
    registry::{AttemptId, Client, Closed, Entry, EntryState, Leases, Origin, Outcome, Pending, Retired},
};

impl Shared {
    /// Closes one connection. The goodbye runs in a task of its own and goes on when the caller leaves.
    pub(super) async fn disconnect(self: &Arc<Self>, entry: &Arc<Entry>) -> Result<()> {
        match self.close(entry, Guards::Leave) {
            Some(goodbye) => ended_well(goodbye).await,
            None => Ok(()),
        }
    }

    /// Begins to close; gives what to wait for, when there is a client to say goodbye to.
    pub(super) fn close(self: &Arc<Self>, entry: &Arc<Entry>, guards: Guards) -> Option<Pending> {
        let mut state = entry.lock();
        let leases = entry.retire(&mut state);
        self.close_retired(entry, state, leases, guards)
    }

    /// As [`close`](Self::close), for a client whose leases are withdrawn already.
    pub(super) fn close_retired(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        mut state: MutexGuard<'_, EntryState>,
        leases: Leases,
        guards: Guards,
    ) -> Option<Pending> {
        let (sender, pending) = Pending::new();
        let last_failure = state.slot.failure().cloned();
        match guards {
            // It is closed to be made anew.
            Guards::WaitFor(_) => state.is_stale = true,
            Guards::Leave | Guards::InTurn(_) => (state.is_kept_up, state.is_stale) = (false, false),
        }
        let closed = state.slot.close(pending.clone());
        let news = self.tell(entry, &mut state);
        // In the same critical section: what comes after is for the next client.
        self.agenda.forget(entry.name());
        drop(state);
        drop(last_failure);
        news.log();
        match closed {
            Closed::Nothing => None,
            Closed::Attempt(attempt) => {
                attempt.abort();
                None
            }
            Closed::Closing(goodbye) => Some(goodbye),
            Closed::Client { client, id, outdated } => {
                if let Some(attempt) = outdated {
                    attempt.abort();
                }
                let draining = self.let_go(entry.name(), Retired::new(client, leases));
                let goodbye = Goodbye { draining, entry: Arc::clone(entry), id, sender };
                match self.runtime() {
                    Ok(runtime) => drop(runtime.spawn(goodbye.run(guards))),
                    Err(no_runtime) => goodbye.tell(goodbye.draining.give_up(no_runtime)),
                }
                Some(pending)
            }
        }
    }

    /// Closes all, dependents before what they depend on, in a task of its own. Nothing is given out meanwhile.
    pub(super) async fn disconnect_all(self: &Arc<Self>) -> Result<()> {
        let sweep = Arc::new(Sweep { shared: Arc::clone(self), goodbyes: Mutex::default() });
        let sealed = self.seal_for_a_while();
        let is_over = match self.runtime() {
            Ok(runtime) => runtime.spawn(Arc::clone(&sweep).run(sealed)).await.is_ok(),
            Err(_) => false,
        };
        if !is_over {
            // There is no runtime, or no more: what is left to wait for ends by itself.
            let sealed = self.seal_for_a_while();
            Arc::clone(&sweep).run(sealed).await;
        }
        sweep.result().await
    }
}

/// One call that closes everything.
struct Sweep {
    shared: Arc<Shared>,
    /// All that were begun.
    goodbyes: Mutex<Vec<Pending>>,
}

impl Sweep {
    async fn run(self: Arc<Self>, _sealed: Sealed) {
        for attempt in self.shared.give_up_attempts() {
            attempt.ended().await;
        }
        for rank in ranks(self.shared.registry.entries()) {
            // All begin before one is waited for.
            let goodbyes: Vec<_> = rank.iter().filter_map(|entry| self.shared.close(entry, Guards::Leave)).collect();
            self.lock().extend_from_slice(&goodbyes);
            for goodbye in goodbyes {
                goodbye.ended().await;
            }
        }
    }

    async fn result(&self) -> Result<()> {
        let goodbyes = std::mem::take(&mut *self.lock());
        let mut failures = Vec::new();
        for goodbye in goodbyes {
            failures.extend(ended_well(goodbye).await.err());
        }
        failures.sort_by(|a, b| a.connection().cmp(&b.connection()));
        // Who takes over may find a goodbye under way that was begun before.
        failures.dedup_by(|a, b| a.connection() == b.connection());
        failures_of_all(failures)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Pending>> {
        self.goodbyes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error of a call that closes many.
pub(super) fn failures_of_all(failures: Vec<Error>) -> Result<()> {
    if failures.is_empty() {
        return Ok(());
    }
    let message = format!("{} of the connections did not close well", failures.len());
    Err(Error::new(ErrorKind::DisconnectFailed, message).related(failures))
}

/// What a goodbye does about guards that are out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Guards {
    /// Their client is told goodbye under them.
    Leave,
    /// They have so long to go: then the client is made anew.
    WaitFor(Duration),
    /// They have their `drain_timeout`, and no longer than their rank of the shutdown has.
    InTurn(usize),
}

/// The end of one connected client; lets callers in again also when its task is dropped with its runtime.
struct Goodbye {
    draining: Draining,
    entry: Arc<Entry>,
    id: AttemptId,
    sender: watch::Sender<Outcome>,
}

impl Goodbye {
    async fn run(self, guards: Guards) {
        let (limit, turn) = match guards {
            Guards::Leave => (None, Turn::Apart),
            Guards::WaitFor(limit) => (Some(limit), Turn::Apart),
            Guards::InTurn(rank) => (Some(self.draining.drain.lifecycle.drain_timeout), Turn::Rank(rank)),
        };
        let result = self.draining.run(limit, turn).await;
        self.tell(result);
    }

    fn tell(&self, result: Result<()>) {
        let mut state = self.entry.lock();
        state.slot.closed(self.id);
        let news = self.draining.shared.tell(&self.entry, &mut state);
        drop(state);
        news.log();
        self.sender.send_replace(result.map_or_else(Outcome::ClosedBadly, |()| Outcome::Settled));
    }
}

impl Drop for Goodbye {
    fn drop(&mut self) {
        let told = !matches!(*self.sender.borrow(), Outcome::Running);
        if !told {
            let why = self.draining.shared.runtime_ended(self.entry.name());
            self.tell(self.draining.give_up(why));
        }
    }
}

impl Shared {
    /// Runs the user's goodbye in a task apart, for no longer than its timeout and than a shutdown leaves for it. That task
    /// drops the client, too.
    pub(super) async fn say_goodbye(self: &Arc<Self>, name: &str, leaving: Leaving, turn: Turn) -> Result<()> {
        let limit = self.limits(name, &leaving.client).map_or(Duration::MAX, |limits| limits.disconnect_timeout);
        let started = Instant::now();
        let until = after(started, limit);
        let latest = |timetable: Option<&Timetable>| {
            timetable.map_or(until, |timetable| until.min(timetable.window(turn, limit).goodbye))
        };
        let _beat = self.pulse.begin();
        let span = spans::disconnect(name, self.type_name(name).as_deref(), leaving.client.generation);
        let goodbye = AbortOnDrop::spawn(goodbye(Arc::clone(self), name.to_owned(), leaving).instrument(span));
        let result = match within(goodbye, self.closing.timetables(), latest).await {
            Some(Ok(result)) => result,
            Some(Err(join)) if join.is_panic() => Err(self.bad_goodbye(name, "panicked in its `disconnect`")),
            Some(Err(_)) => Err(self.runtime_ended(name)),
            None => Err(self.late_goodbye(name, limit, started.elapsed())),
        };
        result.inspect_err(|error| figures::failed(self, name, error.kind()))
    }

    /// The settings of a client: as they are now, or as they were when it was made and its name was still declared.
    pub(super) fn limits(&self, name: &str, client: &Client) -> Option<Lifecycle> {
        self.lifecycle_of(name).or_else(|| client.origin.as_ref().map(|origin| origin.lifecycle))
    }

    fn late_goodbye(&self, name: &str, limit: Duration, took: Duration) -> Error {
        let took = rounded(took);
        let what = if took >= limit {
            format!(
                "did not end its `disconnect` within its disconnect_timeout of {}",
                humantime::format_duration(limit)
            )
        } else if took.is_zero() {
            "could not disconnect: the shutdown left no time for it".to_owned()
        } else {
            let took = humantime::format_duration(took);
            format!("did not end its `disconnect` within the {took} that the shutdown left for it")
        };
        self.bad_goodbye(name, &what)
    }

    pub(super) fn runtime_ended(&self, name: &str) -> Error {
        self.bad_goodbye(name, "could not disconnect: the manager's runtime has ended or has no timers")
    }

    pub(super) fn bad_goodbye(&self, name: &str, what: &str) -> Error {
        let message = format!("{} {what}", self.describe(name));
        Error::new(ErrorKind::DisconnectFailed, message).for_connection(name)
    }
}

async fn goodbye(shared: Arc<Shared>, name: String, leaving: Leaving) -> Result<()> {
    let Leaving { client: Client { any, origin, .. }, in_goodbye } = leaving;
    let Some(Origin { instance, secrets, .. }) = origin else { return Ok(()) };
    let result = instance.disconnect_erased(&any).await;
    drop(any);
    drop(in_goodbye);
    result.map_err(|cause| {
        let scrub = |text: &str| without_secrets(text, &secrets);
        shared.bad_goodbye(&name, "failed to disconnect").caused_by(cause, &scrub)
    })
}

/// Waits for a goodbye.
async fn ended_well(goodbye: Pending) -> Result<()> {
    match goodbye.ended().await {
        Some(Outcome::ClosedBadly(error) | Outcome::Failed(error)) => Err(error),
        _ => Ok(()),
    }
}

/// Sorts entries so that each comes in a later rank than everything that depends on it. Entries on a cycle, which
/// only names made at run time can close, come last and together.
pub(super) fn ranks(entries: Vec<Arc<Entry>>) -> Vec<Vec<Arc<Entry>>> {
    let names: HashMap<_, _> = entries.iter().enumerate().map(|(at, entry)| (Arc::clone(entry.name()), at)).collect();
    let depends_on: Vec<Vec<usize>> = entries
        .iter()
        .map(|entry| entry.dependencies().iter().filter_map(|name| names.get(name).copied()).collect())
        .collect();
    let mut left: Vec<Option<Arc<Entry>>> = entries.into_iter().map(Some).collect();
    let ranks = ranks::ranks(&depends_on).into_iter();
    ranks.map(|rank| rank.into_iter().filter_map(|at| left[at].take()).collect()).collect()
}
