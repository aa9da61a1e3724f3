//! One name of the registry: its slot, and the leases of its client.

use std::{
    any::{Any, TypeId},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    guard::Conn,
    index::{Index, Published, group},
    pending::Pending,
    slot::Slot,
};
use crate::{
    connection::{AnyClient, BoxFuture},
    error::{BoxError, Error, ErrorKind, Result},
    lease::{AnyLease, Lease},
};

/// One name: its slot, and the leases of its current client.
pub(crate) struct Entry {
    name: Arc<str>,
    /// What the declared type makes; `None` when only [`insert`](super::ConnectionRegistry::insert) made the entry.
    declared_client: Option<ClientType>,
    index: Arc<Index>,
    state: Mutex<EntryState>,
    /// The names that its connect asked for: they close after it.
    dependencies: Mutex<Vec<Arc<str>>>,
}

/// What an entry has let go of. Drop it outside every lock: that of a client or of an error is the user's code.
#[must_use = "it is let go of outside the locks"]
pub(super) struct Replaced {
    client: Option<Client>,
    outdated: Option<Pending>,
    failure: Option<Error>,
}

/// What is behind the lock of an entry. The lock is never held across an `await` or a call into user code.
pub(crate) struct EntryState {
    pub(crate) slot: ClientSlot,
    /// The leases that are in the index, made as threads of each group ask.
    published: Option<Box<Published>>,
    /// The leases of handles.
    handed_out: Vec<Arc<dyn AnyLease>>,
}

/// The state machine of a slot, for real clients.
type ClientSlot = Slot<Client, Error, Pending>;

/// A connected client, with the way to say goodbye to it.
pub(crate) struct Client {
    pub(crate) any: AnyClient,
    pub(crate) client_type: ClientType,
    /// `None` for a client that was inserted ready-made.
    pub(crate) closer: Option<Closer>,
}

/// Says goodbye to a client. Holds nothing of the manager, which holds it.
pub(crate) type Closer = Box<dyn FnOnce() -> BoxFuture<'static, Result<(), BadGoodbye>> + Send>;

/// What a type's `disconnect` returned, with the secrets that its text must not show.
pub(crate) struct BadGoodbye {
    pub(crate) cause: BoxError,
    pub(crate) secrets: Vec<String>,
}

/// A Rust type: its identity, and its name for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClientType {
    pub(crate) id: TypeId,
    pub(crate) name: &'static str,
}

impl Entry {
    pub(super) fn new(name: Arc<str>, declared_client: Option<ClientType>, index: Arc<Index>) -> Self {
        let state = EntryState { slot: Slot::new(), published: None, handed_out: Vec::new() };
        Self { name, declared_client, index, state: Mutex::new(state), dependencies: Mutex::default() }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, EntryState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a declaration to make it from.
    pub(crate) fn is_declared(&self) -> bool {
        self.declared_client.is_some()
    }

    /// The client type that the connection has, or will have.
    pub(crate) fn client_type(&self) -> Option<ClientType> {
        self.lock().slot.client().map(|client| client.client_type).or(self.declared_client)
    }

    /// A guard from this thread's lease in the index, which is published when this is its first. `None` when the slot
    /// has no client; an error when the client is of another type.
    pub(crate) fn guard<T: Send + Sync + 'static>(&self) -> Option<Result<Conn<T>>> {
        let mut state = self.lock();
        let owner = match state.lease::<T>()? {
            Ok(owner) => owner,
            Err(found) => return Some(Err(self.wrong_type::<T>(found))),
        };
        let published = state.published.get_or_insert_default();
        if let Some(lease) = published[group()].as_ref().and_then(typed) {
            return Some(Ok(Conn::new(lease)));
        }
        let is_first = published.iter().all(Option::is_none);
        let lease = if is_first { owner } else { apart(published, &owner) };
        published[group()] = Some(Arc::clone(&lease) as _);
        self.index.publish(&self.name, published);
        Some(Ok(Conn::new(lease)))
    }

    /// A lease of a handle's own, so that handles in different tasks share no counter. `None` when the slot has
    /// no client of this type.
    pub(crate) fn lease<T: Send + Sync + 'static>(&self) -> Option<Arc<Lease<T>>> {
        let mut state = self.lock();
        let lease = Arc::new(state.lease()?.ok()?.share());
        // Before the list grows, what belonged to handles that are gone makes room. It is left with as much room as it is
        // long, so that this is rare.
        if state.handed_out.len() == state.handed_out.capacity() {
            state.handed_out.retain(is_in_use);
            let used = state.handed_out.len();
            state.handed_out.reserve(used + 1);
        }
        state.handed_out.push(Arc::clone(&lease) as _);
        Some(lease)
    }

    /// How many leases of handles are kept.
    #[cfg(test)]
    pub(super) fn leases(&self) -> usize {
        self.lock().handed_out.len()
    }

    /// Withdraws every lease of the current client. Call it in the same critical section in which the slot lets
    /// go of the client.
    pub(crate) fn retire(&self, state: &mut EntryState) {
        let published = state.published.take();
        if published.is_some() {
            self.index.withdraw(&self.name);
        }
        if let Some(client) = state.slot.client() {
            client.any.retire();
        }
        let published = published.into_iter().flat_map(|leases| *leases).flatten();
        for lease in published.chain(state.handed_out.drain(..)) {
            lease.retire();
        }
    }

    /// The error for a caller who asked for a `T`.
    pub(crate) fn wrong_type<T: 'static>(&self, found: ClientType) -> Error {
        let (name, asked) = (&self.name, std::any::type_name::<T>());
        let message = format!("the client of connection `{name}` is `{}`, but `{asked}` was asked for", found.name);
        Error::new(ErrorKind::WrongType, message).for_connection(name)
    }

    /// Notes that the connection uses `name`, and so must close before it.
    pub(crate) fn depends_on(&self, name: &str) {
        let mut dependencies = self.dependencies.lock().unwrap_or_else(PoisonError::into_inner);
        if !dependencies.iter().any(|known| **known == *name) {
            dependencies.push(name.into());
        }
    }

    /// Forgets what earlier attempts asked for.
    pub(crate) fn depends_only_on(&self, names: Vec<Arc<str>>) {
        *self.dependencies.lock().unwrap_or_else(PoisonError::into_inner) = names;
    }

    pub(crate) fn dependencies(&self) -> Vec<Arc<str>> {
        self.dependencies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a ready-made client in place of whatever there is.
    pub(super) fn insert(&self, client: Client) -> Replaced {
        self.replace(|slot| slot.insert(client))
    }

    /// Lets go of whatever there is, for good.
    pub(super) fn remove(&self) -> Replaced {
        self.replace(Slot::remove)
    }

    fn replace(&self, change: impl FnOnce(&mut ClientSlot) -> (Option<Client>, Option<Pending>)) -> Replaced {
        let mut state = self.lock();
        self.retire(&mut state);
        let failure = state.slot.failure().cloned();
        let (client, outdated) = change(&mut state.slot);
        Replaced { client, outdated, failure }
    }
}

impl EntryState {
    /// The lease that owns the current client.
    fn lease<T: Send + Sync + 'static>(&self) -> Option<Result<Arc<Lease<T>>, ClientType>> {
        let client = self.slot.client()?;
        Some(typed(&client.any).ok_or(client.client_type))
    }
}

impl Replaced {
    pub(super) fn let_go(self) {
        let Self { client, outdated, failure } = self;
        if let Some(pending) = outdated {
            pending.abort();
        }
        drop((client, failure));
    }
}

impl ClientType {
    pub(crate) fn of<T: 'static>() -> Self {
        Self { id: TypeId::of::<T>(), name: std::any::type_name::<T>() }
    }
}

/// Whether a handle can still give it out, or a guard has it.
fn is_in_use(lease: &Arc<dyn AnyLease>) -> bool {
    Arc::weak_count(lease) > 0 || Arc::strong_count(lease) > 1
}

/// A lease for one more group of threads. The client lies beside the counters of the lease that owns it: from the second
/// group on nobody counts there, so that a line that all of them read is not written.
fn apart<T: Send + Sync + 'static>(published: &mut Published, owner: &Arc<Lease<T>>) -> Arc<Lease<T>> {
    for lease in published.iter_mut().flatten() {
        if typed::<T>(lease).is_some_and(|lease| Arc::ptr_eq(&lease, owner)) {
            *lease = Arc::new(owner.share());
        }
    }
    Arc::new(owner.share())
}

fn typed<T: Send + Sync + 'static>(lease: &Arc<dyn AnyLease>) -> Option<Arc<Lease<T>>> {
    let lease: Arc<dyn Any + Send + Sync> = Arc::clone(lease) as _;
    lease.downcast().ok()
}
