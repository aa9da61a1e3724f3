//! The outbox pattern: an order and the message about it are written in one transaction, and the message is sent from
//! there. So no order is without its message, and no message without its order, whatever is down at which moment.
//!
//! ```sh
//! cargo run --example outbox                              # without a broker the messages wait
//! NATS_URL=nats://127.0.0.1:4222 cargo run --example outbox    # with one they are sent, those of earlier runs too
//! ```
//!
//! The database is SQLite, in a file that is kept. The broker is NATS with JetStream (`nats-server -js`).
#![allow(clippy::print_stdout)]

mod relay;

use connection_registry::{BoxError, ConnectionManager};
use sqlx::SqlitePool;

const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/outbox/outbox.toml");

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let connections = ConnectionManager::from_file(CONFIGURATION)?;
    let shop = connections.get::<SqlitePool>("shop").await?;
    prepare(&shop).await?;

    for (article, pieces) in [("lamp", 1), ("bulb", 4), ("cable", 2)] {
        order(&shop, article, pieces).await?;
    }
    println!("{} messages are in the outbox", relay::waiting(&shop).await?);

    // An application does this again and again, in a task of its own.
    match relay::send_all(&connections, &shop).await {
        Ok(sent) => println!("{sent} messages were sent"),
        Err(error) => println!("the broker is not there: {error}"),
    }
    println!("{} messages wait", relay::waiting(&shop).await?);

    connections.disconnect_all().await?;
    Ok(())
}

async fn prepare(shop: &SqlitePool) -> Result<(), BoxError> {
    let tables = "create table if not exists orders (id integer primary key, article text not null, pieces integer not null);
        create table if not exists outbox (id integer primary key, message text not null, sent integer not null default 0)";
    sqlx::raw_sql(tables).execute(shop).await?;
    Ok(())
}

/// Writes the order and the message about it, or neither.
async fn order(shop: &SqlitePool, article: &str, pieces: i64) -> Result<(), BoxError> {
    let mut transaction = shop.begin().await?;
    let insert = "insert into orders (article, pieces) values ($1, $2)";
    let written = sqlx::query(insert).bind(article).bind(pieces).execute(&mut *transaction).await?;
    let message = format!("order {}: {pieces} × {article}", written.last_insert_rowid());
    let insert = "insert into outbox (message) values ($1)";
    sqlx::query(insert).bind(&message).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}
