//! Goodbyes: one, and all in order.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

use super::{shared::Shared, task::AbortOnDrop};
use crate::{
    config::without_secrets,
    error::{Error, ErrorKind, Result},
    registry::{AttemptId, BadGoodbye, Client, Closed, Entry, Outcome, Pending},
};

impl Shared {
    /// Closes one connection. The goodbye runs in a task of its own and goes on when the caller leaves.
    pub(super) async fn disconnect(self: &Arc<Self>, entry: &Arc<Entry>) -> Result<()> {
        match self.close(entry) {
            Some(goodbye) => ended_well(goodbye).await,
            None => Ok(()),
        }
    }

    /// Begins to close; gives what to wait for, when there is a client to say goodbye to.
    fn close(self: &Arc<Self>, entry: &Arc<Entry>) -> Option<Pending> {
        let (sender, pending) = Pending::new();
        let mut state = entry.lock();
        entry.retire(&mut state);
        let last_failure = state.slot.failure().cloned();
        let closed = state.slot.close(pending.clone());
        drop(state);
        drop(last_failure);
        match closed {
            Closed::Nothing => None,
            Closed::Attempt(attempt) => {
                attempt.abort();
                None
            }
            Closed::Closing(goodbye) => Some(goodbye),
            Closed::Client(client, id) => {
                let goodbye = Goodbye { shared: Arc::clone(self), entry: Arc::clone(entry), id, sender };
                match self.runtime() {
                    Ok(runtime) => drop(runtime.spawn(goodbye.run(client))),
                    Err(_) if client.closer.is_none() => goodbye.tell(Ok(())),
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
            let goodbyes: Vec<_> = rank.iter().filter_map(|entry| self.close(entry)).collect();
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

/// The end of one connected client; lets callers in again also when its task is dropped with its runtime.
struct Goodbye {
    shared: Arc<Shared>,
    entry: Arc<Entry>,
    id: AttemptId,
    sender: watch::Sender<Outcome>,
}

impl Goodbye {
    async fn run(self, client: Client) {
        let name = self.entry.name();
        let result = self.shared.say_goodbye(name, client).await;
        tracing::debug!(connection = %name, well = result.is_ok(), "disconnected");
        self.tell(result);
    }

    fn tell(&self, result: Result<()>) {
        self.entry.lock().slot.closed(self.id);
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
        let declared = self.configuration.find(name);
        let limit = declared.map_or(Duration::MAX, |declared| declared.lifecycle.disconnect_timeout);
        let _beat = self.pulse.begin();
        let goodbye = AbortOnDrop::spawn(goodbye(Arc::clone(self), name.to_owned(), client));
        match timeout(limit, goodbye).await {
            Ok(Ok(result)) => result,
            Ok(Err(join)) if join.is_panic() => Err(self.bad_goodbye(name, "panicked in its `disconnect`")),
            Ok(Err(_)) => Err(self.bad_goodbye(name, RUNTIME_ENDED)),
            Err(_) => {
                let limit = humantime::format_duration(limit);
                let what = format!("did not end its `disconnect` within its disconnect_timeout of {limit}");
                Err(self.bad_goodbye(name, &what))
            }
        }
    }

    fn bad_goodbye(&self, name: &str, what: &str) -> Error {
        let message = format!("{} {what}", self.describe(name));
        Error::new(ErrorKind::DisconnectFailed, message).for_connection(name)
    }
}

async fn goodbye(shared: Arc<Shared>, name: String, client: Client) -> Result<()> {
    let Client { any, closer, .. } = client;
    let result = match closer {
        Some(closer) => closer().await,
        None => Ok(()),
    };
    drop(any);
    result.map_err(|BadGoodbye { cause, secrets }| {
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
