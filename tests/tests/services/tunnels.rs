//! Types of servers behind a tunnel, each through OpenSSH's server to a server of its own. `postgres` is in `ssh_tunnel`; those
//! that take more than a host and a port are with their type.

use std::{net::SocketAddr, time::Duration};

use async_memcached::AsciiProtocol;
use connection_registry::{
    BoxError, Conn,
    connectors::{AmqpConnection, LdapClient, MemcachedPool, MqttClient, MqttQos},
};
use connection_registry_tests::{
    CANARY, manager,
    service::{MariaDb, Memcached, Mosquitto, RabbitMq, Recipe, Redis, Service, Slapd, Smtp, Sshd, Tls},
};
use ldap3::Scope;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use redis::{aio::ConnectionManager, cmd};
use sqlx::MySqlPool;
use tokio::{net::TcpListener, time::timeout};

use crate::{
    http::site::alias,
    ssh_tunnel::{bastion, text_of, wait_until},
};

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

#[tokio::test]
async fn amqp_is_behind_a_tunnel() {
    let recipe = RabbitMq { tls: Tls::Server, ..RabbitMq::default() };
    let more = |server: &Service| format!("user = 'app'\npassword = 'secret'\n{}", trusting(server));
    let servers = is_behind_a_tunnel("amqp", recipe, &more, channel).await;
    verifies_the_name_of_the_host::<AmqpConnection>("amqp", servers, &more).await;
}

#[tokio::test]
async fn mqtt_is_behind_a_tunnel() {
    let recipe = Mosquitto { tls: Tls::Server, ..Mosquitto::default() };
    let servers = is_behind_a_tunnel("mqtt", recipe, &trusting, publish).await;
    verifies_the_name_of_the_host::<MqttClient>("mqtt", servers, &trusting).await;
}

#[tokio::test]
async fn ldap_is_behind_a_tunnel() {
    let recipe = Slapd { tls: Tls::Server, starttls: true, ..Slapd::default() };
    let servers = is_behind_a_tunnel("ldap", recipe, &trusting, search).await;
    verifies_the_name_of_the_host::<LdapClient>("ldap", servers, &trusting).await;
}

#[tokio::test]
async fn smtp_is_behind_a_tunnel() {
    let recipe = Smtp { tls: Tls::Server, ..Smtp::default() };
    let servers = is_behind_a_tunnel("smtp", recipe, &trusting, send).await;
    verifies_the_name_of_the_host::<Mailer>("smtp", servers, &trusting).await;
}

type Mailer = AsyncSmtpTransport<Tokio1Executor>;

fn trusting(server: &Service) -> String {
    format!("tls.ca = '{}'", server.authority().certificate().display())
}

async fn channel(connection: Conn<AmqpConnection>) -> Result<(), BoxError> {
    Ok(connection.create_channel().await?.close(200, "OK".into()).await?)
}

async fn publish(client: Conn<MqttClient>) -> Result<(), BoxError> {
    let mut subscription = client.subscribe("topic", MqttQos::AtLeastOnce).await?;
    client.publish("topic", MqttQos::AtLeastOnce, "hello").await?;
    subscription.recv().await.map(drop).ok_or_else(|| "the client was closed".into())
}

async fn search(client: Conn<LdapClient>) -> Result<(), BoxError> {
    let found = client.ldap().await?.search("", Scope::Base, "(objectClass=*)", ["1.1"]).await?;
    Ok(found.success().map(drop)?)
}

async fn send(client: Conn<Mailer>) -> Result<(), BoxError> {
    let message = Message::builder().from("app@example.org".parse()?).to("ada@example.org".parse()?);
    Ok(client.send(message.body("hello".to_owned())?).await.map(drop)?)
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

/// [`works`] with a server of its own.
async fn is_behind_a_tunnel<C: Send + Sync + 'static, R: Recipe>(
    type_name: &str,
    recipe: R,
    more: &dyn Fn(&Service) -> String,
    work: impl AsyncFn(Conn<C>) -> Result<(), BoxError>,
) -> Option<(Service, Service)> {
    let sshd = Service::launch(Sshd::default()).await?;
    let server = Service::launch(recipe).await?;
    works(type_name, &sshd, server.port(), &by_host_and_port(more(&server)), work).await;
    Some((sshd, server))
}

/// Connects to a port of this machine and works; names the server that is not there; works again once the SSH server is back.
/// `fields` are those of a server at a host and a port.
pub(crate) async fn works<C: Send + Sync + 'static>(
    type_name: &str,
    sshd: &Service,
    port: u16,
    fields: &dyn Fn(&str, u16) -> String,
    work: impl AsyncFn(Conn<C>) -> Result<(), BoxError>,
) {
    let declared = |port: u16| declared(type_name, sshd, &fields("127.0.0.1", port));
    let nobody = free_port().await;
    let connections = manager(&format!("defaults.lifecycle.connect_timeout = '2s'\n{}", declared(nobody)));
    let Err(error) = connections.get::<C>("server").await else { panic!("nobody is there") };
    let text = text_of(&error);
    assert!(text.contains(&format!("cannot connect to `127.0.0.1:{nobody}`")), "{text}");
    assert!(text.contains(&format!("the SSH server `127.0.0.1:{}`", sshd.port())) && error.is_retryable(), "{text}");

    let connections = manager(&declared(port));
    let work_once = async || {
        let client = connections.get::<C>("server").await?;
        timeout(Duration::from_secs(5), work(client)).await?
    };
    work_once().await.unwrap_or_else(|error| panic!("{error}"));
    connections.check("server").await.unwrap_or_else(|error| panic!("{}", error.render()));
    sshd.kill().await.unwrap_or_else(|error| panic!("{error}"));
    let Err(error) = connections.check("server").await else { panic!("there is no tunnel") };
    let text = text_of(&error);
    assert!(text.contains(&format!("127.0.0.1:{port} through bastion")), "{text}");
    sshd.start().await.unwrap_or_else(|error| panic!("{error}"));
    wait_until("it works", async || work_once().await.is_ok()).await;
    let report = connections.shutdown(Duration::from_secs(10)).await;
    assert!(report.is_clean(), "{report}");
}

/// [`verifies_the_name`] for such servers.
async fn verifies_the_name_of_the_host<C: Send + Sync + 'static>(
    type_name: &str,
    servers: Option<(Service, Service)>,
    more: &dyn Fn(&Service) -> String,
) {
    let Some((sshd, server)) = servers else { return };
    verifies_the_name::<C>(type_name, &sshd, server.address(), &by_host_and_port(more(&server))).await;
}

/// The certificate is for 127.0.0.1, as the local end of the tunnel is called, and the host has another name.
pub(crate) async fn verifies_the_name<C: Send + Sync + 'static>(
    type_name: &str,
    sshd: &Service,
    server: SocketAddr,
    fields: &dyn Fn(&str, u16) -> String,
) {
    let other = alias(server).await;
    let toml = declared(type_name, sshd, &fields(&other.ip().to_string(), other.port()));
    let Err(error) = manager(&toml).get::<C>("server").await else { panic!("the name is not that of the host") };
    let text = text_of(&error);
    assert!(text.contains(&format!("no encrypted connection to `{other} through bastion`")), "{text}");
    assert!(!error.is_retryable(), "{text}");
}

fn by_host_and_port(more: String) -> impl Fn(&str, u16) -> String {
    move |host, port| format!("host = '{host}'\nport = {port}\n{more}")
}

/// The connection `server`, and its tunnel.
pub(crate) fn declared(type_name: &str, sshd: &Service, fields: &str) -> String {
    format!("[connections.server]\ntype = '{type_name}'\n{fields}\ntunnel = 'bastion'\n{}", bastion(sshd))
}

/// A port at which nobody listens.
async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.and_then(|listener| listener.local_addr());
    listener.expect("a port is free").port()
}
