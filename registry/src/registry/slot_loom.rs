//! A slot behind its lock, with leases that readers take without it: all interleavings of a few threads, also those that
//! only weak memory has.
//!
//! The slot is the real one, and so is the mark of a lease, whose file is compiled here with atomics that loom sees. What is
//! around them is written again: [`Name`] for [`Entry`](super::entry::Entry), and [`Lease`] for a lease, which counts its
//! guards as an `Arc` does. A test that must fail shows for each rule that breaking it would be found.

// What the library uses of it is not all used here.
#[allow(dead_code, clippy::duplicate_mod)]
#[path = "../lease/mark.rs"]
mod mark;

use std::time::Duration;

use loom::{
    model::Builder,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use super::{
    backoff::Backoff,
    slot::{Ask, AttemptId, Closed, Failure, Finished, LetGo, Slot},
};
use mark::{Mark, withheld_if_unused};

/// What [`mark`] is made of.
mod atomic {
    pub(super) use loom::sync::atomic::{AtomicU8, AtomicU64, Ordering, fence};
}

/// A client is the number of the configuration that it was made from, from 1.
type Client = usize;

/// One name with at most as many clients as a test needs.
struct Name {
    slot: Mutex<Slot<Client, (), ()>>,
    /// The client that the index has; 0 for none.
    index: AtomicUsize,
    leases: [Lease; 3],
    /// The configuration that is in force.
    configuration: AtomicUsize,
}

/// What is known of one client.
struct Lease {
    mark: Mark,
    /// The guards that are out, and one while the slot has it.
    count: AtomicUsize,
    /// It was told goodbye.
    closed: AtomicBool,
}

/// What an attempt does with its client.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Publish {
    /// Asks the slot whether the attempt is the one that counts.
    WhenCurrent,
    /// Does not.
    Always,
}

/// Whether reader and closer look at each other behind a fence. A reader has one where uses are noted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fences {
    Both,
    ReaderAlone,
    CloserAlone,
}

impl Name {
    fn new() -> Self {
        Self {
            slot: Mutex::new(Slot::new()),
            index: AtomicUsize::new(0),
            leases: [Lease::new(), Lease::new(), Lease::new()],
            configuration: AtomicUsize::new(1),
        }
    }

    /// Connected by the configuration 1, and asked for once.
    fn connected() -> Self {
        let name = Self::new();
        let (id, client) = name.begin().expect("there is no client yet");
        name.finish(id, client, Publish::WhenCurrent);
        drop(name.guard().expect("there is a client"));
        name
    }

    fn lock(&self) -> MutexGuard<'_, Slot<Client, (), ()>> {
        self.slot.lock().expect("nobody panics with the lock")
    }

    fn lease(&self, client: Client) -> &Lease {
        &self.leases[client - 1]
    }

    /// The fast path: no lock.
    fn find(&self) -> Option<Guard<'_>> {
        let client = self.index.load(Ordering::Acquire);
        let guard = (client > 0).then(|| self.lease(client).upgrade(client))??;
        guard.lease.mark.admits().then_some(guard)
    }

    /// The slow path.
    fn guard(&self) -> Option<Guard<'_>> {
        let slot = self.lock();
        if slot.is_sealed() {
            return None;
        }
        let client = *slot.client()?;
        let guard = self.lease(client).upgrade(client).expect("the slot has it");
        self.index.store(client, Ordering::Release);
        Some(guard)
    }

    /// An attempt begins by the configuration that is in force, when one is due.
    fn begin(&self) -> Option<(AttemptId, Client)> {
        let mut slot = self.lock();
        let client = self.configuration.load(Ordering::Relaxed);
        if slot.ask(NOW) == Ask::Start {
            return Some((slot.begin(()), client));
        }
        None
    }

    fn finish(&self, id: AttemptId, client: Client, publish: Publish) {
        self.lease(client).count.store(1, Ordering::Relaxed);
        let mut slot = self.lock();
        if publish == Publish::WhenCurrent && slot.is_current(id) || publish == Publish::Always {
            self.retire(&slot);
        }
        let back = match publish {
            Publish::WhenCurrent => match slot.finish(id, NOW, Ok::<_, Failure<()>>(client), &BACKOFF, 1.0) {
                Finished::Replaced(old) | Finished::Outdated(Some(old)) => Some(old),
                Finished::Current | Finished::Kept | Finished::Outdated(None) => None,
            },
            Publish::Always => slot.insert(client).client,
        };
        drop(slot);
        back.into_iter().for_each(|client| self.lease(client).close());
    }

    /// Puts the configuration 2 in force, and makes a client by it, beside the present one where there is one.
    fn reload(&self) {
        let begun = {
            let mut slot = self.lock();
            self.configuration.store(2, Ordering::Relaxed);
            slot.renew();
            slot.begin_beside(()).map(|(id, _)| id)
        };
        let begun = begun.map(|id| (id, 2)).or_else(|| self.begin());
        begun.into_iter().for_each(|(id, client)| self.finish(id, client, Publish::WhenCurrent));
    }

    fn close(&self) {
        let mut slot = self.lock();
        self.retire(&slot);
        let closed = slot.close(());
        drop(slot);
        if let Closed::Client { client, id, .. } = closed {
            self.lease(client).close();
            self.lock().closed(id);
        }
    }

    /// Closes the client if nobody uses it.
    fn evict(&self, fences: Fences) {
        let mut slot = self.lock();
        let Some(client) = slot.client().copied() else { return };
        let lease = self.lease(client);
        let guards = || lease.count.load(Ordering::Relaxed) - 1;
        let is_unused = match fences {
            Fences::ReaderAlone => withheld_without_a_fence(&lease.mark, guards),
            Fences::Both | Fences::CloserAlone => withheld_if_unused([&lease.mark].into_iter(), guards),
        };
        if !is_unused {
            return;
        }
        self.retire(&slot);
        let LetGo { client: Some(client), .. } = slot.remove() else { panic!("there was a client") };
        drop(slot);
        self.lease(client).close();
    }

    fn seal(&self) {
        let mut slot = self.lock();
        slot.seal();
        self.retire(&slot);
    }

    /// In the same critical section in which the slot lets go of its client.
    fn retire(&self, slot: &Slot<Client, (), ()>) {
        self.index.store(0, Ordering::Release);
        if let Some(client) = slot.client() {
            self.lease(*client).mark.retire();
        }
    }

    /// Of the clients that were made, one is in the slot and all others were told goodbye.
    fn nothing_is_lost(&self, made: impl IntoIterator<Item = Client>) {
        let slot = self.lock();
        for client in made {
            let is_held = slot.client() == Some(&client);
            assert_ne!(is_held, self.lease(client).closed.load(Ordering::Relaxed), "client {client}");
        }
    }
}

impl Lease {
    fn new() -> Self {
        Self { mark: Mark::default(), count: AtomicUsize::new(0), closed: AtomicBool::new(false) }
    }

    /// As `Weak::upgrade` does it.
    fn upgrade(&self, client: Client) -> Option<Guard<'_>> {
        let more = |count| (count > 0).then_some(count + 1);
        self.count.fetch_update(Ordering::Acquire, Ordering::Relaxed, more).ok()?;
        Some(Guard { lease: self, client })
    }

    fn close(&self) {
        assert!(!self.closed.swap(true, Ordering::AcqRel), "a client is told goodbye once");
        self.count.fetch_sub(1, Ordering::Release);
    }
}

/// As [`withheld_if_unused`], but for the fence.
fn withheld_without_a_fence(mark: &Mark, guards: impl FnOnce() -> usize) -> bool {
    mark.withhold();
    let guards = guards();
    if guards > 0 {
        mark.give_out();
    }
    guards == 0
}

struct Guard<'n> {
    lease: &'n Lease,
    client: Client,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.lease.count.fetch_sub(1, Ordering::Release);
    }
}

/// Runs `test` in every interleaving, with so many switches between threads that are not forced.
fn explore(test: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(test);
}

fn spawn(name: &Arc<Name>, work: impl FnOnce(&Name) + 'static) -> thread::JoinHandle<()> {
    let name = Arc::clone(name);
    thread::spawn(move || work(&name))
}

/// An attempt by the old configuration, a reload and a caller.
fn reload_while_connecting(publish: Publish) {
    explore(move || {
        let name = Arc::new(Name::new());
        let (id, client) = name.begin().expect("there is no client yet");
        let attempt = spawn(&name, move |name| name.finish(id, client, publish));
        let reload = spawn(&name, Name::reload);
        let seen = name.guard().map(|guard| guard.client);
        let later = name.guard().map(|guard| guard.client);
        assert!(later >= seen, "client {later:?} after {seen:?}");
        attempt.join().expect("it does not panic");
        reload.join().expect("it does not panic");
        assert_eq!(name.lock().client(), Some(&2), "the client is one of the configuration that is in force");
        name.nothing_is_lost([1, 2]);
    });
}

#[test]
fn a_stale_attempt_never_takes_the_place_of_a_newer_one() {
    reload_while_connecting(Publish::WhenCurrent);
}

#[test]
#[should_panic(expected = "client")]
fn an_attempt_that_does_not_ask_whether_it_is_current_is_found() {
    reload_while_connecting(Publish::Always);
}

#[test]
fn an_attempt_a_reload_and_a_close_leave_no_client_behind() {
    explore(|| {
        let name = Arc::new(Name::connected());
        let reload = spawn(&name, Name::reload);
        let close = spawn(&name, Name::close);
        let guard = name.find();
        drop(guard);
        reload.join().expect("it does not panic");
        close.join().expect("it does not panic");
        let was_remade =
            name.leases[1].count.load(Ordering::Relaxed) > 0 || name.leases[1].closed.load(Ordering::Relaxed);
        name.nothing_is_lost(1..=1 + usize::from(was_remade));
    });
}

/// A caller without the lock, one with it, and one who closes what nobody uses.
fn evict_while_asked_for(fences: Fences) {
    explore(move || {
        let name = Arc::new(Name::connected());
        if fences != Fences::CloserAlone {
            name.leases[0].mark.note_uses();
        }
        let evict = spawn(&name, move |name| name.evict(fences));
        let other = spawn(&name, |name| in_use(name.guard()));
        in_use(name.find());
        evict.join().expect("it does not panic");
        other.join().expect("it does not panic");
        name.nothing_is_lost([1]);
    });
}

/// A client is not closed as long as there is a guard of it.
fn in_use(guard: Option<Guard<'_>>) {
    let Some(guard) = guard else { return };
    assert!(!guard.lease.closed.load(Ordering::Relaxed), "a client in use was closed");
}

#[test]
fn a_client_is_closed_as_unused_only_when_no_guard_is_out() {
    evict_while_asked_for(Fences::Both);
}

#[test]
#[should_panic(expected = "a client in use was closed")]
fn a_reader_without_a_fence_is_found() {
    evict_while_asked_for(Fences::CloserAlone);
}

#[test]
#[should_panic(expected = "a client in use was closed")]
fn a_closer_without_a_fence_is_found() {
    evict_while_asked_for(Fences::ReaderAlone);
}

#[test]
fn once_a_name_is_sealed_nobody_gets_its_client() {
    explore(|| {
        let name = Arc::new(Name::new());
        let sealed = Arc::new(AtomicBool::new(false));
        let (id, client) = name.begin().expect("there is no client yet");
        let attempt = spawn(&name, move |name| name.finish(id, client, Publish::WhenCurrent));
        let seal = spawn(&name, {
            let sealed = Arc::clone(&sealed);
            move |name| {
                name.seal();
                sealed.store(true, Ordering::Release);
            }
        });
        drop(name.guard());
        let was_sealed = sealed.load(Ordering::Acquire);
        let got = name.find().is_some() || name.guard().is_some();
        assert!(!(was_sealed && got), "a sealed name gave its client out");
        seal.join().expect("it does not panic");
        attempt.join().expect("it does not panic");
        assert_eq!(name.lock().ask(NOW), Ask::Sealed);
        assert!(name.find().is_none());
    });
}

const NOW: Duration = Duration::from_secs(1);

const BACKOFF: Backoff =
    Backoff { base: Duration::from_millis(100), max: Duration::from_secs(2), permanent: Duration::from_secs(30) };
