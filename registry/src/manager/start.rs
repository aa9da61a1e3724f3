//! Connecting before the first caller comes, and readiness.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};

use tokio::{runtime::Handle, task::JoinSet};

use super::{connections::ConnectionManager, failure::not_up, shared::Shared};
use crate::{
    config::{Declared, Start},
    error::{Error, ErrorKind, Result},
    registry::{ConnectionState, EntryState},
};

impl ConnectionManager {
    /// Connects everything that is declared with `lifecycle.start = "eager"`: what a connection refers to first, and as
    /// many at once as [`max_concurrent_connects`](crate::ConnectionManagerBuilder::max_concurrent_connects) allows.
    ///
    /// From now on an eager connection that is down is tried again in the background, with growing pauses of at most
    /// `lifecycle.retry.background_max`, unless its type calls the failure permanent. That holds for optional ones
    /// (`lifecycle.required = false`), whose failure is no error here, and for required ones, in case the application
    /// goes on without them.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), connection_registry::BoxError> {
    /// use connection_registry::ConnectionManager;
    ///
    /// let connections = ConnectionManager::builder().build()?;
    /// connections.start().await?;
    /// assert!(connections.ready());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::StartFailed`](crate::ErrorKind::StartFailed) when a required one is not up within its
    /// `lifecycle.connect_timeout`, with the error of each such one in [`Error::errors`](crate::Error::errors), by name. It
    /// is told when all have ended; the others are connected. [`ErrorKind::ShutDown`](crate::ErrorKind::ShutDown) while all
    /// connections are being closed, and after that when the manager was shut down;
    /// [`ErrorKind::NoRuntime`](crate::ErrorKind::NoRuntime).
    ///
    /// # Cancel safety
    ///
    /// Attempts that were begun go on without the caller; no further ones are begun. It can be called again.
    pub async fn start(&self) -> Result<()> {
        self.shared.start().await
    }

    /// Whether the application can do its work, as a readiness probe asks it: every required connection that is to be up
    /// is up.
    ///
    /// Those are the eager ones, from the beginning, and of the others those that somebody has asked for. A degraded
    /// connection is not up here, although its client is still given out. Optional connections
    /// (`lifecycle.required = false`), those that nobody has asked for yet, and those that were closed for being idle or
    /// by [`disconnect`](Self::disconnect) do not matter. False once the manager shuts down.
    ///
    /// This is a look at what is known: nothing is connected or checked. [`status`](Self::status) names those that are
    /// missing. A liveness probe should not ask it, since a restart
    /// of the application brings no server back.
    pub fn ready(&self) -> bool {
        let shared = &self.shared;
        !shared.registry.is_sealed()
            && shared.configuration().connections().iter().all(|declared| shared.is_ready(declared))
    }
}

impl Shared {
    async fn start(self: &Arc<Self>) -> Result<()> {
        let runtime = self.runtime()?;
        if self.registry.is_sealed() {
            return Err(Error::new(ErrorKind::ShutDown, "nothing is started: all connections are being closed"));
        }
        self.is_started.store(true, Ordering::Release);
        let configuration = self.configuration();
        let is_eager = |declared: &&Declared| counts(declared) && declared.lifecycle.start == Start::Eager;
        let eager: Vec<_> = configuration.connections().iter().filter(is_eager).collect();
        let mut failures = Vec::new();
        for (name, error) in
            self.keep_up(eager.iter().map(|declared| Arc::clone(&declared.name)).collect(), &runtime).await
        {
            if configuration.declaration(&name).is_none_or(|declared| declared.lifecycle.required) {
                failures.push(error);
            }
        }
        if failures.is_empty() {
            return Ok(());
        }
        let message = format!("{} of {} eager connections are not up, and are required", failures.len(), eager.len());
        Err(not_up(message, failures))
    }

    /// Connects all of `names`, and from now on in the background whenever they are down. Gives what failed.
    pub(super) async fn keep_up(
        self: &Arc<Self>,
        names: VecDeque<Arc<str>>,
        runtime: &Handle,
    ) -> Vec<(Arc<str>, Error)> {
        for entry in names.iter().filter_map(|name| self.registry.entry(name)) {
            entry.lock().is_kept_up = true;
        }
        // No more are begun at once than have a place: the timeout of one that waits for its place would run.
        let workers = self.max_concurrent_connects.min(names.len());
        let all = names.clone();
        let names = Arc::new(Mutex::new(names));
        let mut work = JoinSet::new();
        for _ in 0..workers {
            work.spawn_on(connect_next(Arc::clone(self), Arc::clone(&names)), runtime);
        }
        let mut failed = Vec::new();
        let mut is_cut_short = false;
        while let Some(ended) = work.join_next().await {
            is_cut_short |= ended.is_err();
            failed.extend(ended.into_iter().flatten());
        }
        if is_cut_short {
            let known: HashSet<_> = failed.iter().map(|(name, _)| Arc::clone(name)).collect();
            let lost = all.into_iter().filter(|name| !known.contains(name) && !self.is_up(name));
            failed.extend(lost.map(|name| (Arc::clone(&name), self.without_runtime(&name))));
        }
        failed
    }

    fn is_up(&self, name: &str) -> bool {
        self.registry.entry(name).is_none_or(|entry| entry.lock().slot.client().is_some())
    }

    fn without_runtime(&self, name: &str) -> Error {
        let message = format!("{}: the runtime that connects it has ended or has no timers", self.describe(name));
        Error::new(ErrorKind::NoRuntime, message).for_connection(name)
    }

    fn is_ready(&self, declared: &Declared) -> bool {
        let Some(entry) = self.registry.entry(&declared.name) else { return true };
        let state = entry.lock();
        !blocks_readiness(declared, &state)
    }
}

/// Whether a connection is why the application is not ready.
pub(super) fn blocks_readiness(declared: &Declared, state: &EntryState) -> bool {
    if !declared.lifecycle.required || !counts(declared) {
        return false;
    }
    let is_eager = declared.lifecycle.start == Start::Eager;
    match state.slot.state() {
        ConnectionState::Connected => false,
        ConnectionState::Declared | ConnectionState::Connecting => is_eager || state.slot.failures() > 0,
        ConnectionState::Closed | ConnectionState::Draining => state.is_kept_up,
        ConnectionState::Degraded | ConnectionState::Failed => true,
    }
}

/// Connects one after the other, until there is no name left.
async fn connect_next(shared: Arc<Shared>, names: Arc<Mutex<VecDeque<Arc<str>>>>) -> Vec<(Arc<str>, Error)> {
    let mut failed = Vec::new();
    loop {
        let next = names.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(name) = next else { return failed };
        if let Err(error) = shared.connected(&name, None).await {
            if let Some(entry) = shared.registry.entry(&name) {
                shared.retry_what_failed(&entry);
            }
            failed.push((name, error));
        }
    }
}

/// Whether it is a connection at all: not switched off, and no template for others.
fn counts(declared: &Declared) -> bool {
    declared.enabled && !declared.is_template()
}
