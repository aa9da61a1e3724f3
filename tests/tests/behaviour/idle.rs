//! `lifecycle.idle_timeout`: a client that nobody uses is closed, and one that somebody uses is not.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use connection_registry::{
    BoxError, ConnectContext, Connection, ConnectionManager, ConnectionState, ErrorKind, connection_type,
};
use connection_registry_tests::{ProbeClient, manager};
use tokio::time::{Instant, sleep};

use crate::health::{Act, Client, Server};

#[tokio::test(start_paused = true)]
async fn a_client_is_closed_after_the_timeout_and_at_most_a_quarter_later() {
    fastrand::seed(SEED);
    for round in 0..50 {
        let (connections, server) = idler(&format!("moments {round}"));
        let mut last_use = Instant::now();
        drop(connections.get::<Client>("a").await.unwrap());
        let handle = connections.handle::<Client>("a").unwrap();
        for _ in 0..fastrand::usize(0..20) {
            sleep(Duration::from_millis(fastrand::u64(0..9_000))).await;
            match fastrand::u8(0..4) {
                0 => drop(connections.try_get::<Client>("a").unwrap()),
                1 => drop(handle.get().await.unwrap()),
                2 => drop(connections.get::<Client>("a").await.unwrap()),
                _ => {
                    // Held for a while, and by another one when the first lets go.
                    let guard = connections.get::<Client>("a").await.unwrap();
                    sleep(Duration::from_millis(fastrand::u64(0..30_000))).await;
                    let other = guard.clone();
                    drop(guard);
                    sleep(Duration::from_millis(fastrand::u64(0..30_000))).await;
                    drop(other);
                }
            }
            last_use = Instant::now();
            assert_eq!(server.connects(), 1, "round {round}");
        }
        let mut events = connections.subscribe();
        assert_eq!(events.next().await.unwrap().state, ConnectionState::Draining);
        let idle = last_use.elapsed().as_secs_f64();
        assert!((10.0..=12.52).contains(&idle), "seed {SEED}, round {round}: {idle}");
        assert_eq!(events.next().await.unwrap().state, ConnectionState::Closed);
        assert_eq!((server.goodbyes(), server.connects()), (1, 1));
        sleep(Duration::from_secs(600)).await;
        assert_eq!(server.connects(), 1, "nobody brings it back but a caller");
        assert_eq!(connections.get::<Client>("a").await.unwrap().number, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_is_kept_for_as_long_as_a_guard_is_out() {
    let (connections, server) = idler("held");
    let guard = connections.get::<Client>("a").await.unwrap();
    sleep(Duration::from_secs(3600)).await;
    assert!(!guard.is_retired());
    assert_eq!(server.goodbyes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_is_kept_for_as_long_as_one_that_was_made_with_it() {
    let connections = manager(
        "[connections.base]\ntype = 'probe'\nrecord = 'idle base'\nlifecycle.idle_timeout = '10s'\n\
         [connections.top]\ntype = 'probe'\nrecord = 'idle top'\nneeds = 'base'\n",
    );
    drop(connections.get::<ProbeClient>("top").await.unwrap());
    sleep(Duration::from_secs(3600)).await;
    assert!(connections.try_get::<ProbeClient>("base").is_ok(), "`top` needs it, though it holds no guard");
    connections.disconnect("top").await.unwrap();
    sleep(Duration::from_secs(60)).await;
    let closed = connections.try_get::<ProbeClient>("base").unwrap_err();
    assert_eq!(closed.kind(), ErrorKind::NotConnected);
}

#[tokio::test(start_paused = true)]
async fn a_check_is_no_use() {
    let (connections, server) = idler("checked");
    drop(connections.get::<Client>("a").await.unwrap());
    server.check_will(Act::Slow(Duration::from_secs(1)));
    let started = Instant::now();
    // One is under way at every moment, also when it is closed.
    while server.goodbyes() == 0 && started.elapsed() < Duration::from_secs(60) {
        if let Err(error) = connections.check("a").await {
            assert_eq!(error.kind(), ErrorKind::Disconnected);
        }
    }
    let idle = started.elapsed().as_secs_f64();
    assert!((10.0..=12.52).contains(&idle), "{idle}");
}

#[tokio::test(start_paused = true)]
async fn without_the_setting_a_client_is_kept_for_good() {
    let connections = manager("[connections.a]\ntype = 'patient'\nserver = 'kept for good'");
    drop(connections.get::<Client>("a").await.unwrap());
    sleep(Duration::from_secs(100_000)).await;
    assert_eq!(Server::of("kept for good").goodbyes(), 0);
}

/// Notices when it is used after its goodbye, or told goodbye while it is used.
#[connection_type("watchful")]
struct Watchful {}

#[derive(Default)]
struct Watched {
    users: AtomicUsize,
    goodbyes: AtomicUsize,
}

impl Connection for Watchful {
    type Client = Watched;

    async fn connect(&self, _cx: &ConnectContext) -> Result<Watched, BoxError> {
        Ok(Watched::default())
    }

    async fn disconnect(&self, client: &Watched) -> Result<(), BoxError> {
        client.goodbyes.fetch_add(1, Ordering::SeqCst);
        if client.users.load(Ordering::SeqCst) > 0 {
            TORN_AWAY.fetch_add(1, Ordering::SeqCst);
        }
        CLOSED.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[test]
fn a_guard_that_is_obtained_at_the_moment_of_closing_stays_valid() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let toml = "[connections.a]\ntype = 'watchful'\nlifecycle.idle_timeout = '1ms'";
    let nothing: [(&str, &str); 0] = [];
    let builder = ConnectionManager::builder().toml(toml).environment(nothing).runtime(runtime.handle().clone());
    let connections = builder.build().unwrap();
    let uses = Arc::new(AtomicUsize::new(0));
    let started = std::time::Instant::now();
    let threads = [0, 1].map(|number| {
        let (connections, runtime, uses) = (connections.clone(), runtime.handle().clone(), Arc::clone(&uses));
        thread::spawn(move || {
            let mut random = fastrand::Rng::with_seed(SEED + number);
            let handle = connections.handle::<Watched>("a").unwrap();
            while CLOSED.load(Ordering::SeqCst) < 300 && started.elapsed() < Duration::from_secs(20) {
                for _ in 0..random.usize(1..100) {
                    let guard = match random.bool() {
                        true => runtime.block_on(connections.get::<Watched>("a")).unwrap(),
                        false => runtime.block_on(handle.get()).unwrap(),
                    };
                    guard.users.fetch_add(1, Ordering::SeqCst);
                    assert_eq!(guard.goodbyes.load(Ordering::SeqCst), 0, "it was told goodbye before");
                    (0..random.u32(0..50)).for_each(|_| std::hint::spin_loop());
                    assert_eq!(guard.goodbyes.load(Ordering::SeqCst), 0, "it was told goodbye while it was used");
                    guard.users.fetch_sub(1, Ordering::SeqCst);
                    uses.fetch_add(1, Ordering::Relaxed);
                }
                // About as long as it takes until the client counts as idle.
                let pause = Duration::from_micros(random.u64(0..6_000));
                let pausing = std::time::Instant::now();
                while pausing.elapsed() < pause {
                    thread::yield_now();
                }
            }
        })
    });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let closed = CLOSED.load(Ordering::SeqCst);
    assert!(closed >= 20, "seed {SEED}: closed {closed} times");
    assert!(uses.load(Ordering::Relaxed) > 0);
    assert_eq!(TORN_AWAY.load(Ordering::SeqCst), 0, "seed {SEED}");
}

fn idler(server: &str) -> (ConnectionManager, Arc<Server>) {
    let toml = format!("[connections.a]\ntype = 'patient'\nserver = 'idle {server}'\nlifecycle.idle_timeout = '10s'");
    (manager(&toml), Server::of(&format!("idle {server}")))
}

const SEED: u64 = 20_261_123;

static CLOSED: AtomicUsize = AtomicUsize::new(0);
static TORN_AWAY: AtomicUsize = AtomicUsize::new(0);

#[tokio::test(start_paused = true)]
async fn a_client_that_was_inserted_is_never_closed_for_being_idle() {
    let (connections, server) = idler("inserted over it");
    drop(connections.get::<Client>("a").await.unwrap());
    connections.insert("a", 5_u8).unwrap();
    sleep(Duration::from_secs(3600)).await;
    assert_eq!(*connections.try_get::<u8>("a").unwrap(), 5);
    assert_eq!(server.goodbyes(), 0, "who inserts over a client says goodbye to it before");
}
