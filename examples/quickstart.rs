//! A database by name: declared in `quickstart.toml`, connected at first use, closed at the end.
//!
//! ```sh
//! cargo run --example quickstart
//! ```
//!
//! Run it twice: the rows of the first run are still there.
#![allow(clippy::print_stdout)]

use connection_registry::{BoxError, ConnectionManager};
use sqlx::SqlitePool;

const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/quickstart.toml");

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // The whole file is checked here. Nothing is connected yet.
    let connections = ConnectionManager::from_file(CONFIGURATION)?;

    // Connects now; every later `get` of this name gives the same pool.
    let db = connections.get::<SqlitePool>("primary_db").await?;

    // From here on it is `sqlx` as you know it.
    sqlx::query("create table if not exists visits (id integer primary key, at text not null)").execute(&*db).await?;
    sqlx::query("insert into visits (at) values (datetime('now'))").execute(&*db).await?;

    let latest = "select id, at from visits order by id desc limit 3";
    let visits: Vec<(i64, String)> = sqlx::query_as(latest).fetch_all(&*db).await?;
    println!("the latest visits:");
    for (id, at) in visits {
        println!("  {id:>3}  {at}");
    }

    connections.disconnect_all().await?;
    Ok(())
}
