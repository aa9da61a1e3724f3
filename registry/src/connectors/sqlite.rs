//! `sqlite`: a database in a file, or in memory, without a server.
//!
//! ```toml
//! [connections.primary_db]
//! type = "sqlite"
//! url = "sqlite://data/app.db"
//! ```
//!
//! The client is an [`SqlitePool`] of `sqlx`.

mod failure;
mod options;
#[cfg(test)]
mod tests;

use std::{num::NonZeroU32, time::Duration};

use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tokio::time::{Instant, sleep, timeout};

use self::{
    failure::{explain, is_locked, no_answer},
    options::{Database, bounded},
};
use super::shared::sql::{used_up, validate_pool};
use crate::{BoxError, ConnectContext, Connection, Validation, connection_type};

/// An SQLite database: a file, or memory. The client is a pool, `sqlx::SqlitePool`.
///
/// A file is used with a write-ahead log (`journal_mode = WAL`, `synchronous = NORMAL`), so that readers and
/// the one writer do not wait for each other. Foreign keys are enforced.
///
/// A database in memory belongs to this connection alone, is shared by its whole pool, and is gone when the
/// connection is closed. It holds at most 1 GiB.
///
/// Nothing is encrypted. The pool opens the file again by itself: it is kept while that cannot be read. A check reads the
/// header of the database.
#[connection_type("sqlite")]
#[derive(Debug)]
pub struct Sqlite {
    /// Where the database is: `sqlite://data/app.db` relative to the folder of the configuration file,
    /// `sqlite:///var/lib/app.db` absolute, `sqlite::memory:` in memory. The parameters `mode`, `cache`,
    /// `immutable` and `vfs` may follow, as in `sqlite://app.db?mode=ro`.
    url: String,

    /// How many connections the pool opens at most, up to 65535. Default: 8.
    #[serde(default = "default_max_connections")]
    max_connections: NonZeroU32,

    /// How long a caller waits for a free connection of the pool. Default: "10s".
    #[serde(default = "default_acquire_timeout")]
    acquire_timeout: Duration,

    /// How long a statement waits while another connection or process holds the lock. Default: "5s".
    #[serde(default = "default_busy_timeout")]
    busy_timeout: Duration,

    /// Whether writing is refused; the file must exist. Default: false.
    #[serde(default)]
    read_only: bool,

    /// Whether a missing file is made, and its folder. Default: true, unless `read_only` or `mode` say otherwise.
    create: Option<bool>,
}

impl Connection for Sqlite {
    type Client = SqlitePool;

    const SELF_HEALING: bool = true;

    async fn connect(&self, cx: &ConnectContext) -> Result<SqlitePool, BoxError> {
        let database = Database::new(self, cx.config_dir())?;
        if let Some(file) = &database.file {
            file.prepare().await?;
        }
        let pool = self.pool(&database);
        // Each wait is a part of the time that is left, so that its error arrives before the deadline.
        if !answers(&pool, cx.remaining() / 4).await? {
            round_trip_without_pool(&database.options, cx.remaining() / 2).await?;
            round_trip(&pool, cx.remaining() / 4).await?;
        }
        Ok(pool)
    }

    async fn check(&self, client: &SqlitePool) -> Result<(), BoxError> {
        round_trip(client, CHECK_PATIENCE).await
    }

    async fn disconnect(&self, client: &SqlitePool) -> Result<(), BoxError> {
        client.close().await;
        Ok(())
    }

    fn validate(&self, validation: &mut Validation) {
        if let Some(why) = options::url_fault(&self.url) {
            validation.invalid(&["url"], why);
        }
        if self.create == Some(true) && self.read_only {
            validation.invalid(&["create", "read_only"], "must not be true while `read_only` is");
        } else if self.create == Some(true) && options::forbids_to_create(&self.url) {
            validation.invalid(&["create", "url"], "must not be true while `mode` in `url` is `ro` or `rw`");
        }
        validate_pool(self.max_connections, self.acquire_timeout, validation);
    }
}

impl Sqlite {
    fn pool(&self, database: &Database) -> SqlitePool {
        SqlitePoolOptions::new()
            .max_connections(self.max_connections.get())
            .acquire_timeout(bounded(self.acquire_timeout))
            // An old connection to a local file is as good as a new one.
            .max_lifetime(None)
            // A database in memory ends with its last connection.
            .idle_timeout(database.file.is_some().then_some(IDLE_TIMEOUT))
            .connect_lazy_with(database.options.clone())
    }
}

/// Whether the database answers to the first connection of the pool. One that is locked, or silent for so long, may do so
/// to somebody who asks more patiently.
async fn answers(pool: &SqlitePool, patience: Duration) -> Result<bool, BoxError> {
    match timeout(patience, query_pool(pool)).await {
        Ok(Ok(())) => Ok(true),
        Ok(Err(sqlx::Error::PoolTimedOut)) | Err(_) => Ok(false),
        Ok(Err(error)) if is_locked(&error) => Ok(false),
        Ok(Err(error)) => Err(explain(pool.connect_options().get_filename(), error).await),
    }
}

/// Asks the database through the pool. One that gives no connection within `patience` says nothing of the
/// reason; a connection beside it then finds that out.
async fn round_trip(pool: &SqlitePool, patience: Duration) -> Result<(), BoxError> {
    match timeout(patience, query_pool(pool)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(sqlx::Error::PoolTimedOut)) | Err(_) => Err(why_no_answer(pool, patience).await),
        Ok(Err(error)) => Err(explain(pool.connect_options().get_filename(), error).await),
    }
}

async fn why_no_answer(pool: &SqlitePool, patience: Duration) -> BoxError {
    match round_trip_without_pool(&pool.connect_options(), patience).await {
        Err(cause) => cause,
        Ok(()) => used_up(pool, "the database"),
    }
}

/// Asks the database through one connection of its own, whose error is the true one.
async fn round_trip_without_pool(options: &SqliteConnectOptions, patience: Duration) -> Result<(), BoxError> {
    // SQLite gives up first and says that the database is locked, which a timeout cannot say.
    let impatient = options.clone().busy_timeout(bounded(patience / 8));
    match timeout(patience, ask_while_locked(&impatient, Instant::now() + patience / 4 * 3)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(explain(options.get_filename(), error).await),
        Err(_) => Err(no_answer(options.get_filename(), patience)),
    }
}

/// The change of a new file to a write-ahead log needs a lock for which SQLite itself does not wait: without
/// this, of two programs that start at the same moment one would fail.
async fn ask_while_locked(options: &SqliteConnectOptions, until: Instant) -> Result<(), sqlx::Error> {
    loop {
        match ask(options).await {
            Err(error) if is_locked(&error) && Instant::now() < until => sleep(LOCK_PAUSE).await,
            answer => return answer,
        }
    }
}

async fn ask(options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
    let mut connection = options.connect().await?;
    query(&mut connection).await?;
    connection.close().await
}

async fn query_pool(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    query(&mut *pool.acquire().await?).await
}

/// `select 1` succeeds on a file of garbage, since it never reads it; this reads the header.
async fn query(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("PRAGMA schema_version").fetch_one(connection).await.map(drop)
}

fn default_max_connections() -> NonZeroU32 {
    const { NonZeroU32::new(8).expect("eight is not zero") }
}

fn default_acquire_timeout() -> Duration {
    Duration::from_secs(10)
}

fn default_busy_timeout() -> Duration {
    Duration::from_secs(5)
}

/// How long a health check waits for the pool, and then once more for the connection beside it: together
/// they stay below the default `check_timeout` of five seconds.
const CHECK_PATIENCE: Duration = Duration::from_secs(2);

/// Between two questions to a database that is locked.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// After it an unused connection to a file is closed, which ends its thread.
const IDLE_TIMEOUT: Duration = Duration::from_secs(10 * 60);
