//! All connections of an application in one struct, which is checked against `backends.toml` when it is compiled.
//!
//! ```sh
//! cargo run --example backends
//! ```
//!
//! Change a name or a type, here or in `backends.toml`, and run it again: the compiler says what does not fit.
#![allow(clippy::print_stdout)]

use connection_registry::{BoxError, Conn, ConnectionManager, Connections, connectors::Sqlite};
use sqlx::SqlitePool;

#[derive(Connections, Debug)]
#[connections(file = "backends.toml")]
struct Backends {
    #[connection(type = Sqlite)]
    orders: Conn<SqlitePool>,
    #[connection(name = "reports-eu", type = Sqlite)]
    reports: Conn<SqlitePool>,
    /// Not every installation has one.
    search: Option<Conn<SqlitePool>>,
}

const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/backends.toml");

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let connections = ConnectionManager::from_file(CONFIGURATION)?;

    // All at once. Were several of them down, one error would tell all of them.
    let backends = Backends::connect(&connections).await?;
    println!("connected: {:?}", Backends::NAMES);

    sqlx::query("create table orders (cents integer not null)").execute(&*backends.orders).await?;
    sqlx::query("insert into orders values (1250), (399)").execute(&*backends.orders).await?;
    let (cents,): (i64,) = sqlx::query_as("select sum(cents) from orders").fetch_one(&*backends.orders).await?;

    sqlx::query("create table totals (cents integer not null)").execute(&*backends.reports).await?;
    sqlx::query("insert into totals values (?)").bind(cents).execute(&*backends.reports).await?;
    println!("the orders of today: {}.{:02}", cents / 100, cents % 100);

    match &backends.search {
        Some(_) => println!("orders can be searched"),
        None => println!("orders cannot be searched: `search` is disabled"),
    }

    drop(backends);
    connections.disconnect_all().await?;
    Ok(())
}
