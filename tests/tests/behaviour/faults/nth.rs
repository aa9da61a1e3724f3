//! The operating system says no once, to every call in turn.

use std::{
    io,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use connection_registry::{
    BoxError, ConnectContext, Connection, ConnectionManager, Error, Secret, Update, connection_type,
};
use tokio::time::{Instant, sleep};

/// What the one call that fails says.
#[derive(Clone, Copy, Debug)]
enum No {
    Descriptors,
    Memory,
    Threads,
}

/// A connection whose every step asks the operating system for something.
#[connection_type("nth")]
struct Nth {
    value: String,
    #[serde(default)]
    password: Secret,
}

struct Client {
    _held: [Held; 3],
}

/// Something of the operating system's.
struct Held;

impl Held {
    fn take() -> io::Result<Self> {
        call()?;
        HELD.fetch_add(1, Ordering::SeqCst);
        Ok(Self)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Connection for Nth {
    type Client = Client;

    async fn connect(&self, _: &ConnectContext) -> Result<Client, BoxError> {
        let _ = self.password.expose();
        Ok(Client { _held: [Held::take()?, Held::take()?, Held::take()?] })
    }

    async fn check(&self, _: &Client) -> Result<(), BoxError> {
        Ok(call()?)
    }

    async fn update(&self, _: &Client, new: &Self) -> Result<Update, BoxError> {
        call()?;
        Ok(if self.value == new.value { Update::InPlace } else { Update::Rebuild })
    }

    async fn disconnect(&self, _: &Client) -> Result<(), BoxError> {
        Ok(call()?)
    }
}

/// One call of the operating system.
fn call() -> io::Result<()> {
    let mut plan = plan();
    plan.calls += 1;
    if plan.calls != plan.fails {
        return Ok(());
    }
    Err(match plan.no {
        No::Descriptors => io::Error::from_raw_os_error(24),
        No::Memory => io::ErrorKind::OutOfMemory.into(),
        No::Threads => io::ErrorKind::WouldBlock.into(),
    })
}

/// Which call fails, counted from 1, and how many there were.
struct Plan {
    fails: usize,
    no: No,
    calls: usize,
}

fn plan() -> MutexGuard<'static, Plan> {
    PLAN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[tokio::test(start_paused = true)]
async fn whichever_call_of_the_operating_system_fails_once_all_is_well_afterwards() {
    for no in [No::Descriptors, No::Memory, No::Threads] {
        let mut fails = 1;
        loop {
            *plan() = Plan { fails, no, calls: 0 };
            let error = through_its_life().await;
            let calls = plan().calls;
            // Each call once, and what follows the one that failed once more: no busy loop.
            assert!(calls < 60, "{calls} calls when number {fails} is {no:?}");
            assert_eq!(HELD.load(Ordering::SeqCst), 0, "something is left when number {fails} is {no:?}");
            if calls < fails {
                break;
            }
            if let (Some(error), No::Memory) = (error, no) {
                assert!(error.to_string().contains("out of memory"), "{error}");
            }
            fails += 1;
        }
        assert!(fails > 12, "{fails} calls in the life of a connection");
    }
}

/// Connects, checks, changes in place, is replaced, is closed by a shutdown. Gives what a connect that failed said.
async fn through_its_life() -> Option<Error> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("connections.toml");
    let write = |value: &str, password: &str| {
        let more = format!("value = '{value}', password = '{password}', lifecycle.check_interval = '10s'");
        std::fs::write(&file, format!("connections.a = {{ type = 'nth', {more} }}")).unwrap();
    };
    write("one", "p");
    let connections = ConnectionManager::from_file(&file).unwrap();
    let mut failure = None;
    up(&connections, &mut failure).await;
    sleep(Duration::from_secs(12)).await;
    write("one", "q");
    failure = connections.reload().await.unwrap().failed().first().map(|failed| failed.error().clone()).or(failure);
    write("two", "q");
    failure = connections.reload().await.unwrap().failed().first().map(|failed| failed.error().clone()).or(failure);
    sleep(Duration::from_secs(60)).await;
    up(&connections, &mut failure).await;
    assert_eq!(connections.reload().await.unwrap().unchanged(), ["a"], "it caught up in the background");
    // Whatever it says, the client is gone.
    connections.shutdown(Duration::from_secs(10)).await;
    failure
}

async fn up(connections: &ConnectionManager, failure: &mut Option<Error>) {
    let started = Instant::now();
    while let Err(error) = connections.get::<Client>("a").await {
        assert!(error.is_retryable() && started.elapsed() < Duration::from_secs(10), "{error}");
        *failure = Some(error);
        sleep(Duration::from_millis(100)).await;
    }
}

static PLAN: Mutex<Plan> = Mutex::new(Plan { fails: 0, no: No::Memory, calls: 0 });

static HELD: AtomicUsize = AtomicUsize::new(0);
