//! Many first gets at once: how many connections are made in a second, against the same futures spawned bare and
//! their clients collected in a map. Runs of both in turn.
//!
//! `cargo run --release -p connection-registry-benches --bin connects -- 10000 9`

use std::{
    collections::HashMap,
    fmt::Write as _,
    future::poll_fn,
    hint::black_box,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::{Duration, Instant},
};

use connection_registry::{BoxError, Conn, ConnectContext, Connection, ConnectionManager, connection_type};
use tokio::{
    runtime::Runtime,
    sync::Semaphore,
    time::{sleep, timeout},
};

fn main() -> Result<(), BoxError> {
    let mut words = std::env::args().skip(1);
    let names = words.next().map_or(Ok(10_000), |number| number.parse())?;
    let rounds = words.next().map_or(Ok(9), |number| number.parse())?;
    for threads in [1, 2] {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_time().build()?;
        for (delay, what) in DELAYS {
            compare(&runtime, &Case { names, delay, what, threads }, rounds)?;
        }
    }
    Ok(())
}

/// What one run does.
struct Case {
    names: usize,
    delay: Duration,
    what: &'static str,
    threads: usize,
}

/// Connects after a while, or at once.
#[connection_type("fake")]
struct Fake {
    microseconds: u64,
}

struct Client(u64);

impl Fake {
    async fn client(&self) -> Result<Client, BoxError> {
        match self.microseconds {
            0 => tokio::task::yield_now().await,
            microseconds => sleep(Duration::from_micros(microseconds)).await,
        }
        Ok(Client(self.microseconds))
    }
}

impl Connection for Fake {
    type Client = Client;

    async fn connect(&self, _cx: &ConnectContext) -> Result<Client, BoxError> {
        self.client().await
    }
}

/// The ways that are compared.
const WAYS: [&str; 6] = [
    "spawned bare, a map behind a lock",
    "spawned bare, with a timeout each",
    "spawned bare, with a timeout each, 64 at once",
    "connections.get(name), all at once",
    "connections.get(name), 64 at once (the default)",
    "connections.get(name) again",
];

fn compare(runtime: &Runtime, case: &Case, rounds: usize) -> Result<(), BoxError> {
    let mut samples = WAYS.map(|_| Vec::new());
    for _ in 0..rounds {
        samples[0].push(runtime.block_on(bare(case, None, false)));
        samples[1].push(runtime.block_on(bare(case, None, true)));
        samples[2].push(runtime.block_on(bare(case, Some(64), true)));
        let (first, again) = runtime.block_on(ours(case, case.names))?;
        samples[3].push(first);
        samples[4].push(runtime.block_on(ours(case, 64))?.0);
        samples[5].push(again);
    }
    print(case, samples);
    Ok(())
}

/// Every connect in a task of its own; the clients in one map.
async fn bare(case: &Case, bound: Option<usize>, has_timeout: bool) -> Duration {
    let names: Vec<String> = (0..case.names).map(name).collect();
    let fakes: Vec<Arc<Fake>> = names.iter().map(|_| Arc::new(Fake { microseconds: micros(case.delay) })).collect();
    let places = bound.map(|bound| Arc::new(Semaphore::new(bound)));
    let clients = Arc::new(Mutex::new(HashMap::new()));
    let began = Instant::now();
    let tasks: Vec<_> = names
        .into_iter()
        .zip(fakes)
        .map(|(name, fake)| {
            let (clients, places) = (Arc::clone(&clients), places.clone());
            tokio::spawn(async move {
                let _place = match &places {
                    Some(places) => places.acquire().await.ok(),
                    None => None,
                };
                let connected = if has_timeout {
                    timeout(LIMIT, fake.client()).await.ok()?.ok()?
                } else {
                    fake.client().await.ok()?
                };
                clients.lock().unwrap_or_else(PoisonError::into_inner).insert(name, Arc::new(connected));
                Some(())
            })
        })
        .collect();
    for task in tasks {
        assert!(matches!(task.await, Ok(Some(()))), "it connects");
    }
    let took = began.elapsed();
    assert_eq!(clients.lock().unwrap_or_else(PoisonError::into_inner).len(), case.names);
    took
}

/// The first gets of all names, and the second ones.
async fn ours(case: &Case, bound: usize) -> Result<(Duration, Duration), BoxError> {
    let mut text = String::from("[connections]\n");
    for number in 0..case.names {
        let _ = writeln!(text, "{} = {{ type = 'fake', microseconds = {} }}", name(number), micros(case.delay));
    }
    let connections =
        ConnectionManager::builder().toml(text).environment([("", ""); 0]).max_concurrent_connects(bound).build()?;
    let names: Vec<String> = (0..case.names).map(name).collect();
    // In a task, as the bare ones are spawned from one.
    let first = tokio::spawn(async move {
        let first = get_all(&connections, &names).await?;
        let again = get_all(&connections, &names).await?;
        Ok::<_, connection_registry::Error>((first, again))
    });
    Ok(first.await??)
}

/// Asks for all names before it waits for the first.
async fn get_all(connections: &ConnectionManager, names: &[String]) -> Result<Duration, connection_registry::Error> {
    let began = Instant::now();
    let mut gets: Vec<_> = names.iter().map(|name| Box::pin(connections.get::<Client>(name))).collect();
    let mut clients: Vec<Option<Conn<Client>>> = Vec::with_capacity(names.len());
    for get in &mut gets {
        let polled = poll_fn(|cx| Poll::Ready(get.as_mut().poll(cx))).await;
        clients.push(match polled {
            Poll::Ready(client) => Some(client?),
            Poll::Pending => None,
        });
    }
    for (get, client) in gets.into_iter().zip(&mut clients) {
        if client.is_none() {
            *client = Some(get.await?);
        }
    }
    black_box(clients.iter().flatten().map(|client| client.0).sum::<u64>());
    Ok(began.elapsed())
}

#[allow(clippy::print_stdout)]
fn print(case: &Case, mut samples: [Vec<Duration>; WAYS.len()]) {
    let Case { names, what, threads, .. } = case;
    println!("\n{names} connections that take {what}, {threads} worker thread(s)");
    let of_one = |samples: &mut Vec<Duration>| {
        samples.sort_unstable();
        samples[samples.len() / 2].as_secs_f64() * 1e6 / *names as f64
    };
    let first = of_one(&mut samples[0]);
    for (way, samples) in WAYS.iter().zip(&mut samples) {
        let median = of_one(samples);
        println!("  {way:<50} {median:>8.2} µs {:>9.0}/s {:>7.2}x", 1e6 / median, median / first);
    }
}

fn micros(delay: Duration) -> u64 {
    u64::try_from(delay.as_micros()).unwrap_or(u64::MAX)
}

fn name(number: usize) -> String {
    format!("name_{number:05}")
}

/// How long a connect takes.
const DELAYS: [(Duration, &str); 2] = [(Duration::ZERO, "no time"), (Duration::from_millis(5), "5 ms")];

/// The timeout of the manager's own attempts.
const LIMIT: Duration = Duration::from_secs(10);
