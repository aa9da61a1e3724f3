//! `amqp` against RabbitMQ.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use connection_registry::{
    BoxError, Conn, ConnectionManager, Error,
    connectors::{Amqp, AmqpConnection},
    testing::conformance::{Fault, LogCapture, Suite},
};
use connection_registry_tests::{
    CANARY, canary_forms, manager,
    proof::assert_proven,
    service::{RabbitMq, Service, Tls},
};
use futures_util::StreamExt;
use lapin::{
    BasicProperties, Channel,
    options::{
        BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions,
        QueueDeleteOptions,
    },
    types::FieldTable,
};
use tokio::{
    sync::{OnceCell, RwLock, RwLockReadGuard},
    time::{Instant, sleep, timeout},
};

/// The broker of all tests that do not kill it, since it takes so long to start; who kills it has the lock alone.
async fn broker() -> Option<Arc<Service>> {
    static BROKER: OnceCell<Option<Arc<Service>>> = OnceCell::const_new();
    let recipe = RabbitMq { password: CANARY.to_owned(), ..RabbitMq::default() };
    BROKER.get_or_init(async || Service::launch(recipe).await.map(Arc::new)).await.clone()
}

async fn alive() -> RwLockReadGuard<'static, ()> {
    LIFE.read().await
}

static LIFE: RwLock<()> = RwLock::const_new(());

fn declared(name: &str, fields: &str) -> String {
    format!("[connections.{name}]\ntype = 'amqp'\n{fields}\n")
}

fn at(server: &Service, more: &str) -> String {
    format!("host = '{}'\nport = {}\nuser = 'app'\n{more}", server.host(), server.port())
}

/// The fields that let one in, and more.
fn good(server: &Service, more: &str) -> String {
    at(server, &format!("password = '{CANARY}'\n{more}"))
}

async fn connected(fields: &str) -> (ConnectionManager, Conn<AmqpConnection>) {
    let connections = manager(&declared("events", fields));
    let client = connections.get::<AmqpConnection>("events").await.unwrap_or_else(|error| panic!("{}", error.render()));
    (connections, client)
}

/// The error of one connection with these fields, which comes at once.
async fn permanent(fields: &str, why: &str) -> Error {
    let connections = manager(&declared("events", fields));
    let got = timeout(Duration::from_secs(8), connections.get::<AmqpConnection>("events")).await;
    let error = got.expect("it is not tried again").expect_err("it cannot connect");
    let text = error.to_string();
    assert!(!error.is_retryable() && error.attempts() == 1, "{text}");
    assert!(text.contains(why), "{text}");
    assert!(!canary_forms().iter().any(|form| text.contains(form.as_str())), "{text}");
    error
}

/// Until `what` holds, for as long as it may take.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < end, "not within half a minute: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn queue(channel: &Channel, name: &str, exclusive: bool) -> Result<lapin::types::ShortString, lapin::Error> {
    let options = QueueDeclareOptions { exclusive, auto_delete: !exclusive, ..QueueDeclareOptions::default() };
    Ok(channel.queue_declare(name.into(), options, FieldTable::default()).await?.name().clone())
}

async fn publish(channel: &Channel, queue: &str, payload: &[u8]) -> Result<(), lapin::Error> {
    let options = BasicPublishOptions::default();
    let sent = channel.basic_publish("".into(), queue.into(), options, payload, BasicProperties::default()).await?;
    sent.await.map(drop)
}

/// A message into a queue of its own and out of it.
async fn send_and_receive(client: Conn<AmqpConnection>) -> Result<(), BoxError> {
    let channel = client.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let queue = queue(&channel, "", true).await?;
    publish(&channel, queue.as_str(), b"a message").await?;
    let found = channel.basic_get(queue.clone(), BasicGetOptions { no_ack: true }).await?;
    channel.queue_delete(queue, QueueDeleteOptions::default()).await?;
    channel.close(200, "OK".into()).await?;
    match found {
        Some(message) if message.data == b"a message" => Ok(()),
        _ => Err("what was sent is not what came".into()),
    }
}

/// What kills the broker, one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amqp_conforms_and_consumers_come_back_after_a_restart() {
    let Some(server) = broker().await else { return };
    let _alone = LIFE.write().await;
    conforms(&server).await.unwrap();
    consumers_come_back(&server).await.unwrap();
    a_connection_ends_while_it_dials(&server).await.unwrap();
}

async fn conforms(server: &Arc<Service>) -> Result<(), BoxError> {
    LogCapture::install()?;
    let fields = |host: &str, port: u16, password: &str| {
        format!("host = '{host}'\nport = {port}\nuser = 'app'\npassword = '{password}'\nheartbeat = '5s'\n")
    };
    let (host, port) = (server.host(), server.port());
    let good = fields(host, port, CANARY);
    let report = Suite::<Amqp>::new(&good)
        .with_use(send_and_receive)
        .with_broken("wrong password", fields(host, port, "wr0ng-c4nary"), Fault::Permanent)
        .with_broken("no such virtual host", good.clone() + "vhost = 'nowhere'", Fault::Permanent)
        .with_peers(move |host, port| fields(host, port, CANARY))
        .with_change(good + "connection_name = 'another'")
        .with_server(Arc::clone(server))
        // The driver logs each frame at the level `trace`, the login among them.
        .ignore_logs_of("lapin")
        .canary(CANARY)
        .canary("wr0ng-c4nary")
        .config_dir(std::env::temp_dir())
        .run()
        .await;
    assert_proven("amqp", &report);
    Ok(())
}

/// The driver brings a channel back with its queue and its consumer, though nobody asks for the client.
async fn consumers_come_back(server: &Service) -> Result<(), BoxError> {
    let (_connections, client) = connected(&good(server, "lifecycle.check_interval = '1h'")).await;
    let channel = client.create_channel().await?;
    queue(&channel, "phoenix", false).await?;
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let mut consumer = channel.basic_consume("phoenix".into(), "".into(), options, FieldTable::default()).await?;
    server.kill().await?;
    until("the driver notices", async || !client.status().connected()).await;
    server.start().await?;
    until("the driver is back", async || client.status().connected()).await;

    let (_others, other) = connected(&good(server, "")).await;
    let sender = other.create_channel().await?;
    publish(&sender, "phoenix", b"again").await?;
    let mut next = async || match timeout(Duration::from_secs(10), consumer.next()).await {
        Ok(Some(Ok(delivery))) => delivery.data == b"again",
        Ok(Some(Err(_))) => false,
        Ok(None) | Err(_) => panic!("the consumer has ended"),
    };
    until("the message arrives", async || next().await).await;
    assert!(client.status().connected());
    Ok(())
}

/// While it dials, and closed, a connection of the driver's own would go on until it is connected once more.
async fn a_connection_ends_while_it_dials(server: &Service) -> Result<(), BoxError> {
    let fields = good(server, "lifecycle = { check_interval = '1h', drain_timeout = '10ms' }");
    let (connections, client) = connected(&fields).await;
    server.kill().await?;
    until("the driver dials", async || client.status().reconnecting()).await;
    until("the cause is told", async || {
        connections.check("events").await.is_err_and(|error| error.to_string().contains("nobody listens at"))
    })
    .await;
    let shown = format!("{:?}", *client);
    assert!(shown.contains("onnecting") && !shown.contains("c4nary"), "{shown}");
    connections.disconnect("events").await?;
    until("the driver gives up", async || client.status().errored()).await;
    server.start().await?;
    Ok(())
}

#[tokio::test]
async fn a_password_of_any_characters_works_as_a_field_and_in_a_url() {
    let Some(server) = broker().await else { return };
    let _alive = alive().await;
    let (address, password) = (server.address(), &canary_forms()[1]);
    for fields in [
        good(&server, ""),
        good(&server, "vhost = '/'"),
        format!("url = 'amqp://app:{password}@{address}'"),
        format!("url = 'amqp://app:{password}@{address}/%2F?heartbeat=7'"),
    ] {
        let (_connections, client) = connected(&fields).await;
        send_and_receive(client.clone()).await.unwrap();
        assert!(!format!("{:?}", *client).contains("c4nary"));
    }
}

#[tokio::test]
async fn what_a_broker_refuses_for_good_is_not_tried_again() {
    let Some(server) = broker().await else { return };
    let _alive = alive().await;
    let refused = "does not accept the credentials";
    permanent(&at(&server, "password = 'wr0ng'"), refused).await;
    // The broker's own guest, whom it does not have.
    permanent(&format!("host = '127.0.0.1'\nport = {}", server.port()), refused).await;
    permanent(&format!("url = 'amqp://nobody:{}@{}'", canary_forms()[1], server.address()), refused).await;
    let missing = "does not have what was asked for";
    permanent(&good(&server, "vhost = 'nowhere'"), missing).await;
    // With a slash and nothing behind it the virtual host has an empty name.
    permanent(&format!("url = 'amqp://app:{}@{}/'", canary_forms()[1], server.address()), missing).await;
}

#[tokio::test]
async fn the_settings_reach_the_broker() {
    let Some(server) = broker().await else { return };
    let _alive = alive().await;
    let more = "connection_name = 'the-shop'\nheartbeat = '7s'\nchannel_max = 2\nframe_max = 8192";
    let (connections, client) = connected(&good(&server, more)).await;
    let agreed = client.configuration();
    assert_eq!((agreed.heartbeat(), agreed.channel_max(), agreed.frame_max()), (7, 2, 8192));
    let log = server.folder().join("server.log");
    until("the broker tells the name", async || std::fs::read_to_string(&log).unwrap().contains("the-shop")).await;

    let _all = (client.create_channel().await.unwrap(), client.create_channel().await.unwrap());
    assert!(client.create_channel().await.is_err());
    connections.check("events").await.expect("an application that uses all its channels is no fault of the broker");
}

#[tokio::test]
async fn the_name_of_the_connection_is_shown_to_the_broker() {
    let Some(server) = broker().await else { return };
    let _alive = alive().await;
    let connections = manager(&declared("named-by-default", &good(&server, "")));
    connections.get::<AmqpConnection>("named-by-default").await.unwrap();
    let log = server.folder().join("server.log");
    until("the broker tells it", async || std::fs::read_to_string(&log).unwrap().contains("named-by-default")).await;
}

#[tokio::test]
async fn two_connections_work_side_by_side() {
    let Some(server) = broker().await else { return };
    let _alive = alive().await;
    let connections = manager(&(declared("one", &good(&server, "")) + &declared("two", &good(&server, ""))));
    let (one, two) = tokio::join!(connections.get::<AmqpConnection>("one"), connections.get::<AmqpConnection>("two"));
    let (first, second) = tokio::join!(send_and_receive(one.unwrap()), send_and_receive(two.unwrap()));
    first.and(second).unwrap();
    connections.disconnect("one").await.unwrap();
    send_and_receive(connections.get::<AmqpConnection>("two").await.unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_client_that_was_closed_is_closed_with_its_channels() {
    let Some(server) = broker().await else { return };
    let _alive = alive().await;
    let (connections, client) = connected(&good(&server, "lifecycle.drain_timeout = '10ms'")).await;
    let channel = client.create_channel().await.unwrap();
    connections.disconnect("events").await.unwrap();
    assert!(client.status().closed() && client.create_channel().await.is_err());
    assert!(queue(&channel, "", true).await.is_err());
}

#[tokio::test]
async fn encryption_is_verified_both_ways() {
    let recipe = RabbitMq { password: CANARY.to_owned(), tls: Tls::Mutual, ..RabbitMq::default() };
    let Some(server) = Service::launch(recipe).await else { return };
    let (authority, password) = (server.authority(), &canary_forms()[1]);
    let (ca, stranger) = (authority.certificate(), authority.stranger());
    let good_client = tls_table(&ca, Some(authority.client()));
    let (_connections, client) = connected(&good(&server, &good_client)).await;
    send_and_receive(client).await.unwrap();
    let by_url = format!("url = 'amqps://app:{password}@localhost:{}'\n{good_client}", server.port());
    send_and_receive(connected(&by_url).await.1).await.unwrap();
    let named = format!("{good_client}tls.server_name = 'localhost'\n");
    send_and_receive(connected(&good(&server, &named)).await.1).await.unwrap();

    let no_tls = "no encrypted connection to";
    permanent(&good(&server, &tls_table(&stranger, Some(authority.client()))), no_tls).await;
    permanent(&good(&server, "tls = {}"), no_tls).await;
    permanent(&good(&server, &format!("{good_client}tls.server_name = 'another.example'\n")), no_tls).await;
    // What the broker says of a certificate comes after this side has done its part, and may be lost with the connection.
    for client in [None, Some(authority.strange_client())] {
        let fields = format!("lifecycle.connect_timeout = '3s'\n{}", tls_table(&ca, client));
        let connections = manager(&declared("events", &good(&server, &fields)));
        assert!(connections.get::<AmqpConnection>("events").await.is_err());
    }
}

fn tls_table(ca: &Path, client: Option<(PathBuf, PathBuf)>) -> String {
    let mut table = format!("tls.ca = '{}'\n", ca.display());
    if let Some((certificate, key)) = client {
        table += &format!("tls.certificate = '{}'\ntls.key = '{}'\n", certificate.display(), key.display());
    }
    table
}
