//! Types with a real server that dies, freezes and returns: good ones pass every trial, and each flaw is caught.

use std::{sync::Arc, time::Duration};

use connection_registry::testing::conformance::{Fault, LogCapture, Outcome, Report, Suite};

use super::{
    caught,
    line::{Line, LinePool, LineServer, fields, put_and_get},
    skipped,
};

/// All that there is to try. No other test has this password, since what all of them log is searched.
macro_rules! full {
    ($type:ty, $server:expr, $password:expr, $flaw:expr) => {{
        let (server, password, flaw) = (Arc::clone($server), $password, format!("flaw = '{}'\n", $flaw));
        let (good, of_peers) = (server.fields(password) + &flaw, flaw.clone());
        Suite::<$type>::new(good.clone())
            .with_use(put_and_get)
            .with_peers(move |host, port| fields(host, port, password) + &of_peers)
            .with_change(good + "label = 'another'")
            .with_broken("wrong password", server.fields("wrong") + &flaw, Fault::Permanent)
            .with_server(server)
            .canary(password)
            .config_dir(std::env::temp_dir())
            .timeout(TIMEOUT)
    }};
}

/// With a flaw and a server alone.
fn outages(server: &Arc<LineServer>, flaw: &str) -> Suite<Line> {
    let suite = Suite::<Line>::new(server.fields("right") + &format!("flaw = '{flaw}'"));
    suite.with_use(put_and_get).with_server(Arc::clone(server)).timeout(TIMEOUT)
}

fn peers(server: &LineServer, flaw: &str) -> Suite<Line> {
    let flaw = format!("flaw = '{flaw}'");
    let suite = Suite::<Line>::new(server.fields("right") + &flaw);
    suite.with_peers(move |host, port| fields(host, port, "right") + &flaw).timeout(TIMEOUT)
}

#[track_caller]
fn is_told(report: &Report, trial: &str, words: &str) {
    let note = report.trials().iter().find(|one| one.name() == trial).and_then(|one| one.note()).unwrap_or_default();
    assert!(note.starts_with(words) && report.to_string().contains(note), "{trial}: {note}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_type_that_does_not_heal_itself_is_clean_with_a_server_that_dies_and_freezes() {
    LogCapture::install().unwrap();
    let server = Arc::new(LineServer::start().await);
    let report = full!(Line, &server, "c4nary-of-a-line", "none").run().await;
    report.assert_clean();
    assert_eq!(skipped(&report), ONLY_LINUX_TELLS_SOCKETS);
    is_told(&report, KILLED, "healed after ");
    is_told(&report, FROZEN, "usable again after ");
    is_told(&report, RELOAD, "rebuilt");
    if cfg!(target_os = "linux") {
        is_told(&report, SOCKETS, "1 were open");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_type_that_heals_itself_is_clean_with_a_server_that_dies_and_freezes() {
    LogCapture::install().unwrap();
    let server = Arc::new(LineServer::start().await);
    let report = full!(LinePool, &server, "c4nary-of-a-pool", "none").run().await;
    report.assert_clean();
    assert_eq!(skipped(&report), ONLY_LINUX_TELLS_SOCKETS);
    is_told(&report, KILLED, "healed after ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_that_asks_nobody_is_caught_since_nothing_heals_by_it() {
    let server = Arc::new(LineServer::start().await);
    let report = outages(&server, "careless").run().await;
    caught(&report, &[(KILLED, "it was not back 4s after its server: "), (FROZEN, "a check passes while")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_fails_more_than_one_use_after_its_return_is_caught() {
    let server = Arc::new(LineServer::start().await);
    let suite = Suite::<LinePool>::new(server.fields("right") + "flaw = 'limps'");
    let report = suite.with_use(put_and_get).with_server(server).timeout(TIMEOUT).run().await;
    caught(&report, &[(KILLED, "2 uses failed after its return")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_type_that_gives_up_for_good_is_caught() {
    let server = Arc::new(LineServer::start().await);
    let report = outages(&server, "unforgiving").run().await;
    let failed: Vec<_> = report.trials().iter().filter(|one| matches!(one.outcome(), Outcome::Failed(_))).collect();
    let late = failed.iter().find(|one| one.name() == LATE).unwrap();
    let words = "the get ended while the server was down: ";
    assert!(matches!(late.outcome(), Outcome::Failed(why) if why.starts_with(words)), "{report}");
    let report = peers(&server, "unforgiving").run().await;
    caught(&report, &[CLOSED, UNKNOWN, HANGS_UP, SILENT].map(|trial| (trial, "is `ConnectError::permanent`")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_that_does_not_name_the_server_is_caught_unless_it_need_not() {
    let server = LineServer::start().await;
    let report = peers(&server, "hides-host").run().await;
    caught(&report, &[(CLOSED, "does not name the host `127.0.0.1`"), (UNKNOWN, "`no-such-host.invalid`")]);
    peers(&server, "hides-host").expect_host(false).run().await.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connect_that_hangs_is_caught_with_a_peer_that_never_answers_and_with_a_frozen_server() {
    let server = Arc::new(LineServer::start().await);
    caught(&peers(&server, "patient").run().await, &[(SILENT, "within its connect_timeout of 1s")]);
    let words = "a connect to the frozen server: it gave no error of its own";
    caught(&outages(&server, "patient").run().await, &[(FROZEN, words)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_use_that_fails_by_a_reload_is_caught() {
    let server = LineServer::start().await;
    let good = server.fields("right") + "flaw = 'breaks-by-update'\n";
    let suite = |fields: &str| Suite::<Line>::new(fields).with_use(put_and_get).config_dir(std::env::temp_dir());
    let report = suite(&good).with_change(good.clone() + "label = 'another'").timeout(TIMEOUT).run().await;
    caught(&report, &[(RELOAD, "the use failed: it is broken")]);
    let report = suite(&good).with_change(good.clone()).timeout(TIMEOUT).run().await;
    caught(&report, &[(RELOAD, "do the fields differ?")]);
    let nowhere = server.fields("wrong") + "label = 'another'";
    let report = suite(&server.fields("right")).with_change(nowhere).timeout(TIMEOUT).run().await;
    caught(&report, &[(RELOAD, "it failed with the changed fields: ")]);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_stays_open_is_caught() {
    let server = Arc::new(LineServer::start().await);
    let report = outages(&server, "leaks-socket").run().await;
    caught(&report, &[(SOCKETS, "1 of 2 sockets are open 1s after the shutdown")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_in_the_log_is_caught_unless_it_is_a_forgiven_driver_that_logs_it() {
    LogCapture::install().unwrap();
    let server = LineServer::start().await;
    let suite = |flaw: &str, password: &str| {
        Suite::<Line>::new(server.fields(password) + &format!("flaw = '{flaw}'")).canary(password).timeout(TIMEOUT)
    };
    let report = suite("logs-password", "c4nary-in-a-log").run().await;
    caught(&report, &[(OTHER_LOGS, "canary 1 is logged by `behaviour::conformance::line` at TRACE")]);
    let report = suite("logs-password", "c4nary-in-a-log").ignore_logs_of("behaviour::conformance").run().await;
    report.assert_clean();
    let note = report.trials().last().and_then(|trial| trial.note()).unwrap();
    assert!(note.contains("ignored: canary 1 is logged by `behaviour::conformance::line`"), "{note}");
    let report = suite("logs-password-in-the-library", "c4nary-in-ours").ignore_logs_of("connection_registry").run();
    caught(&report.await, &[(OWN_LOGS, "canary 1 is logged by `connection_registry::connectors::line` at DEBUG")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_use_that_fails_or_panics_or_hangs_is_caught_and_a_canary_in_its_error_too() {
    let server = LineServer::start().await;
    let suite = || Suite::<Line>::new(server.fields("right")).timeout(TIMEOUT);
    let report = suite().with_use(|_| async { Err("c4nary in a use".into()) }).canary("c4nary").run().await;
    caught(&report, &[("works", "the use failed: *** in a use; canary 1 is in the error of a use")]);
    let report = suite().with_use(|_| async { panic!("it is a bad one") }).run().await;
    caught(&report, &[("works", "the use panicked")]);
    let report = suite().with_use(|_| std::future::pending()).run().await;
    caught(&report, &[("works", "the use did not end within 4s")]);
}

/// The longest wait of a trial that passes is a quarter of it.
const TIMEOUT: Duration = Duration::from_secs(4);

const ONLY_LINUX_TELLS_SOCKETS: &[&str] =
    if cfg!(target_os = "linux") { &["gives up in time"] } else { &["gives up in time", SOCKETS] };

const CLOSED: &str = "fails as it should: a closed port";
const UNKNOWN: &str = "fails as it should: an unknown host";
const HANGS_UP: &str = "fails as it should: a peer that hangs up";
const SILENT: &str = "gives up in time: a peer that never answers";
const KILLED: &str = "refuses no use after its server was killed and restarted";
const FROZEN: &str = "a frozen server is noticed and forgiven";
const LATE: &str = "connects once the server is there";
const RELOAD: &str = "a reload of a changed setting fails no use";
const SOCKETS: &str = "a shutdown leaves no socket";
const OWN_LOGS: &str = "logs no canary";
const OTHER_LOGS: &str = "what it is made of logs no canary";
