//! Servers that die and come back: clients that do not heal themselves are replaced by the health checks.

use std::time::{Duration, Instant};

use connection_registry::{ConnectionManager, ErrorKind};
use connection_registry_tests::proxy::{Mode, Proxy};

use super::line::{LineClient, Server, through};

/// All that breaks an open connection, for good or until the mode changes; and whether a check fails at once, or by its
/// timeout.
const BREAKS: [(Mode, bool); 8] = [
    (Mode::Refuse, true),
    (Mode::Hang, false),
    (Mode::Blackhole, false),
    (Mode::Reset, true),
    (Mode::Fin, true),
    (Mode::CutAfter(7), true),
    (Mode::Garbage, true),
    // An answer takes five seconds, ten times as long as a check may take.
    (Mode::Slow, false),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_breaks_in_any_way_is_healed_by_its_checks_once_the_network_is_well_again() {
    let trials = BREAKS.map(|(mode, fails_at_once)| tokio::spawn(break_and_heal(mode, fails_at_once)));
    for trial in trials {
        trial.await.unwrap();
    }
}

async fn break_and_heal(mode: Mode, fails_at_once: bool) {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address).await;
    let connections = through(&proxy, CHECKED);
    let before = connections.get::<LineClient>("line").await.unwrap();
    before.ping().await.unwrap();
    proxy.set(mode).await;
    // So long that a check has failed.
    tokio::time::sleep(Duration::from_secs(2)).await;
    match connections.get::<LineClient>("line").await {
        Ok(_) => assert!(fails_at_once, "in {mode:?} a client was given out whose check had timed out"),
        Err(error) => {
            assert!(!fails_at_once, "in {mode:?} a degraded client is given out all the same: {error}");
            assert!(error.is_retryable(), "{error}");
        }
    }
    drop(before);
    proxy.set(Mode::Pass).await;
    healed(&connections, mode).await;
}

/// After some time a use succeeds, and none fails after it. Nobody but the checks does anything for it.
async fn healed(connections: &ConnectionManager, mode: Mode) {
    let started = Instant::now();
    while !is_well(connections).await {
        assert!(started.elapsed() < Duration::from_secs(20), "it does not heal after {mode:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for _ in 0..20 {
        assert!(is_well(connections).await, "after {mode:?} it breaks again");
    }
}

async fn is_well(connections: &ConnectionManager) -> bool {
    let Ok(client) = connections.get::<LineClient>("line").await else { return false };
    matches!(tokio::time::timeout(Duration::from_secs(1), client.ping()).await, Ok(Ok(())))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_killed_and_comes_back_while_nobody_uses_it_costs_at_most_one_use() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address).await;
    let connections = through(&proxy, CHECKED);
    connections.get::<LineClient>("line").await.unwrap();
    proxy.set(Mode::Refuse).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    proxy.set(Mode::Pass).await;
    let mut logins = server.logins();
    let started = Instant::now();
    while logins < 2 {
        assert!(started.elapsed() < Duration::from_secs(20), "the checks do not connect again");
        tokio::time::sleep(Duration::from_millis(20)).await;
        logins = server.logins();
    }
    let mut failed = 0;
    for _ in 0..50 {
        failed += usize::from(!is_well(&connections).await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(failed <= 1, "{failed} uses failed after the server was back");
    assert_eq!(server.logins(), 2, "one new connection, and no storm");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_client_whose_server_hangs_does_not_keep_the_new_one_from_being_used_and_shut() {
    let server = Server::start().await;
    let proxy = Proxy::to(server.address).await;
    let connections = through(&proxy, CHECKED);
    let held = connections.get::<LineClient>("line").await.unwrap();
    proxy.set(Mode::Reset).await;
    proxy.set(Mode::Pass).await;
    healed(&connections, Mode::Reset).await;
    assert!(held.is_retired(), "the old one is not given out any more");
    proxy.set(Mode::Blackhole).await;
    let started = Instant::now();
    let error = connections.disconnect("line").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DisconnectFailed, "{error}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

const CHECKED: &str = "lifecycle.check_interval = '100ms'\nlifecycle.check_timeout = '500ms'\n\
                       lifecycle.check_fall = 1\nlifecycle.check_rise = 1\n\
                       lifecycle.drain_timeout = '500ms'";
