//! Closing what is unused, while threads use it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use super::{
    client::{Client, ClientType},
    entry::EntryState,
    handle::HandleCache,
    instances::ConnectionRegistry,
    pending::Pending,
};
use crate::{connection::AnyClient, lease::Lease};

#[derive(Default)]
struct Watched {
    users: AtomicUsize,
    is_closed: AtomicBool,
}

impl Watched {
    fn be_used(&self) {
        self.users.fetch_add(1, Ordering::SeqCst);
        assert!(!self.is_closed.load(Ordering::SeqCst), "it was closed before");
        a_while();
        assert!(!self.is_closed.load(Ordering::SeqCst), "it was closed while it was used");
        self.users.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Puts a client whose uses are noted in place of the one before.
fn connect(state: &mut EntryState) -> (Arc<Watched>, Option<Client>) {
    let watched = Arc::new(Watched::default());
    let any: AnyClient = Arc::new(Lease::new(Arc::clone(&watched)));
    any.any_mark().note_uses();
    let client_type = ClientType::of::<Arc<Watched>>();
    let client = Client { any, client_type, origin: None, generation: 0, connected_at: Duration::ZERO };
    let before = state.slot.insert(client).client;
    (watched, before)
}

/// Long enough that the other side gets on.
fn a_while() {
    (0..100).for_each(|_| std::hint::spin_loop());
}

#[test]
fn of_a_user_and_who_closes_the_unused_client_one_sees_the_other() {
    let registry = ConnectionRegistry::new();
    registry.insert("name", ()).expect("the name is well formed");
    let entry = registry.entry("name").expect("it was inserted");
    let mut state = entry.lock();
    let leases = entry.retire(&mut state);
    let (mut current, before) = connect(&mut state);
    drop((state, leases, before));
    let (is_over, mut closed, mut kept) = (AtomicBool::new(false), 0, 0);
    thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                let handle = HandleCache::<Arc<Watched>>::new();
                while !is_over.load(Ordering::Relaxed) {
                    if let Some(conn) = registry.ready::<Arc<Watched>>("name") {
                        conn.be_used();
                        drop(conn);
                        a_while();
                    } else if let Some(Ok(conn)) = entry.guard::<Arc<Watched>>() {
                        conn.be_used();
                    }
                    if let Some(conn) = handle.current().or_else(|| handle.refresh(&entry)) {
                        conn.be_used();
                    }
                }
            });
        }
        let threads_fail = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..300_000 {
                let mut state = entry.lock();
                let Some(leases) = entry.retire_if_unused(&mut state) else {
                    kept += 1;
                    continue;
                };
                let (next, before) = connect(&mut state);
                drop(state);
                current.is_closed.store(true, Ordering::SeqCst);
                assert_eq!(current.users.load(Ordering::SeqCst), 0, "somebody uses it");
                drop((before, leases));
                (current, closed) = (next, closed + 1);
            }
        }));
        is_over.store(true, Ordering::Relaxed);
        if let Err(panic) = threads_fail {
            std::panic::resume_unwind(panic);
        }
    });
    assert!(closed > 0 && kept > 0, "closed {closed} times, kept {kept} times");
}

#[test]
fn a_check_is_no_guard() {
    let registry = ConnectionRegistry::new();
    registry.insert("name", ()).expect("the name is well formed");
    let entry = registry.entry("name").expect("it was inserted");
    let mut state = entry.lock();
    let lent = state.slot.client().map(|client| Arc::clone(&client.any));
    assert_eq!(state.guards(), 1);
    state.checking = Some(Pending::new().1);
    assert_eq!(state.guards(), 0);
    drop(state);
    let guard = entry.guard::<()>();
    assert_eq!(entry.lock().guards(), 1);
    drop((guard, lent));
}
