//! A reload from beginning to end.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    plan::{self, Node},
    replace::Reason,
    report::{Fate, LastReload, Lists, ReloadReport},
    settle::Settled,
};
use crate::{
    error::{Error, ErrorKind, Result},
    manager::{
        connections::ConnectionManager,
        events::OneLine,
        shared::{self, Declarations, Shared, targets},
        task::{NotDone, apart},
    },
    registry::Entry,
};

/// What is known of the reloads of a manager.
#[derive(Default)]
pub(in crate::manager) struct Reloads {
    /// Held while one runs.
    pub(super) turn: tokio::sync::Mutex<()>,
    last: Mutex<Option<LastReload>>,
    /// Whether it will be looked who has to follow a client that was replaced.
    pub(super) is_follow_due: AtomicBool,
}

impl ConnectionManager {
    /// Loads the configuration again, as it was loaded when the manager was built, and puts it in force. Every problem is
    /// found before anything is changed.
    ///
    /// What counts is the content of each connection, with what its placeholders stand for now: a variable of the process
    /// or a file that has changed is a change, another order or another comment is none. What has not changed is not
    /// touched. A client whose connection has changed stays until the next one is connected and has passed a check; it is
    /// then told goodbye when its last guard is gone, or after `lifecycle.drain_timeout`. Where the next one cannot be
    /// made, the present one goes on serving, the report says why, and it is tried again in the background. Clients that
    /// hold the client of a connection which was rebuilt are rebuilt after it. Clients that were inserted stay.
    ///
    /// One reload runs at a time; who calls meanwhile waits for a turn. It ends in the time that the settings of the
    /// changed connections give: their `connect_timeout`, and with `replace = "break-first"` that for closing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] with every problem when the configuration is invalid: then nothing has changed.
    /// [`ErrorKind::ShutDown`] when all connections are being closed; [`ErrorKind::NoRuntime`].
    ///
    /// # Cancel safety
    ///
    /// A reload that was begun goes on without the caller.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), connection_registry::BoxError> {
    /// use connection_registry::ConnectionManager;
    ///
    /// let connections = ConnectionManager::builder().toml("").build()?;
    /// let report = connections.reload().await?;
    /// assert!(report.is_clean());
    /// # Ok(()) }
    /// ```
    pub async fn reload(&self) -> Result<ReloadReport> {
        let runtime = self.shared.runtime()?;
        runtime.spawn(run(Arc::clone(&self.shared))).await.unwrap_or_else(|_| Err(runtime_ended()))
    }

    /// The last reload that has ended, whether it was called for or came by itself; `None` when there was none.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), connection_registry::BoxError> {
    /// use connection_registry::ConnectionManager;
    ///
    /// let connections = ConnectionManager::builder().toml("").build()?;
    /// assert!(connections.last_reload().is_none());
    /// connections.reload().await?;
    /// assert!(connections.last_reload().is_some_and(|last| last.report().is_some()));
    /// # Ok(()) }
    /// ```
    pub fn last_reload(&self) -> Option<LastReload> {
        self.shared.reloads.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Reloads {
    fn remember(&self, result: &Result<ReloadReport>) {
        let last = LastReload::new(result.clone());
        let before = self.last.lock().unwrap_or_else(PoisonError::into_inner).replace(last);
        // Outside the lock: the drop of an error may be anybody's code.
        drop(before);
    }
}

async fn run(shared: Arc<Shared>) -> Result<ReloadReport> {
    let _turn = shared.reloads.turn.lock().await;
    let started = Instant::now();
    let result = reload(&shared).await.map(|report| report.complete(started.elapsed()));
    match &result {
        // What failed was told when it did.
        Ok(report) => tracing::info!("{}", report.summary()),
        Err(error) => tracing::warn!(cause = %OneLine(error), "the configuration of before stays in force"),
    }
    if !matches!(&result, Err(error) if error.kind() != ErrorKind::Configuration) {
        shared.reloads.remember(&result);
    }
    result
}

async fn reload(shared: &Arc<Shared>) -> Result<Lists> {
    let loader = Arc::clone(shared);
    let configuration = apart(move || loaded(&loader)).await.unwrap_or_else(|why| Err(given_up(why)))?;
    // In one go on a thread that may wait for files: what is begun here is not given up half way.
    let settler = Arc::clone(shared);
    let settling = apart(move || settle(&settler, configuration));
    let Stage { configuration, before, mut report, behind, nodes } =
        settling.await.unwrap_or_else(|why| Err(given_up(why)))?;
    tokio::spawn(let_go(before));
    let asked_for: HashSet<_> = behind.keys().cloned().collect();
    let replaced = replace_all(shared, &configuration, nodes, behind).await;
    if replaced.keys().any(|name| !asked_for.contains(name)) {
        // Those that follow others have their fate by now.
        report.take_out(|name| replaced.contains_key(name));
    }
    replaced.into_iter().for_each(|(name, fate)| report.add(&name, fate));
    // Cut short: what was to be replaced is closed now.
    if shared.is_shut_down() { Err(shut_down()) } else { Ok(report) }
}

/// Drops a configuration that is not in force any more. The drop of an instance is the user's code: it runs where nothing
/// is locked, and so waits for those who look something up in it under a lock.
async fn let_go<T: Send + Sync + 'static>(mut before: Arc<T>) {
    loop {
        match Arc::try_unwrap(before) {
            // Without a thread for it, it is dropped here.
            Ok(last) => {
                let _ = apart(move || drop(last)).await;
                return;
            }
            Err(shared) => before = shared,
        }
        sleep(BETWEEN_LOOKS).await;
    }
}

fn loaded(shared: &Shared) -> Result<Declarations> {
    if shared.registry.is_sealed() {
        return Err(shut_down());
    }
    shared::load(&shared.request, &shared.factory)
}

/// Those that need another client, and why.
pub(super) type Behind = HashMap<Arc<str>, (Arc<Entry>, Reason)>;

/// How far a reload has come when all is done that takes no waiting.
struct Stage {
    configuration: Arc<Declarations>,
    before: Arc<Declarations>,
    report: Lists,
    behind: Behind,
    /// What is connected, or is about to be, when anything is behind.
    nodes: Vec<(Arc<Entry>, Node)>,
}

fn settle(shared: &Arc<Shared>, configuration: Declarations) -> Result<Stage> {
    if shared.registry.is_sealed() {
        return Err(shut_down());
    }
    let configuration = Arc::new(configuration);
    let before = shared.put_in_force(Arc::clone(&configuration));
    // Those that no configuration names are made from templates.
    let has_templates = before.has_templates() || configuration.has_templates();
    let entries = if has_templates { shared.registry.entries() } else { Vec::new() };
    let made = entries.into_iter().filter(|entry| entry.lock().is_declared());
    let present: Vec<_> = made.map(|entry| Arc::clone(entry.name())).collect();
    let (mut report, mut behind) = (Lists::default(), HashMap::new());
    for found in plan::compare(&before, &configuration, &present) {
        let name = found.0;
        match shared.settle(&configuration, found) {
            Settled::Done(fate) => report.add(name, fate),
            Settled::Behind(entry, reason) => {
                behind.insert(Arc::clone(name), (entry, reason));
            }
        }
    }
    let nodes = if behind.is_empty() { Vec::new() } else { nodes(shared, &configuration, &behind) };
    Ok(Stage { configuration, before, report, behind, nodes })
}

/// What is to be replaced, and what refers to anything and is connected or about to be. Who refers to nothing follows
/// nobody.
pub(super) fn nodes(shared: &Shared, configuration: &Declarations, behind: &Behind) -> Vec<(Arc<Entry>, Node)> {
    shared.registry.entries().iter().filter_map(|entry| node(entry, configuration, behind)).collect()
}

fn node(entry: &Arc<Entry>, configuration: &Declarations, behind: &Behind) -> Option<(Arc<Entry>, Node)> {
    let state = entry.lock();
    let is_made = state.slot.client().is_some_and(|client| client.origin.is_some()) || state.slot.is_connecting();
    let is_behind = state.is_behind;
    drop(state);
    let mut needs = entry.dependencies();
    if is_behind {
        // Its client was made from something else than the next one.
        needs.extend(configuration.declaration(entry.name()).map(targets).unwrap_or_default());
    }
    let counts = is_made && !needs.is_empty() || behind.contains_key(entry.name());
    counts.then(|| (Arc::clone(entry), Node { name: Arc::clone(entry.name()), needs }))
}

/// Replaces the clients that are behind, and after them those that hold one of them, rank by rank.
pub(super) async fn replace_all(
    shared: &Arc<Shared>,
    configuration: &Arc<Declarations>,
    nodes: Vec<(Arc<Entry>, Node)>,
    mut behind: Behind,
) -> HashMap<Arc<str>, Fate> {
    let (entries, nodes): (Vec<_>, Vec<_>) = nodes.into_iter().unzip();
    let ranks = plan::ranks(&nodes, &behind.keys().cloned().collect());
    let mut fates: HashMap<Arc<str>, Fate> = HashMap::new();
    for rank in ranks {
        let mut work = Vec::new();
        for at in rank {
            let (entry, Node { name, needs }) = (&entries[at], &nodes[at]);
            let is_held = needs.iter().any(|name| matches!(fates.get(name), Some(Fate::Rebuilt)));
            match (behind.remove(name), is_held) {
                (Some((entry, Reason::Content(_))), true) => work.push((entry, Reason::ContentAndDependency, true)),
                (Some((entry, reason)), _) => work.push((entry, reason, true)),
                (None, true) => work.push((Arc::clone(entry), Reason::Dependency, false)),
                (None, false) => {}
            }
        }
        replace_rank(shared, configuration, work, &mut fates).await;
    }
    // Taken out since.
    fates.extend(behind.into_keys().map(|name| (name, Fate::Updated)));
    fates
}

/// `work` says of each whether its fate is told in any case, or only when something was done.
async fn replace_rank(
    shared: &Arc<Shared>,
    configuration: &Arc<Declarations>,
    work: Vec<(Arc<Entry>, Reason, bool)>,
    fates: &mut HashMap<Arc<str>, Fate>,
) {
    // No more are begun at once than may connect at once: the timeout of one that waits for its place would run.
    let at_once = AT_ONCE.min(shared.max_concurrent_connects);
    let mut running = JoinSet::new();
    for (entry, reason, is_told) in work {
        if running.len() == at_once {
            fates.extend(running.join_next().await.and_then(Result::ok).flatten());
        }
        let (shared, configuration) = (Arc::clone(shared), Arc::clone(configuration));
        running.spawn(async move {
            let name = Arc::clone(entry.name());
            let fate = shared.replace(configuration, entry, reason).await;
            (is_told || !matches!(fate, Fate::Unchanged | Fate::Updated)).then_some((name, fate))
        });
    }
    while let Some(ended) = running.join_next().await {
        fates.extend(ended.ok().flatten());
    }
}

pub(in crate::manager) fn shut_down() -> Error {
    Error::new(ErrorKind::ShutDown, "the configuration is not loaded again: all connections are being closed")
}

fn runtime_ended() -> Error {
    Error::new(ErrorKind::NoRuntime, "the configuration cannot be loaded again: the manager's runtime has ended")
}

fn given_up(why: NotDone) -> Error {
    match why {
        NotDone::Panicked => {
            Error::new(ErrorKind::Configuration, "a connection type panicked while the configuration was loaded")
        }
        NotDone::NoThread => {
            let message = "the configuration cannot be loaded again: the operating system gives no thread for it";
            Error::new(ErrorKind::NoRuntime, message).retryable(true)
        }
        NotDone::RuntimeEnded => runtime_ended(),
    }
}

/// How long a configuration that is not in force any more may lie about.
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);

/// How many clients of one rank are replaced at once, at most.
const AT_ONCE: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread::{self, ThreadId};

    /// Tells which thread drops it.
    struct Told(Arc<Mutex<Option<ThreadId>>>);

    impl Drop for Told {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = Some(thread::current().id());
        }
    }

    #[tokio::test]
    async fn a_configuration_is_dropped_by_none_of_those_who_look_something_up_in_it() {
        let dropped_by = Arc::new(Mutex::new(None));
        let before = Arc::new(Told(Arc::clone(&dropped_by)));
        let looking = Arc::clone(&before);
        let gone = tokio::spawn(let_go(before));
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(!gone.is_finished() && dropped_by.lock().unwrap().is_none());
        drop(looking);
        gone.await.unwrap();
        while dropped_by.lock().unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        assert_ne!(*dropped_by.lock().unwrap(), Some(thread::current().id()));
    }
}
