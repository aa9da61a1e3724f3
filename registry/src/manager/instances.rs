//! The connections that templates make: when they come, how many live at once, and which one makes room.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{
    disconnect::Guards,
    shared::{Declarations, Shared, client_type as client_type_of, targets},
};
use crate::{
    config::Declared,
    error::{Error, ErrorKind, Result},
    registry::{ClientType, ConnectionRegistry, Entry, Replaced},
};

/// The instances of all templates of a manager. Its lock is taken before that of the registry and that of an entry,
/// and never by who holds one of them.
#[derive(Default)]
pub(super) struct Instances(Mutex<State>);

#[derive(Default)]
struct State {
    /// By template: the entries that have a place. Whether one still needs it is looked at when places are short.
    places: HashMap<Arc<str>, Places>,
    /// All entries that were made for an instance, the oldest first.
    known: VecDeque<Arc<Entry>>,
}

/// The places of one template.
#[derive(Default)]
struct Places(HashMap<Address, Occupant>);

/// Tells entries apart; that of an entry which is kept alive beside it.
type Address = usize;

struct Occupant {
    entry: Arc<Entry>,
    /// How many callers are about to change its state.
    reserved: usize,
}

/// An entry that was taken out of the registry. Drop it outside every lock: the drop of its failure may be anybody's code.
struct Forgotten {
    entry: Arc<Entry>,
    _let_go: Option<Replaced>,
}

/// One of the places of a template, until the attempt for which it was taken has begun: from then on the entry's state
/// says that it needs the place.
pub(super) struct Place {
    shared: Arc<Shared>,
    template: Arc<str>,
    address: Address,
}

impl Shared {
    /// Whether there is a connection `name`, or a template that makes it.
    pub(super) fn has(&self, name: &str) -> bool {
        self.registry.contains(name) || template(&self.configuration(), name).is_some()
    }

    /// The entry of an instance that has none yet. A caller who asks for another client than the template's type makes
    /// leaves none behind.
    pub(super) fn instance(&self, name: &str, asked: Option<ClientType>) -> Result<Arc<Entry>> {
        loop {
            let configuration = self.configuration();
            let client_type = self.instance_type(&configuration, name, asked)?;
            if self.registry.is_sealed() {
                return Err(self.shut_down(name));
            }
            let (entry, forgotten) = self.instances.declare(&self.registry, &configuration, name, client_type);
            let in_force = self.configuration();
            if Arc::ptr_eq(&configuration, &in_force) {
                return Ok(entry);
            }
            // Another configuration came in between, and who put it in force may have seen neither the new entry nor that
            // others went.
            drop(self.registry.take_out_at_rest(&entry));
            for Forgotten { entry, .. } in &forgotten {
                if let Some(declared) = in_force.find(entry.name()).filter(|declared| declared.enabled) {
                    let entry = self.registry.declare(&declared.name, client_type_of(&self.factory, declared));
                    entry.depends_only_on(targets(declared));
                }
            }
        }
    }

    /// The client that the template of `name` makes, when that is the one `asked` for.
    pub(super) fn instance_type(
        &self,
        configuration: &Declarations,
        name: &str,
        asked: Option<ClientType>,
    ) -> Result<Option<ClientType>> {
        let declared = template(configuration, name).ok_or_else(|| self.absent(name))?;
        let made = client_type_of(&self.factory, declared);
        match (asked, made) {
            (Some(asked), Some(made)) if asked != made => Err(self.wrong_type(name, made, asked)),
            _ => Ok(made),
        }
    }

    /// A place for the next attempt of an instance; `None` for other connections. Where all are taken, the instance
    /// that nobody has used for longest is closed.
    pub(super) fn place(self: &Arc<Self>, entry: &Arc<Entry>) -> Result<Option<Place>> {
        let configuration = self.configuration();
        let Some(declared) = template(&configuration, entry.name()) else { return Ok(None) };
        if !entry.lock().is_declared() {
            // It was inserted ready-made before, and closed since.
            entry.declare(client_type_of(&self.factory, declared));
        }
        let limit = usize::try_from(declared.lifecycle.max_instances).unwrap_or(usize::MAX);
        // One at a time: the goodbye of each begins outside the lock.
        while !self.make_room(&configuration, &declared.name, entry, limit)? {}
        Ok(Some(Place { shared: Arc::clone(self), template: Arc::clone(&declared.name), address: address(entry) }))
    }

    /// True once there is a place for `entry`; false when one other instance was closed and there are still too many.
    fn make_room(
        self: &Arc<Self>,
        configuration: &Declarations,
        of: &Arc<str>,
        entry: &Arc<Entry>,
        limit: usize,
    ) -> Result<bool> {
        let mut instances = self.instances.lock();
        let places = instances.places.entry(Arc::clone(of)).or_default();
        if places.reserve(entry, limit) {
            return Ok(true);
        }
        // After a reload, a name may be declared by itself, or be made from another template.
        let is_of = |name: &str| template(configuration, name).is_some_and(|declared| declared.name == *of);
        places.0.retain(|_, occupant| occupant.needs_place(is_of));
        if places.reserve(entry, limit) {
            return Ok(true);
        }
        let idle = places.idle();
        let retired = idle.iter().filter(|other| !Arc::ptr_eq(other, entry)).find_map(|victim| {
            let mut state = victim.lock();
            // Whoever comes to wait for it now finds it closed.
            let is_awaited = victim.is_awaited();
            let leases = if is_awaited { None } else { victim.retire_if_unused(&mut state) };
            leases.map(|leases| (victim, state, leases))
        });
        let Some((victim, state, leases)) = retired else {
            drop(instances);
            return Err(self.too_many(entry.name(), limit));
        };
        // It keeps its place until it has let go of its client, which nobody gets in between, as its entry stays locked.
        places.hold(victim);
        drop(instances);
        drop(self.close_retired(victim, state, leases, Guards::Leave));
        let mut instances = self.instances.lock();
        let places = instances.places.entry(Arc::clone(of)).or_default();
        places.release(&address(victim));
        places.0.retain(|_, occupant| !Arc::ptr_eq(&occupant.entry, victim) || occupant.needs_place(is_of));
        Ok(places.reserve(entry, limit))
    }

    fn too_many(&self, name: &str, limit: usize) -> Error {
        let message = format!(
            "{} cannot be made: all {limit} connections that its template may have (`lifecycle.max_instances`) are \
             in use",
            self.describe(name)
        );
        Error::new(ErrorKind::TooManyInstances, message)
            .for_connection(name)
            .retryable(true)
            .help("the first one that is used no more makes room")
    }
}

/// Whether each use of a client that is made from this is noted: it may be closed because nobody has used it for long.
pub(super) fn notes_uses(declared: &Declared) -> bool {
    declared.lifecycle.idle_timeout.is_some() || declared.is_template()
}

impl Instances {
    /// The entry of an instance, made where there is none. Of those that are at rest, the oldest ones are forgotten when
    /// there are too many; they are made anew when somebody asks for them.
    fn declare(
        &self,
        registry: &ConnectionRegistry,
        configuration: &Declarations,
        name: &str,
        client_type: Option<ClientType>,
    ) -> (Arc<Entry>, Vec<Forgotten>) {
        let mut instances = self.lock();
        if let Some(entry) = registry.entry(name) {
            return (entry, Vec::new());
        }
        let forgotten = instances.forget_oldest(registry, configuration);
        let entry = registry.declare(&name.into(), client_type);
        instances.known.push_back(Arc::clone(&entry));
        (entry, forgotten)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn forget_oldest(&mut self, registry: &ConnectionRegistry, configuration: &Declarations) -> Vec<Forgotten> {
        let mut forgotten = Vec::new();
        let bound = REMEMBERED + self.places.values().map(|places| places.0.len()).sum::<usize>();
        for _ in 0..self.known.len() {
            if self.known.len() < bound {
                break;
            }
            let Some(oldest) = self.known.pop_front() else { break };
            if configuration.find(oldest.name()).is_some() {
                // A reload brought a declaration of its own.
                continue;
            }
            match registry.take_out_at_rest(&oldest) {
                Ok(let_go) => forgotten.push(Forgotten { entry: oldest, _let_go: let_go }),
                Err(_) => self.known.push_back(oldest),
            }
        }
        forgotten
    }
}

impl Places {
    /// A place for `entry`, when there is one.
    fn reserve(&mut self, entry: &Arc<Entry>, limit: usize) -> bool {
        let is_new = !self.0.contains_key(&address(entry));
        if self.0.len() + usize::from(is_new) > limit {
            return false;
        }
        self.0.entry(address(entry)).or_insert_with(|| Occupant { entry: Arc::clone(entry), reserved: 0 });
        self.hold(entry);
        true
    }

    /// The entry needs its place, whatever its state is.
    fn hold(&mut self, entry: &Arc<Entry>) {
        if let Some(occupant) = self.0.get_mut(&address(entry)) {
            occupant.reserved += 1;
        }
    }

    /// The entry needs its place for as long as its state says so.
    fn release(&mut self, address: &Address) {
        if let Some(occupant) = self.0.get_mut(address) {
            occupant.reserved = occupant.reserved.saturating_sub(1);
        }
    }

    /// The instances that may be closed, the one that nobody has used for longest first, and of several the oldest.
    fn idle(&self) -> Vec<Arc<Entry>> {
        let mut idle = Vec::new();
        for Occupant { entry, reserved } in self.0.values() {
            let state = entry.lock();
            // A client that the application made cannot be made again, and one whose successor is being made is not idle.
            let made = state.slot.client().filter(|client| client.origin.is_some() && state.slot.replacing().is_none());
            if let Some(client) = made
                && *reserved == 0
                && state.guards() == 0
            {
                idle.push(((state.used_at(), client.connected_at), Arc::clone(entry)));
            }
        }
        idle.sort_unstable_by_key(|(order, _)| *order);
        idle.into_iter().map(|(_, entry)| entry).collect()
    }
}

impl Occupant {
    fn needs_place(&self, is_of_template: impl Fn(&str) -> bool) -> bool {
        let is_up = || {
            let state = self.entry.lock();
            state.slot.is_connecting() || state.slot.client().is_some()
        };
        self.reserved > 0 || is_up() && is_of_template(self.entry.name())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(places) = self.shared.instances.lock().places.get_mut(&self.template) {
            places.release(&self.address);
        }
    }
}

/// The enabled template that `name` is made from.
fn template<'c>(configuration: &'c Declarations, name: &str) -> Option<&'c Declared> {
    configuration.declaration(name).filter(|declared| declared.is_template() && declared.enabled)
}

fn address(entry: &Arc<Entry>) -> Address {
    Arc::as_ptr(entry).addr()
}

/// How many instances without a client are remembered, with their failures, beside as many as have a place.
const REMEMBERED: usize = 1000;
