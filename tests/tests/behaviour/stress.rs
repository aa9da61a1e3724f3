//! Everything at once, and the same thing very often: no client is lost, none is told goodbye twice, nothing piles up.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher, RandomState},
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use connection_registry::{
    BoxError, Conn, ConnectContext, ConnectError, Connection, ConnectionManager, ConnectionRef, connection_type,
};
use connection_registry_tests::manager;
use tokio::{runtime::Handle, task::yield_now};

/// A connection whose clients are counted.
#[connection_type("counted")]
struct Counted {
    ledger: String,
    #[serde(default)]
    needs: Option<ConnectionRef<Client>>,
    /// Whether it fails, panics and dawdles at random.
    #[serde(default)]
    moody: bool,
}

struct Client {
    ledger: Arc<Ledger>,
    /// The moment at which its goodbye began, on the ledger's clock; 0 before.
    goodbye: AtomicUsize,
    _needs: Option<Conn<Client>>,
}

/// What became of all clients of a test.
#[derive(Default)]
struct Ledger {
    opened: AtomicUsize,
    dropped: AtomicUsize,
    /// Counts moments.
    clock: AtomicUsize,
    random: Mutex<fastrand::Rng>,
}

impl Connection for Counted {
    type Client = Client;

    async fn connect(&self, cx: &ConnectContext) -> Result<Client, BoxError> {
        let ledger = Ledger::of(&self.ledger);
        let mut needs = None;
        if let Some(reference) = &self.needs {
            needs = Some(cx.get(reference).await?);
        }
        if self.moody {
            ledger.dawdle().await;
            match ledger.below(12) {
                0 => return Err("not today".into()),
                1 => return Err(ConnectError::permanent("never").into()),
                _ => {}
            }
        }
        Ok(Client::new(ledger, needs))
    }

    async fn disconnect(&self, client: &Client) -> Result<(), BoxError> {
        let before = client.goodbye.swap(client.ledger.tick(), Ordering::SeqCst);
        assert_eq!(before, 0, "a client is told goodbye once");
        if self.moody {
            client.ledger.dawdle().await;
        }
        if client.ledger.below(8) == 0 { Err("no goodbye".into()) } else { Ok(()) }
    }
}

impl Client {
    fn new(ledger: Arc<Ledger>, needs: Option<Conn<Self>>) -> Self {
        ledger.opened.fetch_add(1, Ordering::SeqCst);
        Self { ledger, goodbye: AtomicUsize::new(0), _needs: needs }
    }

    /// Who asked at `asked` must not get a client whose goodbye had begun.
    #[track_caller]
    fn is_fresh(&self, asked: usize) {
        let goodbye = self.goodbye.load(Ordering::SeqCst);
        assert!(goodbye == 0 || goodbye > asked, "told goodbye at {goodbye}, asked for at {asked}");
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.ledger.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

impl Ledger {
    fn of(name: &str) -> Arc<Self> {
        let mut ledgers = LEDGERS.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(ledgers.entry(name.to_owned()).or_default())
    }

    fn tick(&self) -> usize {
        self.clock.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// The next number of a simple generator, below `bound`.
    fn below(&self, bound: u64) -> u64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).u64(..bound)
    }

    async fn dawdle(&self) {
        for _ in 0..self.below(4) {
            yield_now().await;
        }
    }

    fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    fn dropped(&self) -> usize {
        self.dropped.load(Ordering::SeqCst)
    }
}

static LEDGERS: LazyLock<Mutex<HashMap<String, Arc<Ledger>>>> = LazyLock::new(Mutex::default);

const NAMES: [&str; 4] = ["base", "middle", "top", "made"];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[expect(clippy::print_stderr, reason = "the seed is wanted when it fails")]
async fn a_storm_of_calls_loses_no_client_and_hands_out_none_that_was_told_goodbye() {
    let seed = RandomState::new().build_hasher().finish();
    eprintln!("seed {seed}");
    let ledger = Ledger::of("storm");
    *ledger.random.lock().unwrap_or_else(PoisonError::into_inner) = fastrand::Rng::with_seed(seed);
    for round in 0..150 {
        let storm = tokio::time::timeout(Duration::from_secs(60), storm(&ledger));
        storm.await.unwrap_or_else(|_| panic!("round {round} hangs, seed {seed}"));
    }
    assert!(ledger.opened() > 2500, "it did something: {}", ledger.opened());
}

/// Six tasks that do anything to one manager, and then the end.
async fn storm(ledger: &Arc<Ledger>) {
    let connections = manager(
        "defaults.lifecycle.retry = { base = '1ns', max = '1ns', background_max = '1ns' }\n\
         [connections.base]\ntype = 'counted'\nledger = 'storm'\nmoody = true\n\
         [connections.middle]\ntype = 'counted'\nledger = 'storm'\nmoody = true\nneeds = 'base'\n\
         [connections.top]\ntype = 'counted'\nledger = 'storm'\nneeds = 'middle'",
    );
    let tasks: Vec<_> = (0..6).map(|_| tokio::spawn(anything(connections.clone(), Arc::clone(ledger)))).collect();
    for task in tasks {
        task.await.unwrap();
    }
    let _ = connections.disconnect_all().await;
    drop(connections);
    // Attempts that were given up end in their own time.
    while ledger.opened() != ledger.dropped() {
        yield_now().await;
    }
}

async fn anything(connections: ConnectionManager, ledger: Arc<Ledger>) {
    let mut handles: HashMap<&str, _> = HashMap::new();
    let mut guards = Vec::new();
    for _ in 0..60 {
        let name = NAMES[ledger.below(4) as usize];
        let asked = ledger.tick();
        let kept = match ledger.below(20) {
            0..6 => connections.get::<Client>(name).await.ok(),
            6..8 => connections.try_get::<Client>(name).ok(),
            8..13 => match handles.entry(name).or_insert_with(|| connections.handle::<Client>(name)) {
                Ok(handle) => handle.get().await.ok(),
                Err(_) => handles.remove(name).and(None),
            },
            // Leaves after one poll.
            13..15 => {
                tokio::select! { biased; got = connections.get::<Client>(name) => got.ok(), () = yield_now() => None }
            }
            15..17 => connections.disconnect(name).await.err().and(None),
            17 => connections.insert(name, Client::new(Arc::clone(&ledger), None)).err().and(None),
            18 if ledger.below(8) == 0 => Some(connections.registry().remove(name)).and(None),
            18 => connections.disconnect_all().await.err().and(None),
            _ => {
                guards.clear();
                None
            }
        };
        if let Some(guard) = kept {
            guard.is_fresh(asked);
            guards.push(guard);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_reconnects_leave_no_task_and_no_client_behind() {
    let ledger = Ledger::of("soak");
    let connections = manager(
        "[connections.base]\ntype = 'counted'\nledger = 'soak'\n\
         [connections.top]\ntype = 'counted'\nledger = 'soak'\nneeds = 'base'",
    );
    let handle = connections.handle::<Client>("base").unwrap();
    let mut most = 0;
    for round in 1..=100_000 {
        handle.get().await.unwrap();
        connections.handle::<Client>("base").unwrap().get().await.unwrap();
        if round % 10 == 0 {
            connections.get::<Client>("top").await.unwrap();
        }
        let _ = connections.disconnect_all().await;
        assert_eq!(ledger.opened(), ledger.dropped(), "in round {round}");
        most = most.max(Handle::current().metrics().num_alive_tasks());
    }
    assert_eq!(ledger.opened(), 110_000);
    assert!(most <= 2, "{most} tasks at once");
}
