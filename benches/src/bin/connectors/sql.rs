//! Databases that are asked in SQL. The bare pool connects once when it is made. The query is `SELECT 1`.

use std::time::Duration;

use connection_registry::BoxError;
use connection_registry_tests::service::{MariaDb, Postgres, Service};
use sqlx::{
    Database, Executor, MySqlPool, PgPool, Pool, SqlitePool,
    mysql::MySqlConnectOptions,
    pool::PoolOptions,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::{
    measure::{Bench, compare, declared},
    table::Measured,
};

pub(crate) async fn sqlite(bench: &Bench) -> Measured {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("app.db");
    let toml = declared("sqlite", &format!("url = 'sqlite://{}'", file.display()));
    let connect = async || -> Result<SqlitePool, BoxError> {
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(5));
        Ok(limits().max_connections(8).max_lifetime(None).connect_with(options).await?)
    };
    let figures = compare(
        bench,
        &toml,
        connect,
        async |ours: &SqlitePool| ask(ours).await,
        async |bare: &mut SqlitePool| ask(bare).await,
    );
    figures.await.map(Some)
}

pub(crate) async fn postgres(bench: &Bench) -> Measured {
    let recipe = Postgres { password: Some("secret".to_owned()), ..Postgres::default() };
    let Some(server) = Service::launch(recipe).await else { return Ok(None) };
    let at = format!("host = '127.0.0.1'\nport = {}", server.port());
    let toml = declared("postgres", &format!("{at}\nuser = 'postgres'\npassword = 'secret'\ndatabase = 'postgres'"));
    let connect = async || -> Result<PgPool, BoxError> {
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(server.port())
            .username("postgres")
            .password("secret")
            .database("postgres")
            .application_name("bare");
        Ok(limits().connect_with(options).await?)
    };
    let figures = compare(
        bench,
        &toml,
        connect,
        async |ours: &PgPool| ask(ours).await,
        async |bare: &mut PgPool| ask(bare).await,
    );
    figures.await.map(Some)
}

pub(crate) async fn mysql(bench: &Bench) -> Measured {
    let recipe = MariaDb { password: "secret".to_owned(), ..MariaDb::default() };
    let Some(server) = Service::launch(recipe).await else { return Ok(None) };
    let at = format!("host = '127.0.0.1'\nport = {}", server.port());
    let toml = declared("mysql", &format!("{at}\nuser = 'app'\npassword = 'secret'\ndatabase = 'app'"));
    let connect = async || -> Result<MySqlPool, BoxError> {
        let options = MySqlConnectOptions::new()
            .host("127.0.0.1")
            .port(server.port())
            .username("app")
            .password("secret")
            .database("app");
        Ok(limits().connect_with(options).await?)
    };
    let figures = compare(
        bench,
        &toml,
        connect,
        async |ours: &MySqlPool| ask(ours).await,
        async |bare: &mut MySqlPool| ask(bare).await,
    );
    figures.await.map(Some)
}

/// Those of the types.
fn limits<DB: Database>() -> PoolOptions<DB> {
    PoolOptions::new()
        .max_connections(10)
        .acquire_timeout(Duration::from_secs(10))
        .idle_timeout(Duration::from_secs(10 * 60))
        .max_lifetime(Duration::from_secs(30 * 60))
}

async fn ask<DB: Database>(pool: &Pool<DB>) -> Result<(), BoxError>
where
    for<'p> &'p Pool<DB>: Executor<'p, Database = DB>,
{
    pool.execute("SELECT 1").await?;
    Ok(())
}
