//! The same thing a million times: memory, tasks and file descriptors stay as they are.
//!
//! A binary of its own, since it measures the whole process.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::{
    alloc::System,
    future::Future,
    sync::{
        Barrier, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use connection_registry::{BoxError, ConnectContext, Connection, ConnectionManager, connection_type};
use connection_registry_tests::manager;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::runtime::{Builder, Handle};

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A connection that is made of nothing.
#[connection_type("nothing")]
struct Nothing {
    #[expect(dead_code, reason = "what a reload changes")]
    #[serde(default)]
    value: usize,
}

struct Client {
    _bytes: Vec<u8>,
}

impl Connection for Nothing {
    type Client = Client;

    async fn connect(&self, _: &ConnectContext) -> Result<Client, BoxError> {
        OPEN.fetch_add(1, Ordering::Relaxed);
        Ok(Client { _bytes: vec![0; 1000] })
    }

    async fn disconnect(&self, _: &Client) -> Result<(), BoxError> {
        tokio::task::yield_now().await;
        Ok(())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn a_million_connects_and_disconnects_leave_nothing_behind() {
    let _one_at_a_time = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let managers: Vec<_> = (0..THREADS).map(|_| manager("connections.a = { type = 'nothing' }")).collect();
    let connect = async |connections: &ConnectionManager, _: usize| {
        drop(connections.get::<Client>("a").await.unwrap());
        connections.disconnect("a").await.unwrap();
    };
    stays_flat(&managers, 1_000_000, connect);
    assert_eq!(OPEN.load(Ordering::Relaxed), 0, "every client was dropped");
}

#[test]
fn a_hundred_thousand_names_that_come_and_go_leave_nothing_behind() {
    let _one_at_a_time = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let managers: Vec<_> = (0..THREADS).map(|_| manager("")).collect();
    let come_and_go = async |connections: &ConnectionManager, number: usize| {
        let name = format!("tenant/{number}");
        OPEN.fetch_add(1, Ordering::Relaxed);
        connections.insert(&name, Client { _bytes: vec![0; 1000] }).unwrap();
        let guard = connections.get::<Client>(&name).await.unwrap();
        assert!(connections.registry().remove(&name));
        drop(guard);
    };
    stays_flat(&managers, 100_000, come_and_go);
    assert_eq!(OPEN.load(Ordering::Relaxed), 0, "every client was dropped");
    assert!(managers.iter().all(|connections| connections.names().is_empty()));
}

/// Each changes one of two connections, so that a client is made, checked, put in place of the old one, and that one closed.
#[test]
fn reloads_leave_nothing_behind() {
    let _one_at_a_time = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let times = std::env::var("SOAK_RELOADS").map_or(RELOADS, |times| times.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<_> = (0..THREADS).map(|thread| folder.path().join(format!("{thread}.toml"))).collect();
    let write = |number: usize| {
        let text = format!("connections.a = {{ type = 'nothing', value = {} }}\n", number / THREADS);
        std::fs::write(&files[number % THREADS], text + "connections.b = { type = 'nothing' }").unwrap();
    };
    (0..THREADS).for_each(write);
    let managers: Vec<_> = files.iter().map(|file| ConnectionManager::from_file(file).unwrap()).collect();
    let reload = async |connections: &ConnectionManager, number: usize| {
        drop(connections.get::<Client>("a").await.unwrap());
        write(number + THREADS);
        let report = connections.reload().await.unwrap();
        assert_eq!((report.rebuilt(), report.unchanged()), (&["a".to_owned()][..], &["b".to_owned()][..]));
        // Time for what is due later.
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    stays_flat(&managers, times, reload);
    assert_eq!(OPEN.load(Ordering::Relaxed), THREADS, "every client but the last ones was dropped");
    drop(managers);
    assert_eq!(OPEN.load(Ordering::Relaxed), 0, "and these with their managers");
}

/// Does it so often, on a thread with a runtime for each manager, and compares what the process holds after the first half
/// with what it holds at the end.
fn stays_flat<'m, F: Future<Output = ()>>(
    managers: &'m [ConnectionManager],
    times: usize,
    work: impl Fn(&'m ConnectionManager, usize) -> F + Copy + Send + Sync,
) {
    let done = Barrier::new(managers.len() + 1);
    thread::scope(|scope| {
        for (thread, connections) in managers.iter().enumerate() {
            let done = &done;
            scope.spawn(move || {
                let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
                for half in [0..times / 2, times / 2..times] {
                    runtime.block_on(async {
                        for number in half.skip(thread).step_by(THREADS) {
                            work(connections, number).await;
                        }
                        nothing_runs().await;
                    });
                    done.wait();
                    done.wait();
                }
            });
        }
        let [before, after] = [(); 2].map(|()| {
            done.wait();
            let held = Held::now();
            done.wait();
            held
        });
        println!("{times} times: {before:?} after the first half, {after:?} at the end");
        let grown = after.memory.saturating_sub(before.memory);
        // Less than a byte for each: no allocation is forgotten.
        assert!(grown < times / 2, "{grown} bytes more: {before:?}, {after:?}");
        assert_eq!(before.descriptors, after.descriptors);
    });
}

/// Long after the last thing was done there is at most the one task that does what is due later.
async fn nothing_runs() {
    tokio::time::sleep(Duration::from_secs(120)).await;
    let tasks = Handle::current().metrics().num_alive_tasks();
    assert!(tasks <= 1, "{tasks} tasks are left");
}

/// What the process holds.
#[derive(Debug)]
struct Held {
    /// Allocated and not freed, in bytes: the exact figure, which what is resident is not. An allocator keeps pages for
    /// threads and for reuse as it likes.
    memory: usize,
    /// Zero where there is no `/proc`.
    descriptors: usize,
}

impl Held {
    fn now() -> Self {
        let heap = HEAP.stats();
        let memory = heap.bytes_allocated - heap.bytes_deallocated;
        let descriptors = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        Self { memory, descriptors }
    }
}

const THREADS: usize = 2;

/// How many reloads there are, unless the variable `SOAK_RELOADS` says otherwise: a million take ten minutes.
const RELOADS: usize = 50_000;

static OPEN: AtomicUsize = AtomicUsize::new(0);

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
