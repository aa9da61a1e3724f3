//! How a server that is down is spared: many names on one endpoint, each wanted all the time, through an outage of
//! simulated time. Prints the attempts to connect, and how long after the outage all names are connected: of a type that
//! names its endpoint, and of one that does not.
//!
//! `cargo run --release -p connection-registry-benches --bin outage -- --names 10000 --outage 20 --attempt 5`

use std::{
    fmt::Write as _,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use connection_registry::{BoxError, ConnectContext, Connection, ConnectionManager, Error, connection_type};
use tokio::time::{Instant, sleep};

fn main() -> Result<(), BoxError> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    for case in [&ONE_ENDPOINT, &APART] {
        // Nothing here takes a thread for long: one of them tells the whole story, the same each time but for the jitter.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
        runtime.block_on(simulate(&arguments, case))?;
    }
    Ok(())
}

/// A type, and the server that its connections go to.
struct Case {
    type_name: &'static str,
    what: &'static str,
    server: OnceLock<Server>,
}

static ONE_ENDPOINT: Case = Case { type_name: "simulated", what: "on one endpoint", server: OnceLock::new() };

static APART: Case = Case { type_name: "apart", what: "that name no endpoint", server: OnceLock::new() };

impl Case {
    fn server(&self) -> &Server {
        self.server.get().expect("the server is there before the connections")
    }
}

/// What is simulated.
struct Arguments {
    names: usize,
    /// Seconds for which the server is down, from the start on.
    outage: u64,
    /// Milliseconds that it takes to connect, or to be refused.
    attempt: u64,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, BoxError> {
        let mut arguments = Self { names: 10_000, outage: 20, attempt: 5 };
        while let Some(word) = words.next() {
            let number = words.next().ok_or_else(|| format!("`{word}` needs a number"))?;
            match word.as_str() {
                "--names" => arguments.names = number.parse()?,
                "--outage" => arguments.outage = number.parse()?,
                "--attempt" => arguments.attempt = number.parse()?,
                _ => return Err(format!("unknown argument `{word}`: there are --names, --outage and --attempt").into()),
            }
        }
        Ok(arguments)
    }
}

/// The server that all connections go to.
#[derive(Debug)]
struct Server {
    up_at: Instant,
    /// How long it takes to answer, or for nobody to answer.
    attempt: Duration,
    refused: AtomicUsize,
    accepted: AtomicUsize,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
}

impl Server {
    async fn connect(&self) -> Result<(), BoxError> {
        let _one = UnderWay::begin(self);
        let is_up = Instant::now() >= self.up_at;
        sleep(self.attempt).await;
        let counter = if is_up { &self.accepted } else { &self.refused };
        counter.fetch_add(1, Ordering::Relaxed);
        if is_up { Ok(()) } else { Err("nobody answers".into()) }
    }
}

/// An attempt, which may be given up before it ends.
struct UnderWay<'a>(&'a Server);

impl<'a> UnderWay<'a> {
    fn begin(server: &'a Server) -> Self {
        let under_way = server.under_way.fetch_add(1, Ordering::Relaxed) + 1;
        server.most_under_way.fetch_max(under_way, Ordering::Relaxed);
        Self(server)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection to the server.
#[connection_type("simulated")]
struct Simulated {}

struct Client;

impl Connection for Simulated {
    type Client = Client;

    async fn connect(&self, _cx: &ConnectContext) -> Result<Client, BoxError> {
        ONE_ENDPOINT.server().connect().await?;
        Ok(Client)
    }

    fn endpoint(&self) -> Option<String> {
        Some("server.example:5432".to_owned())
    }
}

/// The same, which does not say where it goes.
#[connection_type("apart")]
struct Apart {}

impl Connection for Apart {
    type Client = Client;

    async fn connect(&self, _cx: &ConnectContext) -> Result<Client, BoxError> {
        APART.server().connect().await?;
        Ok(Client)
    }
}

async fn simulate(arguments: &Arguments, case: &Case) -> Result<(), BoxError> {
    let up_at = Instant::now() + Duration::from_secs(arguments.outage);
    let server = Server {
        up_at,
        attempt: Duration::from_millis(arguments.attempt),
        refused: AtomicUsize::new(0),
        accepted: AtomicUsize::new(0),
        under_way: AtomicUsize::new(0),
        most_under_way: AtomicUsize::new(0),
    };
    case.server.set(server).expect("there is one simulation of each case");
    let text = configuration(arguments.names, case);
    let connections = ConnectionManager::builder().toml(text).environment([("", ""); 0]).build()?;
    let callers: Vec<_> = connections
        .names()
        .into_iter()
        .map(|name| {
            let connections = connections.clone();
            tokio::spawn(async move { want(&connections, &name).await })
        })
        .collect();
    let mut back = Vec::with_capacity(callers.len());
    for caller in callers {
        back.push(caller.await??.saturating_duration_since(up_at));
    }
    back.sort_unstable();
    print(arguments, case, &back);
    Ok(())
}

/// Asks for `name` until it is there; gives the moment.
async fn want(connections: &ConnectionManager, name: &str) -> Result<Instant, Error> {
    loop {
        match connections.get::<Client>(name).await {
            Ok(_) => return Ok(Instant::now()),
            Err(error) if error.is_retryable() => sleep(AGAIN_AFTER).await,
            Err(error) => return Err(error),
        }
    }
}

fn configuration(names: usize, case: &Case) -> String {
    let mut text = String::new();
    for number in 0..names {
        let _ = writeln!(text, "connections.name_{number} = {{ type = '{}' }}", case.type_name);
    }
    text
}

#[allow(clippy::print_stdout)]
fn print(arguments: &Arguments, case: &Case, back: &[Duration]) {
    let server = case.server();
    let Arguments { names, outage, attempt } = arguments;
    let (refused, accepted) = (server.refused.load(Ordering::Relaxed), server.accepted.load(Ordering::Relaxed));
    let of_all =
        |share: usize| back.get((back.len() * share / 100).saturating_sub(1)).map_or(0.0, Duration::as_secs_f64);
    println!("\n{names} names {}, down for {outage} s, {attempt} ms for an attempt", case.what);
    println!("  attempts in vain                {refused:>10}");
    println!("  attempts that connected         {accepted:>10}");
    println!("  attempts for each name          {:>10.2}", (refused + accepted) as f64 / (*names).max(1) as f64);
    println!("  most attempts at once           {:>10}", server.most_under_way.load(Ordering::Relaxed));
    println!("  half are back after             {:>10.2} s", of_all(50));
    println!("  all are back after              {:>10.2} s", of_all(100));
}

/// How soon a caller asks again after an error, which comes when the `connect_timeout` has passed, or at once while such
/// a failure is remembered: that costs no attempt.
const AGAIN_AFTER: Duration = Duration::from_millis(100);
