//! `mysql` against MariaDB.

#![allow(clippy::unwrap_used)]

use std::{sync::Arc, time::Duration};

use connection_registry::{
    BoxError, Conn, ConnectionManager,
    connectors::MySql,
    testing::conformance::{Fault, LogCapture, Suite},
};
use connection_registry_tests::{
    CANARY, manager,
    proof::assert_proven,
    service::{MariaDb, Service, Tls},
};
use sqlx::{AssertSqlSafe, MySqlPool, mysql::MySqlDatabaseError, query, query_scalar, raw_sql};

use super::sql::{self, Detour, Load, Rotation, at, encoded, hides_the_canary, showing, trusting};

/// A server with a password.
fn guarded() -> MariaDb {
    MariaDb { password: CANARY.to_owned(), ..MariaDb::default() }
}

/// One that takes encrypted connections alone, and asks for no password.
fn encrypted(tls: Tls) -> MariaDb {
    MariaDb { tls, ..MariaDb::default() }
}

/// One that asks for no password.
async fn open() -> Option<Service> {
    Service::launch(MariaDb::default()).await
}

async fn connected(fields: &str) -> (ConnectionManager, Conn<MySqlPool>) {
    sql::connected("mysql", fields).await
}

async fn permanent(fields: &str, why: &str) {
    sql::permanent::<MySqlPool>("mysql", fields, why).await;
}

async fn text(pool: &MySqlPool, question: &'static str) -> String {
    query_scalar(question).fetch_one(pool).await.unwrap()
}

async fn order(pool: &MySqlPool, order: String) {
    raw_sql(AssertSqlSafe(order)).execute(pool).await.unwrap();
}

async fn write_and_read(pool: Conn<MySqlPool>) -> Result<(), BoxError> {
    let written = i64::from(fastrand::u32(..));
    query("insert into conformance values (?)").bind(written).execute(&*pool).await?;
    let question = "select count(*) from conformance where value = ?";
    let found: i64 = query_scalar(question).bind(written).fetch_one(&*pool).await?;
    if found > 0 { Ok(()) } else { Err("what was written is not read".into()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mysql_conforms() {
    let Some(server) = Service::launch(guarded()).await else { return };
    LogCapture::install().unwrap();
    let fields = |host: &str, port: u16, password: &str, database: &str| {
        format!("host = '{host}'\nport = {port}\nuser = 'app'\npassword = '{password}'\ndatabase = '{database}'\n")
    };
    let (host, port) = (server.host(), server.port());
    let good = fields(host, port, CANARY, "app");
    let (_connections, pool) = connected(&good).await;
    order(&pool, "create table conformance (value bigint)".to_owned()).await;
    let report = Suite::<MySql>::new(&good)
        .with_use(write_and_read)
        .with_broken("wrong password", fields(host, port, "wr0ng-c4nary", "app"), Fault::Permanent)
        .with_broken("no such database", fields(host, port, CANARY, "nowhere"), Fault::Permanent)
        .with_peers(move |host, port| fields(host, port, CANARY, "app"))
        .with_change(good + "max_connections = 3")
        .with_server(Arc::new(server))
        .config_dir(std::env::temp_dir())
        .canary(CANARY)
        .canary("wr0ng-c4nary")
        .run()
        .await;
    assert_proven("mysql", &report);
}

// --- who asks ---

#[tokio::test]
async fn a_password_of_any_characters_works_as_a_field_and_in_a_url() {
    let Some(server) = Service::launch(guarded()).await else { return };
    let by_field = at(&server, &format!("user = 'app'\npassword = '{CANARY}'\ndatabase = 'app'"));
    let by_url = format!("url = 'mysql://app:{}@{}/app'", encoded(), server.address());
    for fields in [by_field, by_url.replace("mysql://", "mariadb://"), by_url] {
        let (_connections, pool) = connected(&fields).await;
        assert_eq!(text(&pool, "select database()").await, "app");
    }
}

#[tokio::test]
async fn wrong_credentials_and_a_missing_database_are_told_at_once_and_for_good() {
    let Some(server) = Service::launch(guarded()).await else { return };
    let refused = format!("`{}` does not accept the credentials", server.address());
    permanent(&at(&server, "user = 'app'\npassword = 'wrong'"), &refused).await;
    permanent(&at(&server, &format!("user = 'nobody'\npassword = '{CANARY}'")), &refused).await;
    let missing = format!("`{}` does not have what was asked for", server.address());
    permanent(&format!("url = 'mysql://app:{}@{}/nowhere'", encoded(), server.address()), &missing).await;
}

#[tokio::test]
async fn a_user_without_rights_in_the_database_is_refused_for_good() {
    let Some(server) = open().await else { return };
    let (_connections, admin) = connected(&at(&server, "user = 'app'")).await;
    order(&admin, "create user outsider identified by 'outs1de'".to_owned()).await;
    let outsider = at(&server, "user = 'outsider'\npassword = 'outs1de'\ndatabase = 'app'");
    permanent(&outsider, "does not accept the credentials").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_password_keeps_the_pool_and_fails_no_use() {
    let Some(server) = open().await else { return };
    let (_admin, admin) = connected(&at(&server, "user = 'app'")).await;
    order(&admin, "create user rotating identified by 'first'".to_owned()).await;
    let rotation = Rotation::new("mysql", &at(&server, "user = 'rotating'\nmax_connections = 4"), "first");
    let pool = rotation.connections.get::<MySqlPool>("db").await.unwrap();
    open_all(&pool).await;

    let load = Load::start(&rotation.connections, 4, ask);
    order(&admin, "alter user rotating identified by 'second'".to_owned()).await;
    assert_eq!(rotation.reload("second").await, "updated [\"db\"], rebuilt [], failed 0");
    load.finish().await;
    assert_eq!(rotation.generation(), 1);

    order(&admin, "kill connection user rotating".to_owned()).await;
    assert!(text(&pool, "select current_user()").await.starts_with("rotating@"));
}

#[tokio::test]
async fn a_new_password_that_the_server_refuses_changes_nothing() {
    let Some(server) = Service::launch(guarded()).await else { return };
    let rotation = Rotation::new("mysql", &at(&server, "user = 'app'"), CANARY);
    let pool = rotation.connections.get::<MySqlPool>("db").await.unwrap();
    assert_eq!(rotation.reload("wrong").await, "updated [], rebuilt [], failed 1");
    open_all(&pool).await;
    assert!(text(&pool, "select current_user()").await.starts_with("app@"));
}

/// As many connections as the pool may have are open.
async fn open_all(pool: &MySqlPool) {
    let mut held = Vec::new();
    while held.len() < 4 {
        held.push(pool.acquire().await.unwrap());
    }
}

async fn ask(pool: Conn<MySqlPool>) -> Result<(), BoxError> {
    query("select 1").execute(&*pool).await?;
    Ok(())
}

// --- what reaches the server ---

#[tokio::test]
async fn the_server_ends_a_statement_after_its_timeout() {
    let Some(server) = open().await else { return };
    let (_connections, pool) =
        connected(&at(&server, "user = 'app'\ndatabase = 'app'\nstatement_timeout = '300ms'")).await;
    assert_eq!(query_scalar::<_, f64>("select @@max_statement_time").fetch_one(&*pool).await.unwrap(), 0.3);
    // A sleep would be woken, and succeed.
    let endless = "select count(*) from seq_1_to_1000000 a, seq_1_to_1000000 b, seq_1_to_1000000 c";
    let error = query(endless).execute(&*pool).await.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().downcast_ref::<MySqlDatabaseError>().number(), 1969, "{error}");
}

#[tokio::test]
async fn the_pool_keeps_within_its_limits_and_says_when_it_is_used_up() {
    let Some(server) = open().await else { return };
    let (_connections, pool) = connected(&at(&server, "user = 'app'\nmin_connections = 2")).await;
    assert_eq!(pool.num_idle(), 2);
    let limits = "user = 'app'\nmax_connections = 2\nacquire_timeout = '500ms'";
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
        let fields = at(&server, &format!("user = 'app'\ndatabase = '{database}'"));
        format!("[connections.{name}]\ntype = 'mysql'\n{fields}\n")
    };
    let connections = manager(&(declared("one", "app") + &declared("two", "mysql")));
    let (one, two) = tokio::join!(connections.get::<MySqlPool>("one"), connections.get::<MySqlPool>("two"));
    let (one, two) = (one.unwrap(), two.unwrap());
    let asked = tokio::join!(text(&one, "select database()"), text(&two, "select database()"));
    assert_eq!(asked, ("app".to_owned(), "mysql".to_owned()));
}

// --- encryption ---

#[tokio::test]
async fn a_trusted_server_is_verified_and_others_are_refused_for_good() {
    let Some(server) = Service::launch(encrypted(Tls::Server)).await else { return };
    let (trusted, stranger) = (server.authority().certificate(), server.authority().stranger());
    let user = at(&server, "user = 'app'\n");
    for tls in [trusting(&trusted, "verify-full"), trusting(&stranger, "require"), "tls.mode = 'prefer'".to_owned()] {
        let (_connections, pool) = connected(&(user.clone() + &tls)).await;
        assert!(cipher(&pool).await.starts_with("TLS_"), "{tls}");
    }
    let refused = format!("no encrypted connection to `{}`", server.address());
    for mode in ["verify-ca", "verify-full"] {
        permanent(&(user.clone() + &trusting(&stranger, mode)), &refused).await;
    }
    permanent(&(user + "tls.mode = 'disable'"), "does not accept the credentials").await;
}

async fn cipher(pool: &MySqlPool) -> String {
    let question = "select variable_value from information_schema.session_status where variable_name = 'ssl_cipher'";
    text(pool, question).await
}

#[tokio::test]
async fn a_server_of_another_name_is_accepted_only_where_names_do_not_count() {
    let Some(server) = Service::launch(encrypted(Tls::Server)).await else { return };
    let (detour, trusted) = (Detour::to(server.address()).await, server.authority().certificate());
    let fields = format!("host = '127.0.0.2'\nport = {}\nuser = 'app'\n", detour.address.port());
    let (_connections, pool) = connected(&(fields.clone() + &trusting(&trusted, "verify-ca"))).await;
    assert!(cipher(&pool).await.starts_with("TLS_"));
    permanent(&(fields + &trusting(&trusted, "verify-full")), "no encrypted connection to `127.0.0.2:").await;
}

#[tokio::test]
async fn a_client_shows_its_certificate_where_the_server_asks() {
    let Some(server) = Service::launch(encrypted(Tls::Mutual)).await else { return };
    let (authority, user) = (server.authority(), at(&server, "user = 'app'\n"));
    let trusted = authority.certificate();
    let (_connections, pool) = connected(&(user.clone() + &showing(&trusted, &authority.client()))).await;
    assert!(cipher(&pool).await.starts_with("TLS_"));
    permanent(&(user.clone() + &trusting(&trusted, "verify-full")), "does not accept the credentials").await;
    permanent(&(user + &showing(&trusted, &authority.strange_client())), "no encrypted connection to").await;
}

#[tokio::test]
async fn an_expired_certificate_and_a_server_without_encryption_are_refused_for_good() {
    let Some(server) = Service::launch(encrypted(Tls::Expired)).await else { return };
    let user = "user = 'app'\n".to_owned();
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
async fn a_socket_is_a_way_to_the_server_and_its_endpoint() {
    let Some(server) = Service::launch(guarded()).await else { return };
    let socket = server.folder().join("socket");
    let fields = |password: &str| format!("host = '{}'\nuser = 'app'\npassword = '{password}'", socket.display());
    let (_connections, pool) = connected(&fields(CANARY)).await;
    assert!(text(&pool, "select current_user()").await.starts_with("app@"));
    let refused = format!("`{}` does not accept the credentials", socket.display());
    permanent(&fields("wrong"), &refused).await;
}

#[tokio::test]
async fn a_dead_server_is_told_by_a_check_of_the_pool() {
    let Some(server) = Service::launch(guarded()).await else { return };
    let (connections, pool) = connected(&at(&server, &format!("user = 'app'\npassword = '{CANARY}'"))).await;
    open_all(&pool).await;
    server.kill().await.unwrap();
    let error = connections.check("db").await.unwrap_err();
    assert!(error.to_string().contains(&format!("nobody listens at `{}`", server.address())), "{error}");
    hides_the_canary(&error);
    server.start().await.unwrap();
    tokio::time::timeout(Duration::from_secs(10), connections.check("db")).await.unwrap().unwrap();
}
