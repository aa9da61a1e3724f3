//! `memcached` against memcached.

use std::{sync::Arc, time::Duration};

use async_memcached::AsciiProtocol;
use connection_registry::{
    BoxError, Conn, ConnectionManager,
    connectors::{Memcached, MemcachedError, MemcachedPool},
    testing::conformance::{LogCapture, Suite},
};
use connection_registry_tests::{
    manager,
    proof::assert_proven,
    proxy::{Mode, Proxy},
    service::{self, Service},
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::socket::Socket;

fn fields(host: &str, port: u16) -> String {
    format!("host = '{host}'\nport = {port}\n")
}

fn at(server: &Service, more: &str) -> String {
    fields(server.host(), server.port()) + more
}

async fn connected(fields: &str) -> (ConnectionManager, Conn<MemcachedPool>) {
    let connections = manager(&format!("[connections.cache]\ntype = 'memcached'\n{fields}\n"));
    let client = connections.get::<MemcachedPool>("cache").await.unwrap_or_else(|error| panic!("{}", error.render()));
    (connections, client)
}

async fn write_and_read(client: Conn<MemcachedPool>) -> Result<(), BoxError> {
    let (key, number) = (format!("key-{}", fastrand::u32(..)), fastrand::u64(..));
    let found = client
        .run(async |connection| {
            connection.set(&key, number, Some(60), None).await?;
            connection.get(&key).await
        })
        .await?;
    let found = found.and_then(|value| value.data).ok_or("what was written is not there")?;
    if found == number.to_string().as_bytes() { Ok(()) } else { Err("what was written is not what is read".into()) }
}

/// A figure of the server's own.
async fn figure(client: &MemcachedPool, name: &str) -> u64 {
    let figures = client.run(async |connection| connection.stats().await).await.expect("the server answers");
    figures[name].parse().expect("it is a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memcached_conforms() {
    let Some(server) = Service::launch(service::Memcached).await else { return };
    LogCapture::install().unwrap();
    let good = at(&server, "");
    let report = Suite::<Memcached>::new(&good)
        .with_use(write_and_read)
        .with_peers(fields)
        .with_change(good + "max_connections = 3")
        .with_server(Arc::new(server))
        .run()
        .await;
    assert_proven("memcached", &report);
}

#[tokio::test]
async fn a_url_says_where_the_server_is() {
    let Some(server) = Service::launch(service::Memcached).await else { return };
    for fields in
        [format!("url = 'memcached://{}'", server.address()), format!("url = 'tcp://localhost:{}/'", server.port())]
    {
        let (_connections, client) = connected(&fields).await;
        write_and_read(client).await.unwrap();
    }
}

#[tokio::test]
async fn a_socket_of_this_machine_is_a_host_or_a_url() {
    let Some(server) = Service::launch(service::Memcached).await else { return };
    let socket = Socket::to(server.address());
    let path = socket.path();
    for fields in [format!("host = '{}'", path.display()), format!("url = 'unix://{}'", path.display())] {
        let (_connections, client) = connected(&fields).await;
        write_and_read(client).await.unwrap();
    }
}

#[tokio::test]
async fn the_pool_opens_no_more_connections_than_it_may_and_uses_them_again() {
    let Some(server) = Service::launch(service::Memcached).await else { return };
    let (_connections, client) = connected(&at(&server, "max_connections = 3")).await;
    let before = figure(&client, "total_connections").await;
    let mut users = JoinSet::new();
    for _ in 0..50 {
        users.spawn(write_and_read(client.clone()));
    }
    while let Some(done) = users.join_next().await {
        done.unwrap().unwrap();
    }
    let opened = figure(&client, "total_connections").await - before;
    assert!(opened <= 2, "{opened} beside the first");
}

#[tokio::test]
async fn a_caller_who_waits_too_long_for_a_connection_is_told_so() {
    let Some(server) = Service::launch(service::Memcached).await else { return };
    let (connections, client) = connected(&at(&server, "max_connections = 1\nacquire_timeout = '100ms'")).await;
    let lent = client.get().await.unwrap();
    assert!(matches!(client.get().await, Err(MemcachedError::Busy(_))));
    let error = connections.check("cache").await.unwrap_err().to_string();
    assert!(error.contains("no connection of the pool"), "{error}");
    drop(lent);
    write_and_read(client).await.unwrap();
}

#[tokio::test]
async fn a_check_tells_a_pool_in_use_from_a_server_that_is_gone() {
    let Some(server) = Service::launch(service::Memcached).await else { return };
    let (connections, client) = connected(&at(&server, "max_connections = 1")).await;
    let lent = client.get().await.unwrap();
    let error = connections.check("cache").await.unwrap_err().to_string();
    assert!(error.contains("no free connection (of 1)") && error.contains("itself answers"), "{error}");
    server.kill().await.unwrap();
    let error = connections.check("cache").await.unwrap_err().to_string();
    assert!(error.contains("nobody listens at"), "{error}");
    drop(lent);
}

#[tokio::test]
async fn a_connection_whose_command_was_dropped_gives_nobody_the_answer() {
    let Some(server) = Service::launch(service::Memcached).await else { return };
    let proxy = Proxy::to(server.address()).await;
    let (_connections, client) = connected(&fields("127.0.0.1", proxy.address().port())).await;
    client.run(async |connection| connection.set("a", "one", None, None).await).await.unwrap();
    client.run(async |connection| connection.set("b", "two", None, None).await).await.unwrap();
    for _ in 0..5 {
        proxy.set(Mode::Delay(Duration::from_millis(300))).await;
        let asked = client.run(async |connection| connection.get("a").await);
        assert!(timeout(Duration::from_millis(10), asked).await.is_err(), "the answer is still on its way");
        proxy.set(Mode::Pass).await;
        let found = client.run(async |connection| connection.get("b").await).await.unwrap();
        assert_eq!(found.and_then(|value| value.data).as_deref(), Some(b"two".as_slice()));
    }
}

#[tokio::test]
async fn a_command_that_is_not_answered_in_time_fails_and_closes_its_connection() {
    let Some(server) = Service::launch(service::Memcached).await else { return };
    let (_connections, client) = connected(&at(&server, "request_timeout = '500ms'\nconnect_timeout = '500ms'")).await;
    let first = figure(&client, "total_connections").await;
    server.freeze().await.unwrap();
    let begun = Instant::now();
    assert!(matches!(write_and_read(client.clone()).await, Err(error) if error.to_string().contains("did not answer")));
    assert!(matches!(client.get().await, Err(MemcachedError::Silent(_))), "a new connection needs an answer, too");
    assert!(begun.elapsed() < Duration::from_secs(5));
    server.thaw().await.unwrap();
    assert!(figure(&client, "total_connections").await > first, "the old connection is not used again");
}

#[tokio::test]
async fn nobody_is_given_what_is_left_of_the_connections_to_a_server_that_was_restarted() {
    let Some(server) = Service::launch(service::Memcached).await else { return };
    let (_connections, client) = connected(&at(&server, "max_connections = 8")).await;
    let mut lent = Vec::new();
    for _ in 0..8 {
        lent.push(client.get().await.unwrap());
    }
    drop(lent);
    server.kill().await.unwrap();
    server.start().await.unwrap();
    let mut failed = 0;
    for _ in 0..20 {
        failed += usize::from(write_and_read(client.clone()).await.is_err());
    }
    assert!(failed <= 1, "{failed} uses failed");
}

#[tokio::test]
async fn connections_that_are_lent_are_closed_when_they_come_back_after_a_goodbye() {
    let Some(server) = Service::launch(service::Memcached).await else { return };
    let (connections, client) = connected(&at(&server, "")).await;
    let mut lent = client.get().await.unwrap();
    let pool = (*client).clone();
    drop(client);
    connections.disconnect("cache").await.unwrap();
    assert!(lent.version().await.is_ok(), "who has one may end what was begun");
    assert!(matches!(pool.get().await, Err(MemcachedError::Closed)));
    drop(lent);
    let (_others, observer) = connected(&at(&server, "")).await;
    let end = Instant::now() + Duration::from_secs(10);
    // The observer's own, and the one that the server listens with.
    while figure(&observer, "curr_connections").await > 2 {
        assert!(Instant::now() < end, "a connection is left");
        sleep(Duration::from_millis(20)).await;
    }
}
