//! How a connection that is being made reaches those that it refers to.

use std::{
    any::Any,
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{failure::Attempt, shared::Shared, visit::Visit};
use crate::{
    connection::{BoxFuture, References},
    error::{Error, ErrorKind, Result},
    registry::{AttemptId, Entry},
};

/// The other connections, as seen by the one of `entry`.
pub(super) struct OtherConnections {
    pub(super) attempt: Attempt,
    pub(super) entry: Arc<Entry>,
    pub(super) id: AttemptId,
    pub(super) visit: Visit,
}

impl OtherConnections {
    /// Waits until all of `names` are connected; they are begun together.
    pub(super) async fn all_connected(&self, names: &[Arc<str>]) -> Result<()> {
        // One that was given up must not connect again what is being closed after it.
        let is_current = self.entry.lock().slot.is_current(self.id);
        for name in names.iter().filter(|_| is_current) {
            // One that cannot begin says so when it is waited for.
            drop(self.attempt.shared.entry(name, None).and_then(|entry| self.attempt.shared.begin(&entry)));
        }
        for name in names {
            self.connected(name).await?;
        }
        Ok(())
    }
}

impl References for OtherConnections {
    fn connected(&self, name: &str) -> BoxFuture<'static, Result<Arc<dyn Any + Send + Sync>, Error>> {
        self.entry.depends_on(name);
        let (attempt, name) = (self.attempt.clone(), name.to_owned());
        let (own, id, visit) = (Arc::clone(&self.entry), self.id, self.visit.clone());
        Box::pin(async move {
            // One that was given up must not connect again what is being closed after it.
            if !own.lock().slot.is_current(id) {
                return Err(attempt.given_up());
            }
            attempt.shared.check_cycle(&attempt.name, &name)?;
            let waits = attempt.waiting.begin(&name);
            visit.step_aside();
            let entry = attempt.shared.connected(&name, None).await;
            drop(waits);
            visit.step_back_in().await;
            let entry = entry?;
            entry.note_reference();
            Ok(Arc::new(entry) as Arc<dyn Any + Send + Sync>)
        })
    }
}

impl Shared {
    /// An error when `name` leads back to `start` through attempts under way, each of which would wait for the next.
    ///
    /// References that are written out were checked when the configuration was loaded; this is for those that are known
    /// only once their placeholders are resolved.
    fn check_cycle(&self, start: &str, name: &str) -> Result<()> {
        let mut seen = HashSet::new();
        let mut paths = vec![vec![Arc::from(name)]];
        while let Some(path) = paths.pop() {
            let last: &Arc<str> = path.last().expect("a path begins with a name");
            if **last == *start {
                return Err(cycle(start, &path));
            }
            let connecting = self.registry.entry(last).filter(|entry| entry.lock().slot.is_connecting());
            if let Some(entry) = connecting.filter(|_| seen.insert(Arc::clone(last))) {
                paths.extend(entry.dependencies().into_iter().map(|next| [&path[..], &[next]].concat()));
            }
        }
        Ok(())
    }
}

/// The names that an attempt waits for at this moment.
#[derive(Clone, Default)]
pub(super) struct Waiting(Arc<Mutex<Vec<Arc<str>>>>);

impl Waiting {
    pub(super) fn names(&self) -> Vec<Arc<str>> {
        self.lock().clone()
    }

    fn begin(&self, name: &str) -> Waits {
        let name: Arc<str> = name.into();
        self.lock().push(Arc::clone(&name));
        Waits { waiting: self.clone(), name }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<str>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for a name for as long as it lives.
struct Waits {
    waiting: Waiting,
    name: Arc<str>,
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.waiting.lock().retain(|name| !Arc::ptr_eq(name, &self.name));
    }
}

fn cycle(start: &str, path: &[Arc<str>]) -> Error {
    let path: String = path.iter().map(|name| format!(" → {name}")).collect();
    Error::new(ErrorKind::Configuration, format!("connection `{start}` refers back to itself: {start}{path}"))
        .for_connection(start)
}
