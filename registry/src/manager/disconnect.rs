//! Goodbyes: one, and all in order.

use std::{
    collections::HashMap,
    sync::{Arc, MutexGuard},
    time::Duration,
};

use tokio::{sync::watch, time::timeout};
use tracing::Instrument;

use super::{drain::guards_are_gone, metrics, shared::Shared, spans, task::AbortOnDrop};
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
        (state.is_kept_up, state.is_stale) = (false, false);
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
                let goodbye = Goodbye { shared: Arc::clone(self), entry: Arc::clone(entry), id, sender };
                let retired = Retired::new(client, leases);
                match self.runtime() {
                    Ok(runtime) => drop(runtime.spawn(goodbye.run(retired, guards))),
                    Err(_) if retired.client.origin.is_none() => goodbye.tell(Ok(())),
                    Err(no_runtime) => goodbye.tell(Err(no_runtime)),
                }
                Some(pending)
            }
        }
    }

    /// Closes all, dependents before what they depend on.
    pub(super) async fn disconnect_all(self: &Arc<Self>) -> Result<()> {
        let mut failures = Vec::new();
        for rank in ranks(self.registry.entries()) {
            // All begin before one is waited for.
            let goodbyes: Vec<_> = rank.iter().filter_map(|entry| self.close(entry, Guards::Leave)).collect();
            for goodbye in goodbyes {
                failures.extend(ended_well(goodbye).await.err());
            }
        }
        failures.sort_by(|a, b| a.connection().cmp(&b.connection()));
        if failures.is_empty() {
            return Ok(());
        }
        let message = format!("{} of the connections did not close well", failures.len());
        Err(Error::new(ErrorKind::DisconnectFailed, message).related(failures))
    }
}

/// What a goodbye does about guards that are out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Guards {
    /// Their client is told goodbye under them.
    Leave,
    /// They have so long to go.
    WaitFor(Duration),
}

/// The end of one connected client; lets callers in again also when its task is dropped with its runtime.
struct Goodbye {
    shared: Arc<Shared>,
    entry: Arc<Entry>,
    id: AttemptId,
    sender: watch::Sender<Outcome>,
}

impl Goodbye {
    async fn run(self, retired: Retired, guards: Guards) {
        let name = self.entry.name();
        if let Guards::WaitFor(limit) = guards {
            guards_are_gone(&retired, limit).await;
        }
        let result = self.shared.say_goodbye(name, retired.into_client()).await;
        self.tell(result);
    }

    fn tell(&self, result: Result<()>) {
        let mut state = self.entry.lock();
        state.slot.closed(self.id);
        let news = self.shared.tell(&self.entry, &mut state);
        drop(state);
        news.log();
        self.sender.send_replace(result.map_or_else(Outcome::ClosedBadly, |()| Outcome::Settled));
    }
}

impl Drop for Goodbye {
    fn drop(&mut self) {
        let told = !matches!(*self.sender.borrow(), Outcome::Running);
        if !told {
            self.tell(Err(self.shared.bad_goodbye(self.entry.name(), RUNTIME_ENDED)));
        }
    }
}

impl Shared {
    /// Runs the user's goodbye in a task apart, for no longer than its timeout. That task drops the client, too.
    pub(super) async fn say_goodbye(self: &Arc<Self>, name: &str, client: Client) -> Result<()> {
        let limit = self.limits(name, &client).map_or(Duration::MAX, |limits| limits.disconnect_timeout);
        let _beat = self.pulse.begin();
        let span = spans::disconnect(name, self.type_name(name).as_deref(), client.generation);
        let goodbye = AbortOnDrop::spawn(goodbye(Arc::clone(self), name.to_owned(), client).instrument(span));
        let result = match timeout(limit, goodbye).await {
            Ok(Ok(result)) => result,
            Ok(Err(join)) if join.is_panic() => Err(self.bad_goodbye(name, "panicked in its `disconnect`")),
            Ok(Err(_)) => Err(self.bad_goodbye(name, RUNTIME_ENDED)),
            Err(_) => {
                let limit = humantime::format_duration(limit);
                let what = format!("did not end its `disconnect` within its disconnect_timeout of {limit}");
                Err(self.bad_goodbye(name, &what))
            }
        };
        result.inspect_err(|error| metrics::failed(self, name, error.kind()))
    }

    /// The settings of a client: as they are now, or as they were when it was made and its name was still declared.
    pub(super) fn limits(&self, name: &str, client: &Client) -> Option<Lifecycle> {
        self.lifecycle_of(name).or_else(|| client.origin.as_ref().map(|origin| origin.lifecycle))
    }

    fn bad_goodbye(&self, name: &str, what: &str) -> Error {
        let message = format!("{} {what}", self.describe(name));
        Error::new(ErrorKind::DisconnectFailed, message).for_connection(name)
    }
}

async fn goodbye(shared: Arc<Shared>, name: String, client: Client) -> Result<()> {
    let Client { any, origin, .. } = client;
    let Some(Origin { instance, secrets, .. }) = origin else { return Ok(()) };
    let result = instance.disconnect_erased(&any).await;
    drop(any);
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

const RUNTIME_ENDED: &str = "could not disconnect: the manager's runtime has ended or has no timers";

/// Sorts entries so that each comes in a later rank than everything that depends on it. Entries on a cycle, which
/// only names made at run time can close, come last and together.
fn ranks(entries: Vec<Arc<Entry>>) -> Vec<Vec<Arc<Entry>>> {
    let names: HashMap<_, _> = entries.iter().enumerate().map(|(at, entry)| (Arc::clone(entry.name()), at)).collect();
    let depends_on: Vec<Vec<usize>> = entries
        .iter()
        .map(|entry| entry.dependencies().iter().filter_map(|name| names.get(name).copied()).collect())
        .collect();
    let mut dependents = vec![0_usize; entries.len()];
    for at in depends_on.iter().flatten() {
        dependents[*at] += 1;
    }
    let mut left: Vec<Option<Arc<Entry>>> = entries.into_iter().map(Some).collect();
    let mut rank: Vec<usize> = (0..left.len()).filter(|at| dependents[*at] == 0).collect();
    let mut ranks = Vec::new();
    while !rank.is_empty() {
        ranks.push(rank.iter().filter_map(|at| left[*at].take()).collect());
        let mut next = Vec::new();
        for at in rank.iter().flat_map(|at| &depends_on[*at]) {
            dependents[*at] -= 1;
            if dependents[*at] == 0 {
                next.push(*at);
            }
        }
        rank = next;
    }
    ranks.push(left.into_iter().flatten().collect());
    ranks
}
