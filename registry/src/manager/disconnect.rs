//! Goodbyes: one, and all in order.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{sync::watch, task::JoinSet, time::timeout};

use super::{shared::Shared, task::AbortOnDrop};
use crate::{
    config::without_secrets,
    error::{Error, ErrorKind, Result},
    registry::{AttemptId, BadGoodbye, Client, Closed, Closer, Entry, Outcome, Pending},
};

impl Shared {
    /// Closes one connection. The goodbye runs in a task of its own and goes on when the caller leaves.
    pub(super) async fn disconnect(self: &Arc<Self>, entry: &Arc<Entry>) -> Result<()> {
        let Some(goodbye) = self.close(entry) else { return Ok(()) };
        match goodbye.ended().await {
            Some(Outcome::ClosedBadly(error) | Outcome::Failed(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Begins to close; gives what to wait for, when there is a client to say goodbye to.
    fn close(self: &Arc<Self>, entry: &Arc<Entry>) -> Option<Pending> {
        let (sender, pending) = Pending::new();
        let mut state = entry.lock();
        entry.retire(&mut state);
        let closed = state.slot.close(pending.clone());
        drop(state);
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
                    Err(no_runtime) => goodbye.tell(Err(no_runtime)),
                }
                Some(pending)
            }
        }
    }

    /// Closes all, dependents before what they depend on.
    pub(super) async fn disconnect_all(self: &Arc<Self>) -> Result<()> {
        let runtime = self.runtime()?;
        let mut failures = Vec::new();
        for rank in ranks(self.registry.entries()) {
            let mut goodbyes = JoinSet::new();
            for entry in rank {
                let shared = Arc::clone(self);
                goodbyes.spawn_on(async move { shared.disconnect(&entry).await }, &runtime);
            }
            for goodbye in goodbyes.join_all().await {
                failures.extend(goodbye.err());
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
        let Client { any, closer, .. } = client;
        let name = Arc::clone(self.entry.name());
        let result = match closer {
            Some(closer) => self.shared.say_goodbye(&name, closer).await,
            None => Ok(()),
        };
        drop(any);
        tracing::debug!(connection = %name, well = result.is_ok(), "disconnected");
        self.tell(result);
    }

    fn tell(self, result: Result<()>) {
        self.entry.lock().slot.closed(self.id);
        self.sender.send_replace(result.map_or_else(Outcome::ClosedBadly, |()| Outcome::Settled));
    }
}

impl Drop for Goodbye {
    fn drop(&mut self) {
        self.entry.lock().slot.closed(self.id);
    }
}

impl Shared {
    /// Runs the user's goodbye in a task apart, for no longer than its timeout.
    pub(super) async fn say_goodbye(&self, name: &str, closer: Closer) -> Result<()> {
        let declared = self.configuration.find(name);
        let limit = declared.map_or(Duration::MAX, |declared| declared.lifecycle.disconnect_timeout);
        let failed = |what: &str| {
            let message = format!("{} {what}", self.describe(name));
            Error::new(ErrorKind::DisconnectFailed, message).for_connection(name)
        };
        match timeout(limit, AbortOnDrop::spawn(closer())).await {
            Ok(Ok(Ok(()))) => Ok(()),
            Ok(Ok(Err(BadGoodbye { cause, secrets }))) => {
                Err(failed("failed to disconnect").caused_by(cause, &|text| without_secrets(text, &secrets)))
            }
            Ok(Err(join)) if join.is_panic() => Err(failed("panicked in its `disconnect`")),
            Ok(Err(_)) => Err(failed("could not disconnect: the runtime ended")),
            Err(_) => {
                let limit = humantime::format_duration(limit);
                Err(failed(&format!("did not end its `disconnect` within its disconnect_timeout of {limit}")))
            }
        }
    }
}

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
