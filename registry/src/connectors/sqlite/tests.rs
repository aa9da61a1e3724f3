//! Real databases, in files and in memory.

#![allow(clippy::unwrap_used)]

use std::{
    any::Any,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::SqlitePool;
use tempfile::{TempDir, tempdir};

use super::Sqlite;
use crate::{
    BoxError, ConnectContext, ConnectError, Connection, Error,
    connection::{BoxFuture, References},
    connectors::shared::problems,
};

// --- where the database is ---

#[tokio::test]
async fn a_relative_file_and_its_folder_are_made_beside_the_configuration() {
    for url in ["sqlite://data/deep/app.db", "sqlite:data/deep/app.db"] {
        let folder = tempdir().unwrap();
        let pool = connect(&folder, url).await.unwrap();
        write(&pool).await.unwrap();
        assert!(folder.path().join("data/deep/app.db").is_file(), "{url}");
    }
}

#[tokio::test]
async fn an_absolute_file_stays_where_it_is() {
    let (config, elsewhere) = (tempdir().unwrap(), tempdir().unwrap());
    let file = elsewhere.path().join("with space and 100%25.db");
    connect(&config, &format!("sqlite://{}", file.display())).await.unwrap();
    assert!(elsewhere.path().join("with space and 100%.db").is_file());
    assert_eq!(fs::read_dir(config.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_url_of_another_kind_is_refused_for_good() {
    let folder = tempdir().unwrap();
    for url in ["postgres://localhost/app", "data/app.db", "", "sqlite:", "sqlite://", "sqlite://file:app.db"] {
        check_refused(connect(&folder, url).await, "`url` must be `sqlite:` with a path");
    }
    check_refused(connect(&folder, "sqlite://app.db?mode=odd").await, "unknown value \"odd\" for `mode`");
    check_refused(connect(&folder, "sqlite://app.db?timeout=5").await, "unknown query parameter `timeout`");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

// --- what a file is opened with ---

#[tokio::test]
async fn a_file_has_a_write_ahead_log_and_a_busy_timeout() {
    let folder = tempdir().unwrap();
    let pool = connect(&folder, FILE).await.unwrap();
    assert_eq!(pragma::<String>(&pool, "PRAGMA journal_mode").await, "wal");
    assert_eq!(pragma::<i64>(&pool, "PRAGMA synchronous").await, 1);
    assert_eq!(pragma::<i64>(&pool, "PRAGMA busy_timeout").await, 5000);
    assert_eq!(pool.options().get_max_connections(), 8);
}

#[tokio::test]
async fn foreign_keys_are_enforced() {
    for url in [FILE, MEMORY] {
        let folder = tempdir().unwrap();
        let pool = connect(&folder, url).await.unwrap();
        let schema = "create table parent (id integer primary key); create table child (parent references parent)";
        sqlx::raw_sql(schema).execute(&pool).await.unwrap();
        let error = sqlx::query("insert into child values (7)").execute(&pool).await.unwrap_err();
        assert!(error.as_database_error().unwrap().is_foreign_key_violation(), "{url}: {error}");
    }
}

#[tokio::test]
async fn endless_timeouts_do_not_panic() {
    let folder = tempdir().unwrap();
    let settings = Sqlite { busy_timeout: Duration::MAX, acquire_timeout: Duration::MAX, ..sqlite(FILE) };
    let pool = settings.connect(&context(&folder, Duration::from_secs(u64::from(u32::MAX)))).await.unwrap();
    assert_eq!(pragma::<i64>(&pool, "PRAGMA busy_timeout").await, i64::from(i32::MAX));
}

#[tokio::test]
async fn rows_are_there_again_after_disconnect_and_connect() {
    let folder = tempdir().unwrap();
    let settings = sqlite(FILE);
    let pool = settings.connect(&soon(&folder)).await.unwrap();
    write(&pool).await.unwrap();
    settings.disconnect(&pool).await.unwrap();
    assert!(settings.check(&pool).await.unwrap_err().to_string().contains("cannot use"));
    assert_eq!(count(&connect(&folder, FILE).await.unwrap()).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_make_one_new_file_at_the_same_moment_wait_for_each_other() {
    for _ in 0..50 {
        let folder = tempdir().unwrap();
        let one = || connect(&folder, FILE);
        tokio::try_join!(one(), one(), one(), one(), one(), one()).unwrap_or_else(|error| panic!("{}", chain(&error)));
    }
}

#[tokio::test]
async fn a_writer_of_one_pool_waits_for_the_writer_of_another() {
    let folder = tempdir().unwrap();
    let (first, second) = tokio::try_join!(connect(&folder, FILE), connect(&folder, FILE)).unwrap();
    write(&first).await.unwrap();
    let lock = first.begin_with("begin immediate").await.unwrap();
    let (_, written) = tokio::join!(
        async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            lock.commit().await.unwrap();
        },
        write(&second),
    );
    written.unwrap();
    assert_eq!(count(&first).await.unwrap(), 2);
}

// --- reading only, and creating ---

#[tokio::test]
async fn a_read_only_database_reads_and_refuses_to_write() {
    let folder = tempdir().unwrap();
    write(&connect(&folder, FILE).await.unwrap()).await.unwrap();
    let by_field = Sqlite { read_only: true, ..sqlite(FILE) };
    let by_both = Sqlite { read_only: true, ..sqlite("sqlite://app.db?mode=rwc") };
    for settings in [by_field, by_both, sqlite("sqlite://app.db?mode=ro")] {
        let pool = settings.connect(&soon(&folder)).await.unwrap();
        assert_eq!(count(&pool).await.unwrap(), 1);
        let error = sqlx::query("insert into t values (1)").execute(&pool).await.unwrap_err();
        assert!(error.to_string().contains("readonly database"), "{error}");
    }
}

#[tokio::test]
async fn a_missing_file_is_not_made_where_that_is_not_wanted() {
    let folder = tempdir().unwrap();
    let never = Sqlite { create: Some(false), ..sqlite(FILE) };
    let read_only = Sqlite { read_only: true, ..sqlite(FILE) };
    let stricter = Sqlite { create: Some(false), ..sqlite("sqlite://app.db?mode=rwc") };
    for settings in [never, read_only, stricter, sqlite("sqlite://app.db?mode=rw"), sqlite("sqlite://app.db?mode=ro")] {
        check_refused(settings.connect(&soon(&folder)).await, "(os error 2)");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

// --- memory ---

#[tokio::test]
async fn all_connections_of_a_pool_see_one_database_in_memory() {
    for url in [MEMORY, "sqlite://:memory:", "sqlite://?mode=memory", "sqlite::memory:?cache=shared"] {
        let folder = tempdir().unwrap();
        let pool = connect(&folder, url).await.unwrap();
        write(&pool).await.unwrap();
        let (mut first, mut second) = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
        sqlx::query("insert into t values (2)").execute(&mut *first).await.unwrap();
        let seen: i64 = sqlx::query_scalar("select count(*) from t").fetch_one(&mut *second).await.unwrap();
        assert_eq!(seen, 2, "{url}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{url}");
    }
}

#[tokio::test]
async fn two_connections_in_memory_are_two_databases() {
    let folder = tempdir().unwrap();
    let (first, second) = (connect(&folder, MEMORY).await.unwrap(), connect(&folder, MEMORY).await.unwrap());
    write(&first).await.unwrap();
    assert!(count(&second).await.unwrap_err().to_string().contains("no such table"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_writers_in_memory_wait_for_each_other() {
    let folder = tempdir().unwrap();
    let pool = connect(&folder, MEMORY).await.unwrap();
    write(&pool).await.unwrap();
    let writers: Vec<_> = (0..8).map(|_| tokio::spawn(write_often(pool.clone()))).collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(count(&pool).await.unwrap(), 161);
}

#[tokio::test]
async fn a_pool_in_memory_keeps_its_connections() {
    let folder = tempdir().unwrap();
    let pool = connect(&folder, MEMORY).await.unwrap();
    assert_eq!((pool.options().get_idle_timeout(), pool.options().get_max_lifetime()), (None, None));
}

// --- the true cause ---

#[tokio::test]
async fn a_file_of_garbage_is_refused_for_good() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("app.db"), "this is a text, and long enough to be a header. ".repeat(40)).unwrap();
    for settings in [sqlite(FILE), Sqlite { read_only: true, ..sqlite(FILE) }] {
        check_refused(settings.connect(&soon(&folder)).await, "(code: 26) file is not a database");
    }
}

#[tokio::test]
async fn a_folder_is_refused_for_good() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("app.db")).unwrap();
    check_refused(connect(&folder, FILE).await, "app.db`: is a directory");
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_in_the_place_of_the_folder_is_refused_for_good() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("data"), "").unwrap();
    check_refused(connect(&folder, "sqlite://data/app.db").await, "data/app.db`: Not a directory");
}

#[cfg(unix)]
#[tokio::test]
async fn a_device_is_refused_for_good() {
    check_refused(connect(&tempdir().unwrap(), "sqlite:///dev/null").await, "`/dev/null`: not a regular file");
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_without_permission_is_refused_for_good() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempdir().unwrap();
    write(&connect(&folder, FILE).await.unwrap()).await.unwrap();
    let file = folder.path().join("app.db");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(&file).is_err() {
        check_refused(connect(&folder, FILE).await, "permission denied");
    }
}

#[tokio::test]
async fn a_locked_database_is_named_as_such_before_the_deadline() {
    let folder = tempdir().unwrap();
    let alone = Sqlite { max_connections: 1.try_into().unwrap(), ..sqlite(FILE) };
    let holder = alone.connect(&soon(&folder)).await.unwrap();
    let mut lock = holder.acquire().await.unwrap();
    sqlx::raw_sql("pragma locking_mode = exclusive; create table l (i)").execute(&mut *lock).await.unwrap();
    let start = Instant::now();
    let error = sqlite(FILE).connect(&context(&folder, Duration::from_secs(2))).await.unwrap_err();
    check_transient(&error, "database is locked");
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_check_says_that_the_pool_is_used_up_when_the_database_answers() {
    let folder = tempdir().unwrap();
    let settings =
        Sqlite { max_connections: 1.try_into().unwrap(), acquire_timeout: Duration::from_millis(20), ..sqlite(FILE) };
    let pool = settings.connect(&soon(&folder)).await.unwrap();
    settings.check(&pool).await.unwrap();
    let _held = pool.acquire().await.unwrap();
    check_transient(&settings.check(&pool).await.unwrap_err(), "(1 of 1 open, 0 idle); the database itself answers");
}

#[tokio::test]
async fn a_check_notices_that_the_file_became_garbage() {
    let folder = tempdir().unwrap();
    let settings = sqlite(FILE);
    let pool = settings.connect(&soon(&folder)).await.unwrap();
    write(&pool).await.unwrap();
    sqlx::query("pragma wal_checkpoint(truncate)").execute(&pool).await.unwrap();
    fs::write(folder.path().join("app.db"), "garbage ".repeat(4096)).unwrap();
    let error = settings.check(&pool).await.unwrap_err();
    assert!(chain(&error).contains("file is not a database"), "{}", chain(&error));
}

// --- configuration ---

#[test]
fn a_wrong_url_is_told_when_the_configuration_is_loaded() {
    let form = "CR008 4 `url` must be `sqlite:` with a path, such as `sqlite://data/app.db`, or `sqlite::memory:`";
    for url in ["postgres://localhost/app", "data/app.db", "", "sqlite:", "sqlite://", "sqlite://file:app.db"] {
        check_configuration(&format!("url = '{url}'"), &[form]);
    }
    let parameter = "CR008 4 `url` has a parameter, or the value of one, that the driver does not know";
    for url in ["sqlite://app.db?mode=odd", "sqlite://app.db?timeout=5"] {
        check_configuration(&format!("url = '{url}'"), &[parameter]);
    }
    check_configuration("url = 'sqlite://data/app.db?mode=rwc&cache=private'", &[]);
    check_configuration("url = '${env:DATABASE_URL}'", &[]);
}

#[test]
fn fields_that_contradict_each_other_have_a_place() {
    let reads = "CR008 6 `create` must not be true while `read_only` is";
    check_configuration("url = 'sqlite://app.db'\nread_only = true\ncreate = true", &[reads]);
    let mode = "CR008 5 `create` must not be true while `mode` in `url` is `ro` or `rw`";
    check_configuration("url = 'sqlite://app.db?mode=ro'\ncreate = true", &[mode]);
    check_configuration("url = 'sqlite://app.db'\nread_only = true", &[]);
    check_configuration("url = 'sqlite://app.db'\nread_only = '${env:READ_ONLY}'\ncreate = true", &[]);
    let none = "CR008 5 `acquire_timeout` must be longer than zero";
    check_configuration("url = 'sqlite://app.db'\nacquire_timeout = '0s'", &[none]);
}

#[test]
fn every_field_but_the_url_has_a_default() {
    let settings: Sqlite = toml::from_str("url = 'sqlite::memory:'").unwrap();
    assert_eq!(format!("{settings:?}"), format!("{:?}", sqlite(MEMORY)));
    assert!(toml::from_str::<Sqlite>("max_connections = 2").is_err());
    assert!(toml::from_str::<Sqlite>("url = 'sqlite::memory:'\nmax_connections = 0").is_err());
    assert!(toml::from_str::<Sqlite>("url = 'sqlite::memory:'\npool_size = 4").is_err());
}

const FILE: &str = "sqlite://app.db";
const MEMORY: &str = "sqlite::memory:";

fn sqlite(url: &str) -> Sqlite {
    Sqlite {
        url: url.into(),
        max_connections: 8.try_into().unwrap(),
        acquire_timeout: Duration::from_secs(10),
        busy_timeout: Duration::from_secs(5),
        read_only: false,
        create: None,
    }
}

async fn connect(folder: &TempDir, url: &str) -> Result<SqlitePool, BoxError> {
    sqlite(url).connect(&soon(folder)).await
}

fn soon(folder: &TempDir) -> ConnectContext {
    context(folder, Duration::from_secs(20))
}

fn context(folder: &TempDir, within: Duration) -> ConnectContext {
    struct NoReferences;
    impl References for NoReferences {
        fn connected(&self, _: &str) -> BoxFuture<'static, Result<Arc<dyn Any + Send + Sync>, Error>> {
            unreachable!("no field of this type refers to another connection")
        }
    }
    let folder: Arc<Path> = folder.path().into();
    ConnectContext::new("db".into(), folder, tokio::time::Instant::now() + within, Arc::new(NoReferences))
}

async fn write(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("create table if not exists t (i integer); insert into t values (1)").execute(pool).await.map(drop)
}

async fn write_often(pool: SqlitePool) -> Result<(), sqlx::Error> {
    for _ in 0..20 {
        sqlx::query("insert into t values (1)").execute(&pool).await?;
    }
    Ok(())
}

async fn count(pool: &SqlitePool) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar("select count(*) from t").fetch_one(pool).await
}

async fn pragma<T>(pool: &SqlitePool, pragma: &'static str) -> T
where
    T: Send + Unpin + sqlx::Type<sqlx::Sqlite> + for<'r> sqlx::Decode<'r, sqlx::Sqlite>,
{
    sqlx::query_scalar(pragma).fetch_one(pool).await.unwrap()
}

#[track_caller]
fn check_configuration(fields: &str, expected: &[&str]) {
    problems::check("sqlite", fields, expected);
}

#[track_caller]
fn check_refused(result: Result<SqlitePool, BoxError>, expected: &str) {
    let error = result.expect_err("it must not connect");
    assert!(chain(&error).contains(expected), "{}", chain(&error));
    assert!(error.downcast_ref::<ConnectError>().is_some_and(ConnectError::is_permanent), "transient: {error}");
}

#[track_caller]
fn check_transient(error: &BoxError, expected: &str) {
    assert!(chain(error).contains(expected), "{}", chain(error));
    assert!(error.downcast_ref::<ConnectError>().is_some_and(|error| !error.is_permanent()), "permanent: {error}");
}

/// The error and its causes, as they are reported.
fn chain(error: &BoxError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
