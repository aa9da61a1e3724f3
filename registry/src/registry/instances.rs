//! [`ConnectionRegistry`]: the instances.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use super::{
    client::{Client, ClientType, Replaced},
    entry::Entry,
    guard::Conn,
    index::Index,
};
use crate::{
    config,
    error::{Error, ErrorKind, Result},
    lease::Lease,
};

/// The instances of a manager: one slot for each name, with its state, its client and its guards.
///
/// An application mostly talks to the [`ConnectionManager`](crate::ConnectionManager) above it; this is the way
/// to put a ready-made client in, such as a test double, and to take names out.
///
/// ```
/// # fn main() -> Result<(), connection_registry::BoxError> {
/// use connection_registry::ConnectionManager;
///
/// let connections = ConnectionManager::builder().build()?;
/// connections.registry().insert("greeting", String::from("hello"))?;
/// assert_eq!(connections.registry().names(), ["greeting"]);
/// assert!(connections.registry().remove("greeting"));
/// assert!(!connections.has("greeting"));
/// # Ok(()) }
/// ```
pub struct ConnectionRegistry {
    index: Arc<Index>,
    /// Locked before the state of an entry, where both are.
    entries: RwLock<Entries>,
    /// Told after what is put in or taken out: the manager above, when there is one.
    observer: OnceLock<Box<Observer>>,
}

type Observer = dyn Fn(&Entry) + Send + Sync;

#[derive(Default)]
struct Entries {
    by_name: HashMap<Arc<str>, Arc<Entry>, foldhash::fast::RandomState>,
    /// Nothing is given out any more, and nothing comes in.
    sealed: bool,
}

/// An entry stays where it is: it is connected, or about to be.
pub(crate) struct NotAtRest;

impl ConnectionRegistry {
    /// A registry without names.
    pub fn new() -> Self {
        Self { index: Arc::new(Index::new()), entries: RwLock::default(), observer: OnceLock::new() }
    }

    /// Puts a ready-made client under `name`, in place of whatever is there: guards of an earlier client stay
    /// valid, an attempt under way is given up. An earlier client is dropped with its last guard and told no goodbye.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidName`] for a name that a configuration could not declare: empty, longer than 128 characters,
    /// with control or invisible characters, or with white space around it. [`ErrorKind::ShutDown`] once the manager is
    /// shut down.
    pub fn insert<T: Send + Sync + 'static>(&self, name: &str, client: T) -> Result<()> {
        if let Some(fault) = config::name_fault(name) {
            let message = format!("a connection cannot be called `{}`: {fault}", name.escape_debug());
            return Err(Error::new(ErrorKind::InvalidName, message).for_connection(name));
        }
        let client = Client {
            any: Arc::new(Lease::new(client)),
            client_type: ClientType::of::<T>(),
            origin: None,
            generation: 0,
            connected_at: Duration::ZERO,
        };
        let mut entries = self.write();
        if entries.sealed {
            drop(entries);
            let message = format!("connection `{name}` cannot be inserted: all connections are being closed");
            return Err(Error::new(ErrorKind::ShutDown, message).for_connection(name));
        }
        // In the same critical section, so that the entry is not taken out in between.
        let entry = Arc::clone(self.declared(&mut entries, &name.into(), None));
        let replaced = entry.insert(client);
        drop(entries);
        self.changed(&entry);
        replaced.let_go();
        Ok(())
    }

    /// Takes `name` out: its client is dropped with its last guard. True when there was such a name.
    ///
    /// [`ConnectionManager::disconnect`](crate::ConnectionManager::disconnect) says goodbye first.
    pub fn remove(&self, name: &str) -> bool {
        let mut entries = self.write();
        let Some(entry) = entries.by_name.remove(name) else { return false };
        // In the same critical section: another entry of that name must not be in the index before this one is out.
        let replaced = entry.remove();
        drop(entries);
        self.changed(&entry);
        replaced.let_go();
        true
    }

    /// Whether there is a slot for `name`, connected or not.
    pub fn contains(&self, name: &str) -> bool {
        self.read().by_name.contains_key(name)
    }

    /// All names, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.read().by_name.keys().map(ToString::to_string).collect();
        names.sort_unstable();
        names
    }

    /// Takes all names out, as [`remove`](Self::remove) does.
    pub fn clear(&self) {
        for name in self.names() {
            self.remove(&name);
        }
    }

    /// The guard of `name`, when it is connected and its client is a `T`: one look into the index.
    #[inline]
    pub(crate) fn ready<T: Send + Sync + 'static>(&self, name: &str) -> Option<Conn<T>> {
        self.index.find(name).map(Conn::new)
    }

    /// From now on `observer` is told after each [`insert`](Self::insert) and [`remove`](Self::remove).
    pub(crate) fn observe(&self, observer: impl Fn(&Entry) + Send + Sync + 'static) {
        // A registry has one manager.
        let _ = self.observer.set(Box::new(observer));
    }

    fn changed(&self, entry: &Entry) {
        self.observer.get().into_iter().for_each(|observer| observer(entry));
    }

    pub(crate) fn entry(&self, name: &str) -> Option<Arc<Entry>> {
        self.read().by_name.get(name).cloned()
    }

    pub(crate) fn entries(&self) -> Vec<Arc<Entry>> {
        self.read().by_name.values().cloned().collect()
    }

    /// Makes the slot of a name; one that is there already stays.
    pub(crate) fn declare(&self, name: &Arc<str>, client_type: Option<ClientType>) -> Arc<Entry> {
        Arc::clone(self.declared(&mut self.write(), name, client_type))
    }

    /// Takes the entry itself out, when it is still the one of its name.
    pub(crate) fn take_out(&self, entry: &Arc<Entry>) -> Option<Replaced> {
        let mut entries = self.write();
        let found = entries.by_name.get(entry.name()).is_some_and(|found| Arc::ptr_eq(found, entry));
        // In the same critical section: another entry of that name must not be in the index before this one is out.
        found.then(|| {
            entries.by_name.remove(entry.name());
            entry.remove()
        })
    }

    /// Takes the entry itself out, when it has neither a client nor an attempt or a goodbye under way. Gives what it let
    /// go of; `None` when it was not in here any more.
    pub(crate) fn take_out_at_rest(&self, entry: &Arc<Entry>) -> Result<Option<Replaced>, NotAtRest> {
        let mut entries = self.write();
        if entries.by_name.get(entry.name()).is_none_or(|found| !Arc::ptr_eq(found, entry)) {
            return Ok(None);
        }
        let replaced = entry.remove_at_rest().ok_or(NotAtRest)?;
        entries.by_name.remove(entry.name());
        Ok(Some(replaced))
    }

    /// Whether nothing is given out, because all is being closed.
    pub(crate) fn is_sealed(&self) -> bool {
        self.read().sealed
    }

    /// Nothing is given out from now on, and nothing comes in.
    pub(crate) fn seal(&self) {
        let mut entries = self.write();
        entries.sealed = true;
        entries.by_name.values().for_each(|entry| entry.seal());
    }

    /// Takes back what [`seal`](Self::seal) did.
    pub(crate) fn unseal(&self) {
        let mut entries = self.write();
        entries.sealed = false;
        entries.by_name.values().for_each(|entry| entry.unseal());
    }

    fn declared<'e>(
        &self,
        entries: &'e mut Entries,
        name: &Arc<str>,
        client_type: Option<ClientType>,
    ) -> &'e Arc<Entry> {
        let sealed = entries.sealed;
        let new = || {
            let entry = Entry::new(Arc::clone(name), client_type, Arc::clone(&self.index));
            if sealed {
                entry.seal();
            }
            Arc::new(entry)
        };
        entries.by_name.entry(Arc::clone(name)).or_insert_with(new)
    }

    fn read(&self) -> RwLockReadGuard<'_, Entries> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Entries> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for ConnectionRegistry {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ConnectionRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionRegistry").field("names", &self.names()).finish_non_exhaustive()
    }
}
