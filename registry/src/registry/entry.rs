//! One name of the registry: its slot, and the leases of its client.

use std::{
    any::Any,
    ops::Deref,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{
    client::{Client, ClientType, Leases, Replaced, Retired, guards},
    guard::Conn,
    index::{Index, Published, group},
    pending::Pending,
    slot::{AttemptId, LetGo, Slot},
    state::ConnectionState,
    watched::Watched,
};
use crate::{
    config::Fingerprint,
    error::{Error, ErrorKind, Result},
    lease::{AnyLease, Lease, Mark, withheld_if_unused},
};

/// One name: its slot, and the leases of its current client.
pub(crate) struct Entry {
    name: Arc<str>,
    index: Arc<Index>,
    state: Mutex<EntryState>,
    dependencies: Mutex<Dependencies>,
    /// How many callers are on their way to a guard.
    callers: AtomicUsize,
    /// Whether a connection that refers to it was ever made with its client.
    is_referred_to: AtomicBool,
}

/// A caller on the way to a guard: while there is one, the entry's client is not closed for being idle.
pub(crate) struct Caller(Arc<Entry>);

/// What is behind the lock of an entry. The lock is never held across an `await` or a call into user code.
pub(crate) struct EntryState {
    pub(crate) slot: ClientSlot,
    /// What the declared type makes; `None` when only [`insert`](super::ConnectionRegistry::insert) made the entry.
    declared_client: Option<ClientType>,
    /// The leases that are in the index, made as threads of each group ask.
    published: Option<Box<Published>>,
    /// The leases of handles.
    handed_out: Vec<Arc<dyn AnyLease>>,
    /// What operators were told last, and when it became so.
    pub(crate) told: Told,
    pub(crate) last_check: Option<LastCheck>,
    /// Whether it is to be up without a caller: a failure is tried again in the background.
    pub(crate) is_kept_up: bool,
    /// Whether the client is to be replaced: it is degraded and cannot heal itself, or the configuration has changed.
    pub(crate) is_stale: bool,
    /// Whether that is so because the configuration has changed.
    pub(crate) is_behind: bool,
    /// Whether that is so because something that the client refers to has another client.
    pub(crate) is_following: bool,
    /// What the last attempt connects with, or did; `None` before it has its values.
    pub(crate) tried: Option<Box<Tried>>,
    /// The check under way: it has the client, and is no guard.
    pub(crate) checking: Option<Pending>,
    /// The change in place under way: likewise.
    pub(crate) updating: Option<Pending>,
    /// What the looks at the client have seen.
    pub(crate) watched: Watched,
    /// When a lease was last used that is gone by now; see [`Mark::used_at`](crate::lease::Mark::used_at).
    used_at: u64,
}

/// What operators were told last of a name, and since when it is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) state: ConnectionState,
    pub(crate) generation: u64,
    pub(crate) since: Duration,
}

/// The last check of a client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastCheck {
    /// When it ended.
    pub(crate) at: Duration,
    pub(crate) took: Duration,
    pub(crate) passed: bool,
}

/// What an attempt to connect was made with.
pub(crate) struct Tried {
    content: Fingerprint,
    /// When it was last looked, after a failure that was to stay, whether that is still what there is.
    pub(crate) looked_at: Option<Duration>,
}

/// The names that a connection refers to: they close after it.
#[derive(Default)]
struct Dependencies {
    /// What the connect of the client asked for.
    held: Vec<Arc<str>>,
    /// What that of the next client asks for, which is made beside it.
    next: Option<Vec<Arc<str>>>,
}

/// The state machine of a slot, for real clients.
pub(crate) type ClientSlot = Slot<Client, Error, Pending>;

impl Entry {
    pub(super) fn new(name: Arc<str>, declared_client: Option<ClientType>, index: Arc<Index>) -> Self {
        let told = Told { state: ConnectionState::Declared, generation: 0, since: Duration::ZERO };
        let state = EntryState {
            slot: Slot::new(),
            declared_client,
            published: None,
            handed_out: Vec::new(),
            told,
            last_check: None,
            is_kept_up: false,
            is_stale: false,
            is_behind: false,
            is_following: false,
            tried: None,
            checking: None,
            updating: None,
            watched: Watched::default(),
            used_at: 0,
        };
        Self {
            name,
            index,
            state: Mutex::new(state),
            dependencies: Mutex::default(),
            callers: AtomicUsize::new(0),
            is_referred_to: AtomicBool::new(false),
        }
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, EntryState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The attempt `id` connects with `content`.
    pub(crate) fn attempts(&self, id: AttemptId, content: Fingerprint) {
        let mut state = self.lock();
        if state.slot.is_current(id) {
            state.tried = Some(Box::new(Tried { content, looked_at: None }));
        }
    }

    /// Whether a caller is on the way to a guard. Asked with the entry locked, which a caller locks as well to learn whether
    /// there is a client.
    pub(crate) fn is_awaited(&self) -> bool {
        self.callers.load(Ordering::Relaxed) > 0
    }

    /// What the declared type makes has changed.
    pub(crate) fn declare(&self, client_type: Option<ClientType>) {
        self.lock().declared_client = client_type;
    }

    /// The client type that the connection has, or will have.
    pub(crate) fn client_type(&self) -> Option<ClientType> {
        let state = self.lock();
        state.slot.client().map(|client| client.client_type).or(state.declared_client)
    }

    /// A guard from this thread's lease in the index, which is published when this is its first. `None` when the slot
    /// has no client to give out; an error when the client is of another type.
    pub(crate) fn guard<T: Send + Sync + 'static>(&self) -> Option<Result<Conn<T>>> {
        let mut state = self.lock();
        if state.slot.is_sealed() {
            return None;
        }
        let owner = match state.lease::<T>()? {
            Ok(owner) => owner,
            Err(found) => return Some(Err(self.wrong_type::<T>(found))),
        };
        let published = state.published.get_or_insert_default();
        if let Some(lease) = published[group()].as_ref().and_then(typed::<T>) {
            lease.mark().admits();
            return Some(Ok(Conn::new(lease)));
        }
        let is_first = published.iter().all(Option::is_none);
        let lease = if is_first { owner } else { apart(published, &owner) };
        lease.mark().admits();
        published[group()] = Some(Arc::clone(&lease) as _);
        self.index.publish(&self.name, published);
        Some(Ok(Conn::new(lease)))
    }

    /// A lease of a handle's own, so that handles in different tasks share no counter. `None` when the slot has
    /// no client of this type.
    pub(crate) fn lease<T: Send + Sync + 'static>(&self) -> Option<Arc<Lease<T>>> {
        let mut state = self.lock();
        if state.slot.is_sealed() {
            return None;
        }
        let lease = Arc::new(state.lease()?.ok()?.share());
        // Before the list grows, what belonged to handles that are gone makes room. It is left with as much room as it is
        // long, so that this is rare.
        if state.handed_out.len() == state.handed_out.capacity() {
            state.forget_unused();
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

    /// Withdraws every lease of the current client and gives them back. Call it in the same critical section in which
    /// the slot lets go of the client.
    pub(crate) fn retire(&self, state: &mut EntryState) -> Leases {
        for borrower in [state.checking.take(), state.updating.take()].into_iter().flatten() {
            borrower.abort();
        }
        let published = state.published.take();
        if published.is_some() {
            self.index.withdraw(&self.name);
        }
        if let Some(client) = state.slot.client() {
            client.any.any_mark().retire();
        }
        let published = published.into_iter().flat_map(|leases| *leases).flatten();
        let generation = state.slot.client().map(|_| state.slot.generation());
        let leases = Leases { all: published.chain(state.handed_out.drain(..)).collect(), generation };
        leases.all.iter().for_each(|lease| lease.any_mark().retire());
        state.used_at = 0;
        state.last_check = None;
        leases
    }

    /// As [`retire`](Self::retire), but only when no guard of the client is out. It holds for a client whose uses are noted.
    pub(crate) fn retire_if_unused(&self, state: &mut EntryState) -> Option<Leases> {
        state.slot.client()?;
        let is_unused = withheld_if_unused(state.marks(), || state.guards());
        is_unused.then(|| self.retire(state))
    }

    /// The error for a caller who asked for a `T`.
    pub(crate) fn wrong_type<T: 'static>(&self, found: ClientType) -> Error {
        let (name, asked) = (&self.name, std::any::type_name::<T>());
        let message = format!("the client of connection `{name}` is `{}`, but `{asked}` was asked for", found.name);
        Error::new(ErrorKind::WrongType, message).for_connection(name)
    }

    /// Notes that the connection uses `name`, and so must close before it.
    pub(crate) fn depends_on(&self, name: &str) {
        let mut dependencies = self.lock_dependencies();
        let Dependencies { held, next } = &mut *dependencies;
        let names = next.as_mut().unwrap_or(held);
        if !names.iter().any(|known| **known == *name) {
            names.push(name.into());
        }
    }

    /// Its client was given to a connection that is being made.
    pub(crate) fn note_reference(&self) {
        self.is_referred_to.store(true, Ordering::Relaxed);
    }

    /// False when no client can have been made with one of it.
    pub(crate) fn is_referred_to(&self) -> bool {
        self.is_referred_to.load(Ordering::Relaxed)
    }

    /// Forgets what earlier attempts asked for.
    pub(crate) fn depends_only_on(&self, names: Vec<Arc<str>>) {
        *self.lock_dependencies() = Dependencies { held: names, next: None };
    }

    /// An attempt beside the present client begins to ask for others.
    pub(crate) fn next_depends_on(&self, names: Vec<Arc<str>>) {
        self.lock_dependencies().next = Some(names);
    }

    /// The attempt beside the present client is over: another client has taken its place, or it stays.
    pub(crate) fn has_ended_beside(&self, replaced: bool) {
        let mut dependencies = self.lock_dependencies();
        if let Some(next) = dependencies.next.take().filter(|_| replaced) {
            dependencies.held = next;
        }
    }

    /// What the client refers to, and what the next one does.
    pub(crate) fn dependencies(&self) -> Vec<Arc<str>> {
        let dependencies = self.lock_dependencies();
        dependencies.held.iter().chain(dependencies.next.iter().flat_map(|next| next.iter())).cloned().collect()
    }

    fn lock_dependencies(&self) -> MutexGuard<'_, Dependencies> {
        self.dependencies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives nothing out from now on; what there is stays until it is closed.
    pub(super) fn seal(&self) {
        let mut state = self.lock();
        state.slot.seal();
        if state.published.is_some() {
            self.index.withdraw(&self.name);
        }
        state.marks().for_each(Mark::retire);
    }

    /// Gives the client out again, when it is still there.
    pub(super) fn unseal(&self) {
        let mut state = self.lock();
        state.slot.unseal();
        state.marks().for_each(Mark::reinstate);
        if let Some(published) = &state.published {
            self.index.publish(&self.name, published);
        }
    }

    /// Puts a ready-made client in place of whatever there is.
    pub(super) fn insert(&self, client: Client) -> Replaced {
        self.replace(|slot| slot.insert(client))
    }

    /// Lets go of whatever there is, for good.
    pub(crate) fn remove(&self) -> Replaced {
        self.replace(Slot::remove)
    }

    /// As [`remove`](Self::remove), when it has neither a client nor an attempt or a goodbye under way, and no caller.
    pub(super) fn remove_at_rest(&self) -> Option<Replaced> {
        let mut state = self.lock();
        let is_at_rest =
            matches!(state.slot.state(), ConnectionState::Declared | ConnectionState::Failed | ConnectionState::Closed);
        let failure = state.slot.failure().cloned();
        (is_at_rest && !self.is_awaited()).then(|| {
            let LetGo { client: _, outdated } = state.slot.remove();
            Replaced { retired: None, outdated, failure }
        })
    }

    fn replace(&self, change: impl FnOnce(&mut ClientSlot) -> LetGo<Client, Pending>) -> Replaced {
        let mut state = self.lock();
        let leases = self.retire(&mut state);
        let failure = state.slot.failure().cloned();
        let LetGo { client, outdated } = change(&mut state.slot);
        // What is put in its place is not to be replaced by itself.
        (state.is_stale, state.is_following) = (false, false);
        Replaced { retired: client.map(|client| Retired::new(client, leases)), outdated, failure }
    }
}

impl Caller {
    pub(crate) fn new(entry: Arc<Entry>) -> Self {
        entry.callers.fetch_add(1, Ordering::Relaxed);
        Self(entry)
    }
}

impl Deref for Caller {
    type Target = Arc<Entry>;

    fn deref(&self) -> &Arc<Entry> {
        &self.0
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.callers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl EntryState {
    /// The lease that owns the current client.
    fn lease<T: Send + Sync + 'static>(&self) -> Option<Result<Arc<Lease<T>>, ClientType>> {
        let client = self.slot.client()?;
        Some(typed(&client.any).ok_or(client.client_type))
    }

    /// What the last attempt connects with, or did.
    pub(crate) fn attempted(&self) -> Option<Fingerprint> {
        self.tried.as_ref().map(|tried| tried.content)
    }

    /// Whether there is a declaration to make it from.
    pub(crate) fn is_declared(&self) -> bool {
        self.declared_client.is_some()
    }

    /// How many guards of the current client are out.
    pub(crate) fn guards(&self) -> usize {
        let counted = self.slot.client().map_or(0, |client| guards(&client.any, self.leases()));
        let lent = [&self.checking, &self.updating].into_iter().flatten().count();
        counted.saturating_sub(lent)
    }

    /// When the current client was last given out: larger is later. Zero where that is not noted.
    pub(crate) fn used_at(&self) -> u64 {
        self.marks().map(Mark::used_at).fold(self.used_at, u64::max)
    }

    /// From now on each use of the current client is noted.
    pub(crate) fn note_uses(&self) {
        self.marks().for_each(Mark::note_uses);
    }

    /// The marks of all leases of the current client.
    fn marks(&self) -> impl Iterator<Item = &Mark> + Clone {
        let own = self.slot.client().map(|client| &client.any);
        self.leases().chain(own).map(|lease| lease.any_mark())
    }

    fn leases(&self) -> impl Iterator<Item = &Arc<dyn AnyLease>> + Clone {
        let published = self.published.as_deref().map_or(&[][..], |published| &published[..]);
        published.iter().flatten().chain(&self.handed_out)
    }

    /// Makes room where the handles of leases are gone.
    fn forget_unused(&mut self) {
        let used_at = &mut self.used_at;
        self.handed_out.retain(|lease| {
            let kept = is_in_use(lease);
            if !kept {
                *used_at = (*used_at).max(lease.any_mark().used_at());
            }
            kept
        });
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
