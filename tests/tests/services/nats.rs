//! `nats` and `nats-jetstream` against NATS.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_nats::{
    Client,
    jetstream::{Context, consumer, stream},
};
use connection_registry::{
    BoxError, Conn, ConnectionManager, Error,
    connectors::{Nats, NatsJetstream},
    testing::conformance::{Fault, LogCapture, Suite},
};
use connection_registry_tests::{
    CANARY, canary_forms, manager,
    proof::assert_proven,
    service::{self, NatsLogin, Service, Sshd, Tls},
};
use futures_util::StreamExt;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout},
};

use crate::tunnels::{self, verifies_the_name, works};

/// A server that knows one user.
fn guarded() -> service::Nats {
    service::Nats { login: NatsLogin::User("app".to_owned(), CANARY.to_owned()), ..service::Nats::default() }
}

fn with_token() -> service::Nats {
    service::Nats { login: NatsLogin::Token(CANARY.to_owned()), ..service::Nats::default() }
}

fn encrypted(tls: Tls) -> service::Nats {
    service::Nats { tls, ..service::Nats::default() }
}

fn declared(name: &str, fields: &str) -> String {
    format!("[connections.{name}]\ntype = 'nats'\n{fields}\n")
}

fn at(server: &Service, more: &str) -> String {
    format!("host = '{}'\nport = {}\n{more}", server.host(), server.port())
}

async fn connected(fields: &str) -> (ConnectionManager, Conn<Client>) {
    let connections = manager(&declared("bus", fields));
    let client = connections.get::<Client>("bus").await.unwrap_or_else(|error| panic!("{}", error.render()));
    (connections, client)
}

/// The error of one connection with these fields, which comes at once.
async fn permanent(fields: &str, why: &str) -> Error {
    let connections = manager(&declared("bus", fields));
    let got = timeout(Duration::from_secs(5), connections.get::<Client>("bus")).await;
    let error = got.expect("it is not tried again").expect_err("it cannot connect");
    let text = error.to_string();
    assert!(!error.is_retryable() && error.attempts() == 1, "{text}");
    assert!(text.contains(why), "{text}");
    assert!(!canary_forms().iter().any(|form| text.contains(form.as_str())), "{text}");
    error
}

/// Until `what` holds, for as long as it may take.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < end, "not within twenty seconds: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// A message to a subject of its own and back.
async fn send_and_receive(client: Conn<Client>) -> Result<(), BoxError> {
    let subject = format!("use.{}", fastrand::u64(..));
    let mut messages = client.subscribe(subject.clone()).await?;
    client.publish(subject, "a message".into()).await?;
    match messages.next().await {
        Some(message) if message.payload == "a message" => Ok(()),
        _ => Err("what was sent is not what came".into()),
    }
}

/// A message into a stream of its own and out of it.
async fn store_and_load(context: Conn<Context>) -> Result<(), BoxError> {
    let name = format!("use-{}", fastrand::u64(..));
    let config = stream::Config { name: name.clone(), subjects: vec![name.clone()], ..stream::Config::default() };
    let stream = context.create_stream(config).await?;
    context.publish(name.clone(), "a message".into()).await?.await?;
    let consumer = stream.create_consumer(consumer::pull::Config::default()).await?;
    let found = consumer.fetch().max_messages(1).messages().await?.next().await;
    context.delete_stream(name).await?;
    match found {
        Some(Ok(message)) if message.payload == "a message" => Ok(()),
        _ => Err("what was stored is not what came".into()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_conforms() {
    let Some(server) = Service::launch(guarded()).await else { return };
    LogCapture::install().unwrap();
    let fields = |host: &str, port: u16, password: &str| {
        format!("host = '{host}'\nport = {port}\nuser = 'app'\npassword = '{password}'\n")
    };
    let (host, port) = (server.host(), server.port());
    let good = fields(host, port, CANARY);
    let report = Suite::<Nats>::new(&good)
        .with_use(send_and_receive)
        .with_broken("wrong password", fields(host, port, "wr0ng-c4nary"), Fault::Permanent)
        .with_peers(move |host, port| fields(host, port, CANARY))
        .with_change(good + "connection_name = 'another'")
        .with_server(Arc::new(server))
        .canary(CANARY)
        .canary("wr0ng-c4nary")
        .config_dir(std::env::temp_dir())
        .run()
        .await;
    assert_proven("nats", &report);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nats_jetstream_conforms() {
    let Some(server) = Service::launch(guarded()).await else { return };
    let fields = |host: &str, port: u16, more: &str| {
        let login = format!("user = 'app'\npassword = '{CANARY}'");
        format!("nats = 'bus'\n{more}[connections.bus]\ntype = 'nats'\nhost = '{host}'\nport = {port}\n{login}\n")
    };
    let (host, port) = (server.host(), server.port());
    let report = Suite::<NatsJetstream>::new(fields(host, port, ""))
        .with_type::<Nats>()
        .with_use(store_and_load)
        .with_broken("no such domain", fields(host, port, "domain = 'nowhere'\n"), Fault::Transient)
        .with_peers(move |host, port| fields(host, port, ""))
        .with_change(fields(host, port, "request_timeout = '4s'\n"))
        .with_server(Arc::new(server))
        .canary(CANARY)
        .config_dir(std::env::temp_dir())
        .run()
        .await;
    assert_proven("nats-jetstream", &report);
}

#[tokio::test]
async fn a_password_of_any_characters_works_as_a_field_and_in_a_url() {
    let Some(server) = Service::launch(guarded()).await else { return };
    let (address, password) = (server.address(), &canary_forms()[1]);
    let login = format!("user = 'app'\npassword = '{CANARY}'");
    for fields in [
        at(&server, &login),
        format!("servers = ['{address}']\n{login}"),
        format!("url = 'nats://app:{password}@{address}'"),
        format!("url = 'nats://127.0.0.1:1,nats://app:{password}@{address}'"),
    ] {
        let (_connections, client) = connected(&fields).await;
        send_and_receive(client.clone()).await.unwrap();
        assert!(!format!("{:?}", *client).contains("c4nary"));
    }
}

#[tokio::test]
async fn a_token_of_any_characters_works_as_a_field_and_in_a_url() {
    let Some(server) = Service::launch(with_token()).await else { return };
    for fields in [
        at(&server, &format!("token = '{CANARY}'")),
        format!("url = 'nats://{}@{}'", canary_forms()[1], server.address()),
    ] {
        let (_connections, client) = connected(&fields).await;
        send_and_receive(client).await.unwrap();
    }
    permanent(&at(&server, "token = 'wr0ng'"), "does not accept the credentials").await;
    permanent(&at(&server, ""), "does not accept the credentials").await;
}

#[tokio::test]
async fn a_login_that_is_refused_is_not_tried_again() {
    let Some(server) = Service::launch(guarded()).await else { return };
    let refused = "does not accept the credentials";
    permanent(&at(&server, "user = 'app'\npassword = 'wr0ng'"), refused).await;
    permanent(&at(&server, &format!("user = 'nobody'\npassword = '{CANARY}'")), refused).await;
    permanent(&format!("url = 'nats://app:wr0ng@{}'", server.address()), refused).await;
}

#[tokio::test]
async fn one_server_of_several_is_enough() {
    let Some(server) = Service::launch(service::Nats::default()).await else { return };
    let (_connections, client) = connected(&format!("servers = ['127.0.0.1:1', '{}']", server.address())).await;
    send_and_receive(client).await.unwrap();

    let connections =
        manager(&declared("bus", "servers = ['127.0.0.1:1', '127.0.0.1:2']\nlifecycle.connect_timeout = '1s'"));
    let error = connections.get::<Client>("bus").await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains("127.0.0.1:1,127.0.0.1:2"), "{error}");
}

#[tokio::test]
async fn encryption_is_verified_both_ways() {
    let Some(server) = Service::launch(encrypted(Tls::Mutual)).await else { return };
    let authority = server.authority();
    let (ca, stranger) = (authority.certificate(), authority.stranger());
    let good = tls_table(&ca, Some(authority.client()));
    send_and_receive(connected(&at(&server, &good)).await.1).await.unwrap();
    let by_url = format!("url = 'tls://localhost:{}'\n{good}", server.port());
    send_and_receive(connected(&by_url).await.1).await.unwrap();

    let no_tls = "no encrypted connection to";
    permanent(&at(&server, &tls_table(&stranger, Some(authority.client()))), no_tls).await;
    permanent(&at(&server, ""), no_tls).await;
    // What the server says of a certificate comes after this side has done its part, and may be lost with the connection.
    for client in [None, Some(authority.strange_client())] {
        let fields = format!("lifecycle.connect_timeout = '2s'\n{}", tls_table(&ca, client));
        let connections = manager(&declared("bus", &at(&server, &fields)));
        assert!(connections.get::<Client>("bus").await.is_err());
    }
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_refused_for_good() {
    let Some(server) = Service::launch(encrypted(Tls::Expired)).await else { return };
    let ca = tls_table(&server.authority().certificate(), None);
    permanent(&at(&server, &ca), "no encrypted connection to").await;
}

#[tokio::test]
async fn a_server_without_encryption_is_not_taken_for_one_with() {
    let Some(server) = Service::launch(service::Nats::default()).await else { return };
    let error = manager(&declared("bus", &at(&server, "tls = {}\nlifecycle.connect_timeout = '2s'")))
        .get::<Client>("bus")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("no encrypted connection to"), "{error}");
}

#[tokio::test]
async fn the_client_closes_what_it_has_opened_after_all_is_sent() {
    let Some(server) = Service::launch(service::Nats::default()).await else { return };
    let (_others, other) = connected(&at(&server, "")).await;
    let mut messages = other.subscribe("goodbye").await.unwrap();
    other.flush().await.unwrap();
    let (connections, client) = connected(&at(&server, "lifecycle.drain_timeout = '10ms'")).await;
    client.publish("goodbye", "the last word".into()).await.unwrap();
    connections.disconnect("bus").await.unwrap();
    assert_eq!(messages.next().await.unwrap().payload, "the last word");
    assert!(client.publish("goodbye", "one more".into()).await.is_err());
}

#[tokio::test]
async fn a_subscription_comes_back_after_a_restart() {
    let Some(server) = Service::launch(service::Nats::default()).await else { return };
    let (connections, client) = connected(&at(&server, "lifecycle.check_interval = '1h'")).await;
    let mut messages = client.subscribe("phoenix").await.unwrap();
    server.kill().await.unwrap();
    until("the loss is told", async || connections.check("bus").await.is_err()).await;
    server.start().await.unwrap();
    until("the client is back", async || connections.check("bus").await.is_ok()).await;
    client.publish("phoenix", "again".into()).await.unwrap();
    let message = timeout(Duration::from_secs(5), messages.next()).await.unwrap().unwrap();
    assert_eq!(message.payload, "again");
}

/// How often somebody dials the place of a server that is down, within `time`.
async fn dials(listener: &TcpListener, time: Duration) -> usize {
    let mut dials = 0;
    let _ = timeout(time, async {
        while listener.accept().await.is_ok() {
            dials += 1;
        }
    })
    .await;
    dials
}

#[tokio::test]
async fn a_client_that_is_closed_or_dropped_dials_no_more() {
    let Some(server) = Service::launch(service::Nats::default()).await else { return };
    let nobodys = at(&server, "lifecycle.check_interval = '1h'");
    let (closed, _client) = connected(&nobodys).await;
    let (dropped, other) = connected(&nobodys).await;
    server.kill().await.unwrap();
    let listener = TcpListener::bind(server.address()).await.unwrap();
    assert!(dials(&listener, Duration::from_millis(1500)).await > 2, "while they are open they dial");
    closed.disconnect("bus").await.unwrap();
    drop((dropped, other));
    // Those whose pause has begun already.
    dials(&listener, Duration::from_millis(1500)).await;
    assert_eq!(dials(&listener, Duration::from_secs(3)).await, 0);
}

#[tokio::test]
async fn a_check_that_somebody_answers_is_as_good() {
    let Some(server) = Service::launch(service::Nats::default()).await else { return };
    let (connections, client) = connected(&at(&server, "check_subject = 'health'")).await;
    connections.check("bus").await.expect("nobody answers, and the server says so");
    let mut questions = client.subscribe("health").await.unwrap();
    let answering = client.clone();
    let answers = tokio::spawn(async move {
        let question = questions.next().await.unwrap();
        answering.publish(question.reply.unwrap(), "well".into()).await.unwrap();
    });
    connections.check("bus").await.expect("somebody answers");
    answers.await.unwrap();
}

#[tokio::test]
async fn streams_share_the_socket_of_their_connection() {
    let Some(server) = Service::launch(service::Nats::default()).await else { return };
    let streams = "[connections.streams]\ntype = 'nats-jetstream'\nnats = 'bus'\n";
    let connections = manager(&(declared("bus", &at(&server, "")) + streams));
    let context = connections.get::<Context>("streams").await.unwrap();
    store_and_load(context.clone()).await.unwrap();
    connections.check("streams").await.unwrap();
    let client = connections.get::<Client>("bus").await.unwrap();
    assert_eq!(context.client().server_info().client_id, client.server_info().client_id);
}

#[tokio::test]
async fn a_server_is_reached_through_a_tunnel() {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let Some(server) = Service::launch(guarded()).await else { return };
    let login = format!("user = 'app'\npassword = '{CANARY}'");
    let fields = |host: &str, port: u16| format!("servers = ['{host}:{port}']\n{login}");
    works("nats", &sshd, server.port(), &fields, send_and_receive).await;

    // Each server has a local end of its own, and one that is there is enough; streams go along with their connection.
    let several = format!("servers = ['127.0.0.1:1', '{}']\n{login}", server.address());
    let streams = "[connections.streams]\ntype = 'nats-jetstream'\nnats = 'server'\n";
    let connections = manager(&(tunnels::declared("nats", &sshd, &several) + streams));
    store_and_load(connections.get::<Context>("streams").await.unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_server_behind_a_tunnel_must_have_the_name_of_a_host() {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let Some(server) = Service::launch(encrypted(Tls::Mutual)).await else { return };
    let (authority, address) = (server.authority(), server.address());
    let table = tls_table(&authority.certificate(), Some(authority.client()));
    let of = |host: &str, port: u16, table: &str| format!("servers = ['{host}:{port}']\n{table}");
    let fields = |host: &str, port: u16| of(host, port, &table);
    works("nats", &sshd, server.port(), &fields, send_and_receive).await;
    verifies_the_name::<Client>("nats", &sshd, address, &fields).await;
    let strange = of("127.0.0.1", server.port(), &tls_table(&authority.stranger(), None));
    let error = manager(&tunnels::declared("nats", &sshd, &strange)).get::<Client>("server").await.unwrap_err();
    assert!(!error.is_retryable() && error.to_string().contains("no encrypted connection to"), "{error}");

    // The name that the certificate has need not be that of the first.
    let either = format!("servers = ['nats.example:1', '{address}']\n{table}");
    let connections = manager(&tunnels::declared("nats", &sshd, &either));
    send_and_receive(connections.get::<Client>("server").await.unwrap()).await.unwrap();
}

/// The port of a server that announces another one.
async fn announcing() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("a listener has an address").port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await?;
        announce(stream).await
    });
    port
}

async fn announce(mut stream: TcpStream) -> io::Result<()> {
    let info = r#"{"server_id":"a","version":"2.10.0","max_payload":1048576,"connect_urls":["127.0.0.1:1"]}"#;
    stream.write_all(format!("INFO {info}\r\n").as_bytes()).await?;
    // The client says who it is and pings.
    while stream.read(&mut [0; 4096]).await? > 0 {
        stream.write_all(b"PONG\r\n").await?;
    }
    Ok(())
}

#[tokio::test]
async fn servers_that_are_announced_are_not_dialled_past_a_tunnel() {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let pool = async |toml: String, name: &str| {
        let client = manager(&toml).get::<Client>(name).await.unwrap();
        client.server_pool().await.unwrap().len()
    };
    let fields = |port: u16| format!("host = '127.0.0.1'\nport = {port}");
    assert_eq!(pool(declared("bus", &fields(announcing().await)), "bus").await, 2);
    assert_eq!(pool(tunnels::declared("nats", &sshd, &fields(announcing().await)), "server").await, 1);
}

fn tls_table(ca: &Path, client: Option<(PathBuf, PathBuf)>) -> String {
    let mut table = format!("tls.ca = '{}'\n", ca.display());
    if let Some((certificate, key)) = client {
        table += &format!("tls.certificate = '{}'\ntls.key = '{}'\n", certificate.display(), key.display());
    }
    table
}
