//! The application's own connection types. So that the example runs anywhere, none of them leaves the process;
//! each says what would stand in its place.

use std::num::NonZeroUsize;

use connection_registry::{BoxError, ConnectContext, Connection, connection_type};
use tokio::sync::broadcast;

/// A message queue inside the process; in earnest, a broker.
#[connection_type("memory_queue")]
#[derive(Debug)]
pub(crate) struct MemoryQueue {
    /// How many messages a slow reader may be behind before it loses the oldest.
    capacity: NonZeroUsize,
}

impl Connection for MemoryQueue {
    type Client = Queue;

    async fn connect(&self, _: &ConnectContext) -> Result<Queue, BoxError> {
        Ok(Queue(broadcast::channel(self.capacity.get()).0))
    }
}

/// Sends each message to every subscriber.
pub(crate) struct Queue(broadcast::Sender<String>);

impl Queue {
    pub(crate) fn publish(&self, message: String) {
        // Without a subscriber a message is nobody's loss.
        let _ = self.0.send(message);
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<String> {
        self.0.subscribe()
    }
}

/// A workflow tool that is configured by name and needs no connection: it only says what is being done.
#[connection_type("workflow")]
#[derive(Debug)]
pub(crate) struct WorkflowTool {
    /// The project under which the steps appear.
    project: String,
}

impl Connection for WorkflowTool {
    type Client = Workflow;

    async fn connect(&self, _: &ConnectContext) -> Result<Workflow, BoxError> {
        Ok(Workflow { project: self.project.clone() })
    }
}

/// Announces the steps of a project.
pub(crate) struct Workflow {
    project: String,
}

impl Workflow {
    #[allow(clippy::print_stdout)]
    pub(crate) fn step(&self, name: &str) {
        println!("\n[{}] {name}:", self.project);
    }
}

/// Made-up prices, the same in every run; in earnest, an HTTP API.
#[connection_type("price_feed")]
#[derive(Debug)]
pub(crate) struct PriceFeedApi {
    /// The stocks that it knows.
    symbols: Vec<String>,
}

impl Connection for PriceFeedApi {
    type Client = PriceFeed;

    async fn connect(&self, _: &ConnectContext) -> Result<PriceFeed, BoxError> {
        Ok(PriceFeed { symbols: self.symbols.clone() })
    }
}

/// Gives the price of every stock at a tick of its clock.
pub(crate) struct PriceFeed {
    symbols: Vec<String>,
}

impl PriceFeed {
    /// Symbol and price in cents.
    pub(crate) fn prices(&self, tick: i64) -> impl Iterator<Item = (&str, i64)> {
        self.symbols.iter().map(move |symbol| (symbol.as_str(), price(symbol, tick)))
    }
}

fn price(symbol: &str, tick: i64) -> i64 {
    let base: i64 = symbol.bytes().map(i64::from).sum();
    base * 10 + (base * tick * 37) % 250
}
