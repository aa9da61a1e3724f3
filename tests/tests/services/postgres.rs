//! `postgres` against PostgreSQL.

#![allow(clippy::unwrap_used)]

use std::{sync::Arc, time::Duration};

use connection_registry::{
    BoxError, Conn, ConnectionManager,
    connectors::Postgres,
    testing::conformance::{Fault, LogCapture, Suite},
};
use connection_registry_tests::{
    CANARY, manager,
    proof::assert_proven,
    service::{self, Service, Tls},
};
use sqlx::{AssertSqlSafe, PgPool, query, query_scalar, raw_sql};

use super::sql::{self, Detour, Load, Rotation, at, encoded, hides_the_canary, showing, trusting};

/// A server with a password.
fn guarded() -> service::Postgres {
    service::Postgres { password: Some(CANARY.to_owned()), ..service::Postgres::default() }
}

/// One that takes encrypted connections alone, and asks for no password.
fn encrypted(tls: Tls) -> service::Postgres {
    service::Postgres { tls, ..service::Postgres::default() }
}

/// One who lets everybody in.
async fn open() -> Option<Service> {
    Service::launch(service::Postgres::default()).await
}

async fn connected(fields: &str) -> (ConnectionManager, Conn<PgPool>) {
    sql::connected("postgres", fields).await
}

async fn permanent(fields: &str, why: &str) {
    sql::permanent::<PgPool>("postgres", fields, why).await;
}

async fn text(pool: &PgPool, question: &'static str) -> String {
    query_scalar(question).fetch_one(pool).await.unwrap()
}

async fn number(pool: &PgPool, question: &'static str) -> i64 {
    query_scalar(question).fetch_one(pool).await.unwrap()
}

async fn order(pool: &PgPool, order: &str) {
    raw_sql(AssertSqlSafe(order.to_owned())).execute(pool).await.unwrap();
}

async fn write_and_read(pool: Conn<PgPool>) -> Result<(), BoxError> {
    let written = i64::from(fastrand::u32(..));
    query("insert into conformance values ($1)").bind(written).execute(&*pool).await?;
    let question = "select count(*) from conformance where value = $1";
    let found: i64 = query_scalar(question).bind(written).fetch_one(&*pool).await?;
    if found > 0 { Ok(()) } else { Err("what was written is not read".into()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_conforms() {
    let Some(server) = Service::launch(guarded()).await else { return };
    LogCapture::install().unwrap();
    let fields = |host: &str, port: u16, password: &str, database: &str| {
        format!("host = '{host}'\nport = {port}\nuser = 'postgres'\npassword = '{password}'\ndatabase = '{database}'\n")
    };
    let (host, port) = (server.host(), server.port());
    let good = fields(host, port, CANARY, "postgres");
    let (_connections, pool) = connected(&good).await;
    order(&pool, "create table conformance (value bigint)").await;
    let report = Suite::<Postgres>::new(&good)
        .with_use(write_and_read)
        .with_broken("wrong password", fields(host, port, "wr0ng-c4nary", "postgres"), Fault::Permanent)
        .with_broken("no such database", fields(host, port, CANARY, "nowhere"), Fault::Permanent)
        .with_peers(move |host, port| fields(host, port, CANARY, "postgres"))
        .with_change(good + "max_connections = 3")
        .with_server(Arc::new(server))
        .config_dir(std::env::temp_dir())
        .canary(CANARY)
        .canary("wr0ng-c4nary")
        .run()
        .await;
    assert_proven("postgres", &report);
}

// --- who asks ---

#[tokio::test]
async fn a_password_of_any_characters_works_as_a_field_and_in_a_url() {
    let Some(server) = Service::launch(guarded()).await else { return };
    let by_field = at(&server, &format!("user = 'postgres'\npassword = '{CANARY}'"));
    let by_url = format!("url = 'postgres://postgres:{}@{}/postgres'", encoded(), server.address());
    for fields in [by_field, by_url] {
        let (_connections, pool) = connected(&fields).await;
        assert_eq!(text(&pool, "select current_user::text").await, "postgres");
    }
}

#[tokio::test]
async fn wrong_credentials_and_a_missing_database_are_told_at_once_and_for_good() {
    let Some(server) = Service::launch(guarded()).await else { return };
    let refused = format!("`{}` does not accept the credentials", server.address());
    permanent(&at(&server, "user = 'postgres'\npassword = 'wrong'"), &refused).await;
    permanent(&at(&server, &format!("user = 'nobody'\npassword = '{CANARY}'")), &refused).await;
    let missing = format!("`{}` does not have what was asked for", server.address());
    permanent(&format!("url = 'postgres://postgres:{}@{}/nowhere'", encoded(), server.address()), &missing).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_password_keeps_the_pool_and_fails_no_use() {
    let Some(server) = open_to_roles().await else { return };
    let (_admin, admin) = connected(&at(&server, "user = 'postgres'\npassword = 'adm1n'")).await;
    order(&admin, "create role app login password 'first'").await;
    let fields = at(&server, "user = 'app'\ndatabase = 'postgres'\nmax_connections = 4");
    let rotation = Rotation::new("postgres", &fields, "first");
    let pool = rotation.connections.get::<PgPool>("db").await.unwrap();
    open_all(&pool).await;

    let load = Load::start(&rotation.connections, 4, ask);
    order(&admin, "alter role app password 'second'").await;
    assert_eq!(rotation.reload("second").await, "updated [\"db\"], rebuilt [], failed 0");
    load.finish().await;
    assert_eq!(rotation.generation(), 1);

    let question = "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = 'app'";
    assert_eq!(number(&admin, question).await, 4);
    assert_eq!(text(&pool, "select current_user::text").await, "app");
}

#[tokio::test]
async fn a_new_password_that_the_server_refuses_changes_nothing() {
    let Some(server) = open_to_roles().await else { return };
    let fields = at(&server, "user = 'postgres'");
    let rotation = Rotation::new("postgres", &fields, "adm1n");
    let pool = rotation.connections.get::<PgPool>("db").await.unwrap();
    assert_eq!(rotation.reload("wrong").await, "updated [], rebuilt [], failed 1");
    open_all(&pool).await;
    assert_eq!(text(&pool, "select current_user::text").await, "postgres");
}

/// A server whose password is nobody's canary: the driver logs the statements that change passwords.
async fn open_to_roles() -> Option<Service> {
    Service::launch(service::Postgres { password: Some("adm1n".to_owned()), ..service::Postgres::default() }).await
}

/// As many connections as the pool may have are open.
async fn open_all(pool: &PgPool) {
    let mut held = Vec::new();
    while held.len() < 4 {
        held.push(pool.acquire().await.unwrap());
    }
}

async fn ask(pool: Conn<PgPool>) -> Result<(), BoxError> {
    query("select 1").execute(&*pool).await?;
    Ok(())
}

// --- what reaches the server ---

#[tokio::test]
async fn the_server_sees_the_name_of_the_application() {
    let Some(server) = open().await else { return };
    let url = |name: &str| format!("url = 'postgres://postgres@{}/postgres{name}'", server.address());
    for (fields, expected) in [
        (at(&server, "user = 'postgres'"), "db"),
        (at(&server, "user = 'postgres'\napplication_name = 'billing'"), "billing"),
        (url("?application_name=of-the-url"), "of-the-url"),
        (url("?application_name=of-the-url") + "\napplication_name = 'billing'", "billing"),
    ] {
        let (_connections, pool) = connected(&fields).await;
        let question = "select application_name from pg_stat_activity where pid = pg_backend_pid()";
        assert_eq!(text(&pool, question).await, expected, "{fields}");
    }
}

#[tokio::test]
async fn the_server_ends_a_statement_after_its_timeout() {
    let Some(server) = open().await else { return };
    let (_connections, pool) = connected(&at(&server, "user = 'postgres'\nstatement_timeout = '300ms'")).await;
    assert_eq!(text(&pool, "show statement_timeout").await, "300ms");
    let error = query("select pg_sleep(20)").execute(&*pool).await.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().code().as_deref(), Some("57014"));
    let (_connections, pool) = connected(&at(&server, "user = 'postgres'\nstatement_timeout = '1us'")).await;
    assert_eq!(text(&pool, "show statement_timeout").await, "1ms");
}

#[tokio::test]
async fn the_pool_keeps_within_its_limits_and_says_when_it_is_used_up() {
    let Some(server) = open().await else { return };
    let (_connections, pool) = connected(&at(&server, "user = 'postgres'\nmin_connections = 2")).await;
    assert_eq!(pool.num_idle(), 2);
    let limits = "user = 'postgres'\nmax_connections = 2\nacquire_timeout = '500ms'";
    let (connections, pool) = connected(&at(&server, limits)).await;
    connections.check("db").await.unwrap();
    let _held = (pool.acquire().await.unwrap(), pool.acquire().await.unwrap());
    assert!(matches!(pool.acquire().await, Err(sqlx::Error::PoolTimedOut)));
    let error = connections.check("db").await.unwrap_err();
    assert!(error.to_string().contains("no free connection (2 of 2 open, 0 idle)"), "{error}");
}

#[tokio::test]
async fn two_connections_to_one_server_are_two_pools() {
    let Some(server) = open().await else { return };
    let declared = |name: &str, database: &str| {
        let fields = at(&server, &format!("user = 'postgres'\ndatabase = '{database}'"));
        format!("[connections.{name}]\ntype = 'postgres'\n{fields}\n")
    };
    let connections = manager(&(declared("one", "postgres") + &declared("two", "template1")));
    let (one, two) = tokio::join!(connections.get::<PgPool>("one"), connections.get::<PgPool>("two"));
    let (one, two) = (one.unwrap(), two.unwrap());
    let question = "select current_database()::text";
    let asked = tokio::join!(text(&one, question), text(&two, question));
    assert_eq!(asked, ("postgres".to_owned(), "template1".to_owned()));
}

// --- encryption ---

#[tokio::test]
async fn a_trusted_server_is_verified_and_others_are_refused_for_good() {
    let Some(server) = Service::launch(encrypted(Tls::Server)).await else { return };
    let (trusted, stranger) = (server.authority().certificate(), server.authority().stranger());
    let user = at(&server, "user = 'postgres'\n");
    for tls in [trusting(&trusted, "verify-full"), trusting(&stranger, "require"), "tls.mode = 'prefer'".to_owned()] {
        let (_connections, pool) = connected(&(user.clone() + &tls)).await;
        let question = "select ssl::text from pg_stat_ssl where pid = pg_backend_pid()";
        assert_eq!(text(&pool, question).await, "true", "{tls}");
    }
    let refused = format!("no encrypted connection to `{}`", server.address());
    for mode in ["verify-ca", "verify-full"] {
        permanent(&(user.clone() + &trusting(&stranger, mode)), &refused).await;
    }
    permanent(&(user + "tls.mode = 'disable'"), "does not accept the credentials").await;
}

#[tokio::test]
async fn a_server_of_another_name_is_accepted_only_where_names_do_not_count() {
    let Some(server) = Service::launch(encrypted(Tls::Server)).await else { return };
    let (detour, trusted) = (Detour::to(server.address()).await, server.authority().certificate());
    let fields = format!("host = '127.0.0.2'\nport = {}\nuser = 'postgres'\n", detour.address.port());
    let (_connections, pool) = connected(&(fields.clone() + &trusting(&trusted, "verify-ca"))).await;
    assert_eq!(text(&pool, "select current_user::text").await, "postgres");
    permanent(&(fields + &trusting(&trusted, "verify-full")), "no encrypted connection to `127.0.0.2:").await;
}

#[tokio::test]
async fn a_client_shows_its_certificate_where_the_server_asks() {
    let Some(server) = Service::launch(encrypted(Tls::Mutual)).await else { return };
    let (authority, user) = (server.authority(), at(&server, "user = 'postgres'\n"));
    let trusted = authority.certificate();
    let (_connections, pool) = connected(&(user.clone() + &showing(&trusted, &authority.client()))).await;
    let subject = "select client_dn from pg_stat_ssl where pid = pg_backend_pid()";
    assert_eq!(text(&pool, subject).await, "/CN=client");
    permanent(&(user.clone() + &trusting(&trusted, "verify-full")), "does not accept the credentials").await;
    permanent(&(user + &showing(&trusted, &authority.strange_client())), "no encrypted connection to").await;
}

#[tokio::test]
async fn an_expired_certificate_and_a_server_without_encryption_are_refused_for_good() {
    let Some(server) = Service::launch(encrypted(Tls::Expired)).await else { return };
    let user = "user = 'postgres'\n".to_owned();
    let trusting = trusting(&server.authority().certificate(), "verify-full");
    permanent(&at(&server, &(user.clone() + &trusting)), "no encrypted connection to").await;
    let Some(plain) = open().await else { return };
    permanent(&at(&plain, &(user + "tls.mode = 'require'")), "no encrypted connection to").await;
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named() {
    permanent("host = 'h'\ntls.ca = '/nowhere/ca.pem'", "cannot read the file `/nowhere/ca.pem` of `tls`").await;
}

// --- the way to the server ---

#[tokio::test]
async fn a_socket_in_a_folder_is_the_endpoint() {
    let lifecycle = "lifecycle.connect_timeout = '300ms'";
    let connections = manager(&format!("[connections.db]\ntype = 'postgres'\nhost = '/nowhere'\n{lifecycle}\n"));
    let error = connections.get::<PgPool>("db").await.unwrap_err();
    assert!(error.to_string().contains("`/nowhere`") && error.is_retryable(), "{error}");
}

#[tokio::test]
async fn a_dead_server_is_told_by_a_check_of_the_pool() {
    let Some(server) = Service::launch(guarded()).await else { return };
    let fields = at(&server, &format!("user = 'postgres'\npassword = '{CANARY}'"));
    let (connections, pool) = connected(&fields).await;
    open_all(&pool).await;
    server.kill().await.unwrap();
    let error = connections.check("db").await.unwrap_err();
    assert!(error.to_string().contains(&format!("nobody listens at `{}`", server.address())), "{error}");
    hides_the_canary(&error);
    server.start().await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), connections.check("db")).await.unwrap().unwrap();
}
