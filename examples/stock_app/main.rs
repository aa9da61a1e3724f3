//! A small application with five connections: it takes prices from a feed, stores them in a database, tells a
//! message queue, and reads the database again.
//!
//! ```sh
//! cargo run --example stock_app
//! ```
//!
//! What it is connected to is in `app.toml`, beside this file. The database is real; `backends.rs` says what the
//! others are.
#![allow(clippy::print_stdout)]

mod backends;

use backends::{PriceFeed, Queue, Workflow};
use connection_registry::{BoxError, ConnectionManager};
use sqlx::SqlitePool;

const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/stock_app/app.toml");

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let connections = ConnectionManager::from_file(CONFIGURATION)?;
    list(&connections);

    let db = connections.get::<SqlitePool>("primary_db").await?;
    let queue = connections.get::<Queue>("message_queue").await?;
    let workflow = connections.get::<Workflow>("workflow").await?;
    let feed = connections.get::<PriceFeed>("price_feed").await?;
    let mut messages = queue.subscribe();

    workflow.step("store the prices of two ticks");
    create_table(&db).await?;
    for tick in 1..=2 {
        for (symbol, cents) in feed.prices(tick) {
            store(&db, symbol, cents).await?;
            queue.publish(format!("{symbol} is at {}", dollars(cents)));
        }
    }

    workflow.step("read the messages");
    while let Ok(message) = messages.try_recv() {
        println!("  {message}");
    }

    workflow.step("read the database");
    report(&db).await?;

    connections.disconnect_all().await?;

    println!("\nasking for `secondary_db`:");
    if let Err(error) = connections.get::<SqlitePool>("secondary_db").await {
        println!("  {error}");
    }
    Ok(())
}

fn list(connections: &ConnectionManager) {
    println!("connections:");
    for name in connections.names() {
        let state = if connections.has(&name) { "enabled" } else { "disabled" };
        println!("  {name:<14} {state}");
    }
}

async fn create_table(db: &SqlitePool) -> Result<(), BoxError> {
    let table = "create table if not exists prices (symbol text not null, cents integer not null)";
    sqlx::query(table).execute(db).await?;
    Ok(())
}

async fn store(db: &SqlitePool, symbol: &str, cents: i64) -> Result<(), BoxError> {
    let insert = "insert into prices (symbol, cents) values (?, ?)";
    sqlx::query(insert).bind(symbol).bind(cents).execute(db).await?;
    Ok(())
}

async fn report(db: &SqlitePool) -> Result<(), BoxError> {
    let summary = "select symbol, count(*), min(cents), max(cents) from prices group by symbol order by symbol";
    let rows: Vec<(String, i64, i64, i64)> = sqlx::query_as(summary).fetch_all(db).await?;
    for (symbol, count, low, high) in rows {
        println!("  {symbol:<8} {count:>4} prices from {} to {}", dollars(low), dollars(high));
    }
    Ok(())
}

fn dollars(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
