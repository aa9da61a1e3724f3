//! Ten ways in which a network or a server fails, when a connection is made and when it is open.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use connection_registry::{Error, ErrorKind};
use connection_registry_tests::{
    manager,
    proxy::{Mode, Proxy},
};

use super::line::{LineClient, Server, declaration, resolve_to, shows_no_password, through};

/// What comes of a step in one of the modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Well,
    /// An error of that text; whether it is worth another try.
    Fails(&'static str, bool),
    /// The timeout.
    TimesOut,
}

const AT_CONNECT: [(Mode, Outcome); 11] = [
    (Mode::Pass, Outcome::Well),
    (Mode::Refuse, Outcome::Fails("refused", true)),
    (Mode::Hang, Outcome::TimesOut),
    (Mode::Blackhole, Outcome::TimesOut),
    (Mode::Reset, Outcome::Fails("", true)),
    (Mode::Fin, Outcome::Fails("end of file", true)),
    (Mode::Delay(Duration::from_millis(20)), Outcome::Well),
    (Mode::Delay(Duration::from_secs(20)), Outcome::TimesOut),
    (Mode::CutAfter(7), Outcome::Fails("end of file", true)),
    (Mode::Garbage, Outcome::Fails("does not speak the protocol", false)),
    // Nearly 300 bytes, each of which takes 20 ms.
    (Mode::Slow, Outcome::TimesOut),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_network_does_to_a_connect_its_timeout_holds_and_the_error_says_where_and_why() {
    let trials = AT_CONNECT.map(|(mode, outcome)| tokio::spawn(connect_in(mode, outcome)));
    for trial in trials {
        trial.await.unwrap();
    }
}

async fn connect_in(mode: Mode, expected: Outcome) {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address).await;
    let connections = through(&proxy, "");
    proxy.set(mode).await;
    let started = Instant::now();
    let got = connections.get::<LineClient>("line").await;
    assert!(started.elapsed() < TEN_TIMES, "{mode:?} took {:?}", started.elapsed());
    match (expected, got) {
        (Outcome::Well, got) => got.unwrap().ping().await.unwrap(),
        (Outcome::Fails(text, retryable), Err(error)) => {
            check_failed(&error, retryable, &[text, &proxy.address().to_string()]);
        }
        (Outcome::TimesOut, Err(error)) => {
            check(&error, ErrorKind::ConnectTimeout, true, &["1s", &proxy.address().to_string()]);
        }
        (_, Ok(_)) => panic!("{mode:?} gave a client"),
    }
    recovers(&proxy, &connections, expected).await;
}

/// A failure that is worth another try may have run into the timeout while it waited for the next one; the text says why
/// the one before failed.
#[track_caller]
fn check_failed(error: &Error, retryable: bool, parts: &[&str]) {
    let is_over = retryable && error.kind() == ErrorKind::ConnectTimeout;
    let kind = if is_over { ErrorKind::ConnectTimeout } else { ErrorKind::ConnectFailed };
    check(error, kind, retryable, parts);
    assert!(error.to_string().contains("failed to connect"), "{error}");
}

#[track_caller]
fn check(error: &Error, kind: ErrorKind, retryable: bool, parts: &[&str]) {
    assert_eq!((error.kind(), error.is_retryable()), (kind, retryable), "{error}");
    let text = error.to_string();
    for part in parts.iter().chain(&["`line`"]) {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    shows_no_password(error);
}

/// Once the network is well again, the next caller connects; after a permanent failure, when it was closed.
async fn recovers(proxy: &Proxy, connections: &connection_registry::ConnectionManager, before: Outcome) {
    proxy.set(Mode::Pass).await;
    if matches!(before, Outcome::Fails(_, false)) {
        connections.get::<LineClient>("line").await.unwrap_err();
        connections.disconnect("line").await.unwrap();
    }
    let started = Instant::now();
    while started.elapsed() < TEN_TIMES {
        if let Ok(client) = connections.get::<LineClient>("line").await {
            return client.ping().await.unwrap();
        }
        // The failure is remembered for a tenth of a second at most.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it does not connect again after {before:?}");
}

const AT_GOODBYE: [(Mode, Outcome); 10] = [
    (Mode::Pass, Outcome::Well),
    (Mode::Refuse, Outcome::Fails("", false)),
    (Mode::Hang, Outcome::TimesOut),
    (Mode::Blackhole, Outcome::TimesOut),
    (Mode::Reset, Outcome::Fails("", false)),
    (Mode::Fin, Outcome::Fails("end of file", false)),
    (Mode::Delay(Duration::from_millis(20)), Outcome::Well),
    (Mode::CutAfter(7), Outcome::Fails("end of file", false)),
    (Mode::Garbage, Outcome::Fails("it did not say goodbye", false)),
    (Mode::Slow, Outcome::TimesOut),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_network_does_to_an_open_connection_its_goodbye_ends_in_time_and_the_next_get_connects() {
    let trials = AT_GOODBYE.map(|(mode, outcome)| tokio::spawn(close_in(mode, outcome)));
    for trial in trials {
        trial.await.unwrap();
    }
}

async fn close_in(mode: Mode, expected: Outcome) {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address).await;
    let connections = through(&proxy, "");
    connections.get::<LineClient>("line").await.unwrap().ping().await.unwrap();
    proxy.set(mode).await;
    let started = Instant::now();
    let closed = connections.disconnect("line").await;
    assert!(started.elapsed() < TEN_TIMES, "{mode:?} took {:?}", started.elapsed());
    match (expected, closed) {
        (Outcome::Well, closed) => closed.unwrap(),
        (Outcome::Fails(text, _), Err(error)) => check(&error, ErrorKind::DisconnectFailed, false, &[text]),
        (Outcome::TimesOut, Err(error)) => check(&error, ErrorKind::DisconnectFailed, false, &["1s"]),
        (_, Ok(())) => panic!("in {mode:?} it said goodbye"),
    }
    recovers(&proxy, &connections, Outcome::Well).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_who_wait_for_a_server_that_hangs_get_the_timeout_and_none_waits_longer() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address).await;
    let connections = through(&proxy, "");
    proxy.set(Mode::Hang).await;
    let started = Instant::now();
    let get = || {
        let connections = connections.clone();
        tokio::spawn(async move { connections.get::<LineClient>("line").await.map(drop) })
    };
    let waiting: Vec<_> = (0..100).map(|_| get()).collect();
    for error in waiting {
        check(&error.await.unwrap().unwrap_err(), ErrorKind::ConnectTimeout, true, &["1s"]);
    }
    assert!(started.elapsed() < TEN_TIMES, "{:?}", started.elapsed());
    recovers(&proxy, &connections, Outcome::TimesOut).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_down_at_first_and_then_there_is_connected_to_within_the_timeout() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address).await;
    let connections = through(&proxy, "");
    proxy.set(Mode::Refuse).await;
    let (got, ()) = tokio::join!(connections.get::<LineClient>("line"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        proxy.set(Mode::Pass).await;
    });
    got.unwrap().ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_tried_once_and_its_echo_is_not_shown() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address).await;
    let declared = declaration("line", "127.0.0.1", proxy.address().port(), "").replace("canary/", "canary/wrong ");
    let connections = manager(&declared);
    for _ in 0..3 {
        let error = connections.get::<LineClient>("line").await.unwrap_err();
        check(&error, ErrorKind::ConnectFailed, false, &["no login with ***"]);
        assert!(!format!("{error} {error:?}").contains("wrong of"), "{error}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(server.logins(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_first_address_is_passed_over_and_a_changed_one_is_used_by_the_next_connect() {
    let (one, two) = (Server::start().await, Server::start().await);
    let (first, second) = (Proxy::to(one.address).await, Proxy::to(two.address).await);
    let connections = manager(&declaration("line", "changing.test", 1, ""));
    let peer = async || connections.get::<LineClient>("line").await.map(|client| client.peer);

    let error = peer().await.unwrap_err();
    check_failed(&error, true, &["changing.test:1", "no such host"]);

    first.set(Mode::Refuse).await;
    resolve_to("changing.test", &[first.address(), second.address()]);
    assert_eq!(eventually(&peer).await, second.address());

    first.set(Mode::Pass).await;
    resolve_to("changing.test", &[first.address()]);
    assert_eq!(peer().await.unwrap(), second.address(), "an open connection stays where it is");
    connections.disconnect("line").await.unwrap();
    assert_eq!(peer().await.unwrap(), first.address());
}

async fn eventually(peer: &impl AsyncFn() -> Result<SocketAddr, Error>) -> SocketAddr {
    let started = Instant::now();
    loop {
        match peer().await {
            Ok(peer) => return peer,
            Err(error) => assert!(started.elapsed() < TEN_TIMES, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Ten times what a step may take.
const TEN_TIMES: Duration = Duration::from_secs(10);
