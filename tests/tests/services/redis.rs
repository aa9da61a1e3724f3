//! `redis` against Redis.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use connection_registry::{
    BoxError, Conn, ConnectionManager, ConnectionState, Error,
    connectors::Redis,
    testing::conformance::{Fault, LogCapture, Suite},
};
use connection_registry_tests::{
    CANARY, canary_forms, manager,
    proof::assert_proven,
    proxy::{Mode, Proxy},
    service::{self, Service, Tls},
};
use redis::{AsyncCommands, RedisResult, aio::ConnectionManager as Client, cmd};
use tokio::time::{Instant, sleep, timeout};

use crate::socket::Socket;

/// A server with a user who may do everything.
fn guarded() -> service::Redis {
    let secret = || CANARY.to_owned();
    service::Redis { password: Some(secret()), user: Some(("app".to_owned(), secret())), ..service::Redis::default() }
}

fn encrypted(tls: Tls) -> service::Redis {
    service::Redis { tls, ..service::Redis::default() }
}

/// The canary as it stands in a URL.
fn encoded() -> String {
    canary_forms()[1].clone()
}

fn declared(name: &str, fields: &str) -> String {
    format!("[connections.{name}]\ntype = 'redis'\n{fields}\n")
}

fn at(server: &Service, more: &str) -> String {
    format!("host = '{}'\nport = {}\n{more}", server.host(), server.port())
}

/// The client of one connection with these fields.
async fn connected(fields: &str) -> (ConnectionManager, Conn<Client>) {
    let connections = manager(&declared("cache", fields));
    let client = connections.get::<Client>("cache").await.unwrap_or_else(|error| panic!("{}", error.render()));
    (connections, client)
}

/// The error of one connection with these fields. One that is permanent comes at once.
async fn failed(fields: &str) -> Error {
    let connections = manager(&declared("cache", fields));
    let got = timeout(Duration::from_secs(8), connections.get::<Client>("cache")).await;
    got.expect("it is not tried again").expect_err("it cannot connect")
}

async fn permanent(fields: &str, why: &str) {
    let error = failed(fields).await;
    let text = error.to_string();
    assert!(!error.is_retryable() && error.attempts() == 1, "{text}");
    assert!(text.contains(why), "{text}");
    assert!(!canary_forms().iter().any(|form| text.contains(form.as_str())), "{text}");
}

async fn ask<T: redis::FromRedisValue>(client: &Client, words: &[&str]) -> RedisResult<T> {
    let (command, arguments) = words.split_first().expect("a command has a name");
    cmd(command).arg(arguments).query_async(&mut client.clone()).await
}

/// The row of `CLIENT LIST` that is about the one who asks.
async fn seen(client: &Client) -> String {
    ask::<String>(client, &["CLIENT", "INFO"]).await.expect("the server answers")
}

/// Until `what` holds, for as long as it may take.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < end, "not within twenty seconds: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn write_and_read(client: Conn<Client>) -> Result<(), BoxError> {
    let mut client = (*client).clone();
    let number: u32 = fastrand::u32(..);
    let key = format!("key-{number}");
    () = client.set_ex(&key, number, 60).await?;
    let found: u32 = client.get(&key).await?;
    if found == number { Ok(()) } else { Err("what was written is not what is read".into()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_conforms() {
    let Some(server) = Service::launch(guarded()).await else { return };
    LogCapture::install().unwrap();
    let fields = |host: &str, port: u16, password: &str| {
        format!("host = '{host}'\nport = {port}\nuser = 'app'\npassword = '{password}'\n")
    };
    let (host, port) = (server.host(), server.port());
    let good = fields(host, port, CANARY);
    let report = Suite::<Redis>::new(&good)
        .with_use(write_and_read)
        .with_broken("wrong password", fields(host, port, "wr0ng-c4nary"), Fault::Permanent)
        .with_broken("no such database", good.clone() + "database = 99", Fault::Permanent)
        .with_peers(move |host, port| fields(host, port, CANARY))
        .with_change(good + "client_name = 'another'")
        .with_server(Arc::new(server))
        .canary(CANARY)
        .canary("wr0ng-c4nary")
        .run()
        .await;
    assert_proven("redis", &report);
}

#[tokio::test]
async fn a_password_of_any_characters_works_as_a_field_and_in_a_url() {
    let Some(server) = Service::launch(guarded()).await else { return };
    let (address, password) = (server.address(), encoded());
    for fields in [
        at(&server, &format!("password = '{CANARY}'")),
        at(&server, &format!("user = 'app'\npassword = '{CANARY}'\nprotocol = 'resp3'")),
        format!("url = 'redis://:{password}@{address}'"),
        format!("url = 'redis://app:{password}@{address}/3'"),
        format!("url = 'valkey://app:{password}@{address}/?protocol=resp3'"),
    ] {
        let (_connections, client) = connected(&fields).await;
        assert_eq!(ask::<String>(&client, &["PING"]).await.unwrap(), "PONG", "{fields}");
        assert!(!format!("{:?}", *client).contains("c4nary"));
    }
}

#[tokio::test]
async fn what_a_server_refuses_for_good_is_not_tried_again() {
    let Some(server) = Service::launch(guarded()).await else { return };
    let refused = "does not accept the credentials";
    permanent(&at(&server, "password = 'wr0ng'"), refused).await;
    permanent(&at(&server, "password = 'wr0ng'\nprotocol = 'resp3'"), refused).await;
    permanent(&at(&server, &format!("user = 'nobody'\npassword = '{CANARY}'")), refused).await;
    permanent(&at(&server, ""), refused).await;
    permanent(&at(&server, "database = 1"), refused).await;
    permanent(&at(&server, "protocol = 'resp3'"), refused).await;
    let database = format!("password = '{CANARY}'\ndatabase = 99");
    permanent(&at(&server, &database), "does not have what was asked for").await;
    permanent(&format!("url = 'redis://:{}@{}/-1'", encoded(), server.address()), "does not have").await;

    let (_connections, client) = connected(&at(&server, &format!("password = '{CANARY}'"))).await;
    let user = ["ACL", "SETUSER", "mute", "on", ">s3cret", "-@all", "+select"];
    () = ask(&client, &user).await.unwrap();
    permanent(&at(&server, "user = 'mute'\npassword = 's3cret'"), refused).await;
}

#[tokio::test]
async fn a_server_that_is_full_may_have_room_later() {
    let Some(server) = Service::launch(service::Redis::default()).await else { return };
    let (_connections, client) = connected(&at(&server, "")).await;
    () = ask(&client, &["CONFIG", "SET", "maxclients", "1"]).await.unwrap();
    let other = declared("other", &at(&server, "lifecycle.connect_timeout = '500ms'"));
    let error = manager(&other).get::<Client>("other").await.unwrap_err();
    assert!(error.is_retryable(), "{error}");
    assert!(error.to_string().contains(&server.address().to_string()), "{error}");
}

#[tokio::test]
async fn the_settings_reach_the_server() {
    let Some(server) = Service::launch(service::Redis::default()).await else { return };
    let fields = at(&server, "database = 7\nclient_name = 'the-shop'\nprotocol = 'resp3'");
    let (_connections, client) = connected(&fields).await;
    let row = seen(&client).await;
    assert!(row.contains(" name=the-shop ") && row.contains(" db=7 ") && row.contains(" resp=3"), "{row}");
}

#[tokio::test]
async fn two_connections_work_side_by_side() {
    let Some(server) = Service::launch(service::Redis::default()).await else { return };
    let toml = declared("one", &at(&server, "database = 1")) + &declared("two", &at(&server, "database = 2"));
    let connections = manager(&toml);
    let (one, two) = tokio::join!(connections.get::<Client>("one"), connections.get::<Client>("two"));
    let (one, two) = (one.unwrap(), two.unwrap());
    let write = |client: &Client, value: u32| {
        let mut client = client.clone();
        async move { client.set::<_, _, ()>("number", value).await }
    };
    let (first, second) = tokio::join!(write(&one, 1), write(&two, 2));
    first.and(second).unwrap();
    assert_eq!(ask::<u32>(&one, &["GET", "number"]).await.unwrap(), 1);
    assert_eq!(ask::<u32>(&two, &["GET", "number"]).await.unwrap(), 2);
}

#[tokio::test]
async fn the_same_client_works_again_after_a_restart_and_has_its_name_and_database_back() {
    let Some(server) = Service::launch(service::Redis::default()).await else { return };
    for protocol in ["resp2", "resp3"] {
        let more = format!("database = 5\nclient_name = 'phoenix'\nprotocol = '{protocol}'");
        let (connections, client) = connected(&at(&server, &more)).await;
        server.kill().await.unwrap();
        assert!(connections.check("cache").await.is_err());
        server.start().await.unwrap();
        connections.check("cache").await.expect("one check is enough to dial again");
        let row = seen(&client).await;
        assert!(row.contains(" name=phoenix ") && row.contains(" db=5 "), "{row}");
    }
}

/// The driver dials no more once a login was refused.
#[tokio::test]
async fn a_client_whose_login_was_refused_once_is_replaced() {
    let Some(server) = Service::launch(service::Redis::default()).await else { return };
    let (_others, admin) = connected(&at(&server, "client_name = 'admin'")).await;
    () = ask(&admin, &["CONFIG", "SET", "requirepass", CANARY]).await.unwrap();
    let lifecycle =
        "lifecycle = { check_interval = '100ms', check_fall = 2, retry = { max = '200ms', background_max = '200ms' } }";
    let fields = at(&server, &format!("password = '{CANARY}'\n{lifecycle}"));
    let (connections, client) = connected(&fields).await;

    () = ask(&admin, &["CONFIG", "SET", "requirepass", "another"]).await.unwrap();
    () = ask(&admin, &["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await.unwrap();
    until("the login is refused", async || {
        let answer = ask::<String>(&client, &["PING"]).await;
        answer.is_err_and(|error| error.kind() == redis::ErrorKind::AuthenticationFailed)
    })
    .await;
    () = ask(&admin, &["CONFIG", "SET", "requirepass", CANARY]).await.unwrap();

    until("a client that works is given out", async || {
        let client = connections.get::<Client>("cache").await;
        matches!(client, Ok(client) if ask::<String>(&client, &["PING"]).await.is_ok())
    })
    .await;
    until("it is known to work", async || {
        connections.status().get("cache").is_some_and(|status| status.state == ConnectionState::Connected)
    })
    .await;
    assert!(ask::<String>(&client, &["PING"]).await.is_err(), "the driver mends itself now: say so in the docs");
}

#[tokio::test]
async fn a_command_may_block_for_as_long_as_the_settings_let_it() {
    let Some(server) = Service::launch(service::Redis::default()).await else { return };
    let (_connections, client) = connected(&at(&server, "")).await;
    let nothing: Option<(String, String)> = ask(&client, &["BLPOP", "empty", "0.8"]).await.unwrap();
    assert_eq!(nothing, None, "longer than the driver waits by itself");

    let (_connections, client) = connected(&at(&server, "response_timeout = '200ms'")).await;
    let answer = ask::<Option<(String, String)>>(&client, &["BLPOP", "empty", "0.8"]).await;
    assert!(answer.is_err_and(|error| error.is_timeout()));
}

#[tokio::test]
async fn a_command_that_was_dropped_gives_nobody_its_answer() {
    let Some(server) = Service::launch(service::Redis::default()).await else { return };
    let proxy = Proxy::to(server.address()).await;
    let (_connections, client) = connected(&format!("url = 'redis://{}'", proxy.address())).await;
    () = ask(&client, &["MSET", "a", "one", "b", "two"]).await.unwrap();
    for _ in 0..5 {
        proxy.set(Mode::Delay(Duration::from_millis(300))).await;
        let asked = ask::<String>(&client, &["GET", "a"]);
        assert!(timeout(Duration::from_millis(10), asked).await.is_err(), "the answer is still on its way");
        proxy.set(Mode::Pass).await;
        assert_eq!(ask::<String>(&client, &["GET", "b"]).await.unwrap(), "two");
    }
}

#[tokio::test]
async fn a_socket_of_this_machine_is_a_host_or_a_url() {
    let Some(server) = Service::launch(guarded()).await else { return };
    let socket = Socket::to(server.address());
    let (path, password) = (socket.path(), encoded());
    for fields in [
        format!("host = '{}'\npassword = '{CANARY}'", path.display()),
        format!("url = 'redis+unix://{}?user=app&pass={password}&db=4'", path.display()),
    ] {
        let (_connections, client) = connected(&fields).await;
        assert_eq!(ask::<String>(&client, &["PING"]).await.unwrap(), "PONG", "{fields}");
    }
    drop(socket);
    let fields = format!("host = '{}'\nlifecycle.connect_timeout = '300ms'", path.display());
    let error = manager(&declared("cache", &fields)).get::<Client>("cache").await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains(&path.display().to_string()), "{error}");
}

fn file(key: &str, path: &Path) -> String {
    format!("tls.{key} = '{}'\n", path.display())
}

#[tokio::test]
async fn an_encrypted_server_is_verified() {
    let Some(server) = Service::launch(encrypted(Tls::Server)).await else { return };
    let ca = file("ca", &server.authority().certificate());
    let url = format!("url = 'rediss://{}'\n", server.address());
    for fields in
        [at(&server, &ca), format!("{url}{ca}"), format!("url = 'rediss://localhost:{}'\n{ca}", server.port())]
    {
        let (_connections, client) = connected(&fields).await;
        assert_eq!(ask::<String>(&client, &["PING"]).await.unwrap(), "PONG", "{fields}");
    }
    let refused = "no encrypted connection to";
    permanent(&at(&server, &file("ca", &server.authority().stranger())), refused).await;
    permanent(&at(&server, "tls.mode = 'verify-full'"), refused).await;
    permanent(&url, refused).await;
    // The same server by a name that its certificate does not have.
    let elsewhere = format!("host = '::ffff:127.0.0.1'\nport = {}\n{ca}", server.port());
    permanent(&elsewhere, refused).await;
    permanent(&at(&server, "tls.ca = 'missing.pem'"), "missing.pem").await;
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_refused() {
    let Some(server) = Service::launch(encrypted(Tls::Expired)).await else { return };
    permanent(&at(&server, &file("ca", &server.authority().certificate())), "no encrypted connection to").await;
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_is_shown_one() {
    let Some(server) = Service::launch(encrypted(Tls::Mutual)).await else { return };
    let authority = server.authority();
    let fields = |pair: Option<(PathBuf, PathBuf)>| {
        let pair = pair.map(|(certificate, key)| file("certificate", &certificate) + &file("key", &key));
        at(&server, &(file("ca", &authority.certificate()) + &pair.unwrap_or_default()))
    };
    let (_connections, client) = connected(&fields(Some(authority.client()))).await;
    assert_eq!(ask::<String>(&client, &["PING"]).await.unwrap(), "PONG");
    permanent(&fields(None), "no encrypted connection to").await;
    permanent(&fields(Some(authority.strange_client())), "no encrypted connection to").await;
}
