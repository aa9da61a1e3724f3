//! Reloading when files change.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::task::AbortHandle;

use super::follower::Follower;
use crate::{
    error::Result,
    manager::{ConnectionManager, events::OneLine, reload::shut_down, shared::Shared},
};

impl ConnectionManager {
    /// Reloads, as [`reload`](Self::reload) does, whenever the content of a file changes that the configuration depends on:
    /// its own files, those that it includes or that would be included if they were there, and those of `${file:…}`
    /// placeholders. Needs the feature `watch`.
    ///
    /// It follows the renames of editors and the link swaps of Kubernetes, waits until writing has stopped for 0.2 s (at the
    /// latest 0.8 s after the first change), and does nothing when the content is the same as before. A changed file that
    /// is invalid changes nothing and is logged; [`last_reload`](Self::last_reload) has the error.
    ///
    /// It goes on for as long as the manager lives, until it is shut down, or until [`Watch::stop`]; dropping the [`Watch`]
    /// does not end it. Watching a second time takes the place of the first. The first thing it does is one reload, for
    /// what has changed since the configuration was loaded.
    ///
    /// Where the system tells no events, as on network file systems, it looks every 10 s.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WatchFailed`](crate::ErrorKind::WatchFailed) when no folder can be watched,
    /// [`ErrorKind::NoRuntime`](crate::ErrorKind::NoRuntime), [`ErrorKind::ShutDown`](crate::ErrorKind::ShutDown).
    ///
    /// ```no_run
    /// # async fn run() -> Result<(), connection_registry::BoxError> {
    /// use connection_registry::ConnectionManager;
    ///
    /// let connections = ConnectionManager::from_file("connections.toml")?;
    /// connections.watch()?;
    /// # Ok(()) }
    /// ```
    pub fn watch(&self) -> Result<Watch> {
        let runtime = self.shared.runtime()?;
        if self.shared.is_shut_down() {
            return Err(shut_down());
        }
        let watched = self.shared.configuration().watched();
        let follower = Follower::new(watched.files, watched.folders)?;
        let task = runtime.spawn(follow(Arc::downgrade(&self.shared), follower)).abort_handle();
        self.shared.watching.begin(task.clone());
        Ok(Watch { task })
    }
}

/// What [`ConnectionManager::watch`] began. Dropping it changes nothing.
#[derive(Debug)]
pub struct Watch {
    task: AbortHandle,
}

impl Watch {
    /// Watches no longer. A reload that has begun goes on.
    pub fn stop(&self) {
        self.task.abort();
    }
}

/// The task that follows the files, which ends with the manager.
#[derive(Default)]
pub(in crate::manager) struct Watching(Mutex<Option<AbortHandle>>);

impl Watching {
    fn begin(&self, task: AbortHandle) {
        self.change(Some(task));
    }

    pub(in crate::manager) fn end(&self) {
        self.change(None);
    }

    fn change(&self, task: Option<AbortHandle>) {
        let before = std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), task);
        before.inspect(AbortHandle::abort);
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.end();
    }
}

/// Holds nothing of the manager while it waits.
async fn follow(manager: Weak<Shared>, mut follower: Follower) {
    loop {
        let Some(shared) = manager.upgrade().filter(|shared| !shared.is_shut_down()) else { return };
        let connections = ConnectionManager { shared };
        if let Err(error) = connections.reload().await {
            tracing::warn!(cause = %OneLine(&error), "what has changed is not used");
        }
        let watched = connections.shared.configuration().watched();
        drop(connections);
        // It reads the files.
        let again = tokio::task::spawn_blocking(move || {
            let has_more = follower.follow(watched.files, watched.folders);
            (follower, has_more)
        });
        let Ok((again, has_more)) = again.await else { return };
        follower = again;
        if !has_more {
            follower.changed().await;
        }
    }
}
