//! Types of servers behind a tunnel, each through OpenSSH's server to a server of its own. `postgres` is in `ssh_tunnel`.

use std::time::Duration;

use async_memcached::AsciiProtocol;
use connection_registry::{BoxError, Conn, connectors::MemcachedPool};
use connection_registry_tests::{
    CANARY, manager,
    service::{MariaDb, Memcached, Recipe, Redis, Service, Sshd, Tls},
};
use redis::{aio::ConnectionManager, cmd};
use sqlx::MySqlPool;
use tokio::{net::TcpListener, time::timeout};

use crate::ssh_tunnel::{bastion, text_of, wait_until};

#[tokio::test]
async fn mysql_is_behind_a_tunnel() {
    let recipe = MariaDb { password: CANARY.to_owned(), ..MariaDb::default() };
    let more = format!("user = 'app'\npassword = '{CANARY}'\ndatabase = 'app'\nacquire_timeout = '2s'");
    is_behind_a_tunnel("mysql", recipe, &|_| more.clone(), select).await;
}

#[tokio::test]
async fn mysql_verifies_the_authority_through_a_tunnel() {
    let recipe = MariaDb { tls: Tls::Server, ..MariaDb::default() };
    let more = |server: &Service| {
        let ca = server.authority().certificate();
        format!(
            "user = 'app'\ndatabase = 'app'\nacquire_timeout = '2s'\ntls.mode = 'verify-ca'\ntls.ca = '{}'",
            ca.display()
        )
    };
    is_behind_a_tunnel("mysql", recipe, &more, select).await;
}

#[tokio::test]
async fn redis_is_behind_a_tunnel() {
    let recipe = Redis { password: Some(CANARY.to_owned()), ..Redis::default() };
    is_behind_a_tunnel("redis", recipe, &|_| format!("password = '{CANARY}'"), ping).await;
}

#[tokio::test]
async fn memcached_is_behind_a_tunnel() {
    is_behind_a_tunnel("memcached", Memcached, &|_| String::new(), write_and_read).await;
}

async fn select(pool: Conn<MySqlPool>) -> Result<(), BoxError> {
    let one: i32 = sqlx::query_scalar("select 1").fetch_one(&*pool).await?;
    if one == 1 { Ok(()) } else { Err("another number".into()) }
}

async fn ping(client: Conn<ConnectionManager>) -> Result<(), BoxError> {
    Ok(cmd("PING").exec_async(&mut (*client).clone()).await?)
}

async fn write_and_read(pool: Conn<MemcachedPool>) -> Result<(), BoxError> {
    let read = async |connection: &mut async_memcached::Client| {
        connection.set("key", "value", Some(60), None).await?;
        connection.get("key").await
    };
    if pool.run(read).await?.is_some() { Ok(()) } else { Err("what was written is not read".into()) }
}

/// Connects and works; names the server that is not there; works again once the SSH server is back.
async fn is_behind_a_tunnel<C: Send + Sync + 'static, R: Recipe>(
    type_name: &str,
    recipe: R,
    more: &dyn Fn(&Service) -> String,
    work: impl AsyncFn(Conn<C>) -> Result<(), BoxError>,
) {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let Some(server) = Service::launch(recipe).await else { return };
    let declared = |port: u16| {
        let fields = format!("type = '{type_name}'\nhost = '127.0.0.1'\nport = {port}\n{}", more(&server));
        format!("[connections.server]\n{fields}\ntunnel = 'bastion'\n{}", bastion(&sshd))
    };

    let nobody = free_port().await;
    let connections = manager(&format!("defaults.lifecycle.connect_timeout = '2s'\n{}", declared(nobody)));
    let Err(error) = connections.get::<C>("server").await else { panic!("nobody is there") };
    let text = text_of(&error);
    assert!(text.contains(&format!("cannot connect to `127.0.0.1:{nobody}`")), "{text}");
    assert!(text.contains(&format!("the SSH server `127.0.0.1:{}`", sshd.port())) && error.is_retryable(), "{text}");

    let connections = manager(&declared(server.port()));
    let work_once = async || {
        let client = connections.get::<C>("server").await?;
        timeout(Duration::from_secs(5), work(client)).await?
    };
    work_once().await.unwrap_or_else(|error| panic!("{error}"));
    connections.check("server").await.unwrap_or_else(|error| panic!("{}", error.render()));
    sshd.kill().await.unwrap_or_else(|error| panic!("{error}"));
    let Err(error) = connections.check("server").await else { panic!("there is no tunnel") };
    let text = text_of(&error);
    assert!(text.contains(&format!("127.0.0.1:{} through bastion", server.port())), "{text}");
    sshd.start().await.unwrap_or_else(|error| panic!("{error}"));
    wait_until("it works", async || work_once().await.is_ok()).await;
    let report = connections.shutdown(Duration::from_secs(10)).await;
    assert!(report.is_clean(), "{report}");
}

/// A port at which nobody listens.
async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.and_then(|listener| listener.local_addr());
    listener.expect("a port is free").port()
}
