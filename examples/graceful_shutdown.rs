//! Ends like a good service: on Ctrl-C or SIGTERM it takes no more work, lets what is under way finish, closes its
//! connections in order, and says what did not close, all within a deadline.
//!
//! ```sh
//! cargo run --example graceful_shutdown
//! ```
//!
//! It needs no other program. So that it also ends when nobody is there to stop it, it sends itself a SIGTERM after a
//! moment, with the command `kill`. Where there is none, as on Windows, a timer stands in for the signal.
//! Press Ctrl-C to be faster.
#![allow(clippy::print_stdout)]

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use connection_registry::{
    BoxError, Conn, ConnectContext, Connection, ConnectionManager, ConnectionRef, connection_type,
};
use tokio::time::sleep;

const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/graceful_shutdown.toml");

/// How long the whole shutdown may take. Choose it below what the supervisor of the process allows.
const DEADLINE: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let connections = ConnectionManager::from_file(CONFIGURATION)?;
    connections.get::<Telemetry>("telemetry").await?;
    let worker = tokio::spawn(work(connections.clone()));

    tokio::select! {
        signal = stop_signal() => println!("stopping: {}", signal?),
        () = moment_later() => println!("stopping: nobody sent a signal"),
    }

    // Refuses new work at once, waits for the guard of the worker, and closes `outbox` before `journal`.
    let report = connections.shutdown(DEADLINE).await;
    worker.await??;

    println!("\n{report}");
    for laggard in report.laggards() {
        println!("look after `{}`: {} guards", laggard.name(), laggard.guards());
    }
    // An application may end with an error here: `report.into_result()?`.
    Ok(())
}

/// Writes one letter after the other, until it gets no connection any more.
async fn work(connections: ConnectionManager) -> Result<(), BoxError> {
    let outbox = connections.handle::<Outbox>("outbox")?;
    for number in 1.. {
        // The guard is held for one letter, so a shutdown waits for this letter and no longer.
        let outbox = match outbox.get().await {
            Ok(outbox) => outbox,
            Err(refused) => {
                println!("the worker stops: {refused}");
                break;
            }
        };
        outbox.send(number).await;
    }
    Ok(())
}

/// What an operator or a supervisor sends.
#[cfg(unix)]
async fn stop_signal() -> io::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.map(|()| "Ctrl-C was pressed"),
        _ = terminate.recv() => Ok("SIGTERM came"),
    }
}

#[cfg(not(unix))]
async fn stop_signal() -> io::Result<&'static str> {
    tokio::signal::ctrl_c().await.map(|()| "Ctrl-C was pressed")
}

/// Sends this process a SIGTERM after a moment; ends when that cannot be done, or has no effect.
async fn moment_later() {
    sleep(Duration::from_millis(200)).await;
    #[cfg(unix)]
    {
        let own = std::process::id().to_string();
        let sent = std::process::Command::new("kill").args(["-TERM", &own]).status();
        if sent.is_ok_and(|status| status.success()) {
            sleep(Duration::from_millis(200)).await;
        }
    }
}

// Three connection types. In an application each would be a crate with a driver in it.

/// Keeps what was done.
#[connection_type("journal")]
struct Journal {}

#[derive(Default)]
struct JournalClient {
    lines: Mutex<Vec<String>>,
}

impl JournalClient {
    fn write(&self, line: String) {
        println!("  {line}");
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

impl Connection for Journal {
    type Client = JournalClient;

    async fn connect(&self, _cx: &ConnectContext) -> Result<JournalClient, BoxError> {
        Ok(JournalClient::default())
    }

    async fn disconnect(&self, client: &JournalClient) -> Result<(), BoxError> {
        let lines = client.lines.lock().unwrap_or_else(PoisonError::into_inner).len();
        println!("the journal is closed with {lines} lines");
        Ok(())
    }
}

/// Sends letters, and notes each in a journal.
#[connection_type("outbox")]
struct OutboxType {
    /// The journal to write to.
    journal: ConnectionRef<JournalClient>,
}

struct Outbox {
    /// The guard keeps the journal up for as long as it is needed here.
    journal: Conn<JournalClient>,
}

impl Outbox {
    async fn send(&self, number: u32) {
        sleep(Duration::from_millis(80)).await;
        self.journal.write(format!("letter {number} is sent"));
    }
}

impl Connection for OutboxType {
    type Client = Outbox;

    async fn connect(&self, cx: &ConnectContext) -> Result<Outbox, BoxError> {
        Ok(Outbox { journal: cx.get(&self.journal).await? })
    }

    async fn disconnect(&self, client: &Outbox) -> Result<(), BoxError> {
        client.journal.write("the outbox is closed".to_owned());
        Ok(())
    }
}

/// Its other side never answers a goodbye: a shutdown must not wait for ever.
#[connection_type("telemetry")]
struct TelemetryType {}

struct Telemetry;

impl Connection for TelemetryType {
    type Client = Telemetry;

    async fn connect(&self, _cx: &ConnectContext) -> Result<Telemetry, BoxError> {
        Ok(Telemetry)
    }

    async fn disconnect(&self, _client: &Telemetry) -> Result<(), BoxError> {
        std::future::pending().await
    }
}
