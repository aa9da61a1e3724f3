//! The end: in order, in time, and with a report of what is left.

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    task::{Context, Waker},
    time::Duration,
};

use connection_registry::{
    BoxError, ConnectContext, Connection, ConnectionManager, ErrorKind, ShutdownReport, connection_type,
};
use connection_registry_tests::{ProbeClient, Record, manager};
use tokio::{
    runtime::Handle,
    time::{Instant, sleep, timeout},
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// The laggards of a report: name, guards, and whether there was an error.
pub(crate) fn laggards(report: &ShutdownReport) -> Vec<(&str, usize, bool)> {
    let laggards = report.laggards().iter();
    laggards.map(|laggard| (laggard.name(), laggard.guards(), laggard.error().is_some())).collect()
}

#[track_caller]
pub(crate) fn is_refused<T>(result: Result<T, connection_registry::Error>) {
    let error = result.err().expect("it was refused");
    assert_eq!(error.kind(), ErrorKind::ShutDown, "{error}");
}

pub(crate) async fn all_connected(toml: &str) -> ConnectionManager {
    let connections = manager(toml);
    for name in connections.names() {
        connections.get::<ProbeClient>(&name).await.unwrap();
    }
    connections
}

/// Nothing of ours runs any more.
#[track_caller]
pub(crate) fn nothing_is_left(case: &str) {
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0, "{case}");
}

/// How a goodbye goes: the step, how long it takes, and whether it is well.
const GOODBYES: [(&str, u64, bool); 5] =
    [("ok", 0, true), ("fail", 0, false), ("ok", 1000, true), ("never", 0, false), ("panic", 0, false)];

/// When the guard is dropped, in milliseconds: there is none, in time, never.
const GUARDS: [Option<u64>; 3] = [None, Some(1500), Some(1_000_000)];

/// When the first caller leaves: after one poll, before and after the guard is gone, never.
const LEAVES: [u64; 4] = [0, 500, 2500, 60_000];

/// One case of the product: `close` is what both callers do. Gives what the second one got, and how long it took.
async fn close_twice<T, F: Future<Output = T>>(
    case: &str,
    (step, delay, _): (&str, u64, bool),
    guard: Option<u64>,
    leaves: u64,
    close: impl Fn(ConnectionManager) -> F,
) -> (T, Duration) {
    let connections = all_connected(&format!(
        "[connections.a]\ntype = 'probe'\nrecord = '{case}'\ndisconnect = '{step}'\ndelay = '{delay}ms'\n\
         lifecycle.drain_timeout = '3s'\nlifecycle.disconnect_timeout = '2s'"
    ))
    .await;
    let held = connections.try_get::<ProbeClient>("a").unwrap();
    let holding = async {
        match guard {
            None => drop(held),
            Some(time) => {
                tokio::spawn(async move {
                    sleep(Duration::from_millis(time)).await;
                    drop(held);
                });
            }
        }
    };
    holding.await;
    let start = Instant::now();
    let first = timeout(Duration::from_millis(leaves), close(connections.clone()));
    let (_, (second, took)) = tokio::join!(first, async {
        let result = close(connections.clone()).await;
        (result, start.elapsed())
    });
    let report = connections.shutdown(60 * SECOND).await;
    sleep(Duration::from_secs(2000)).await;
    let record = Record::of(case);
    let said = record.events().iter().filter(|event| event.starts_with("disconnecting")).count();
    assert_eq!((said, record.dropped()), (1, 1), "{case}: {report}");
    nothing_is_left(case);
    (second, took)
}

#[tokio::test(start_paused = true)]
async fn every_goodbye_with_every_guard_is_said_once_whichever_caller_leaves() {
    for (number, goodbye) in GOODBYES.into_iter().enumerate() {
        for guard in GUARDS {
            for leaves in LEAVES {
                let case = |what: &str| format!("{what} {number} {guard:?} {leaves}");
                let ends = if goodbye.0 == "never" { 2000 } else { goodbye.1 };
                let name = case("disconnect");
                let (result, took) =
                    close_twice(&name, goodbye, guard, leaves, |all| async move { all.disconnect("a").await }).await;
                assert_eq!((result.is_ok(), near(took)), (goodbye.2, ends / 100), "{name}");
                let name = case("disconnect_all");
                let (result, took) =
                    close_twice(&name, goodbye, guard, leaves, |all| async move { all.disconnect_all().await }).await;
                assert_eq!((result.is_ok(), near(took)), (goodbye.2, ends / 100), "{name}");
                let name = case("shutdown");
                let (report, took) =
                    close_twice(&name, goodbye, guard, leaves, |all| async move { all.shutdown(10 * SECOND).await })
                        .await;
                let waited = guard.unwrap_or_default().min(3000);
                let is_held = guard.is_some_and(|time| time > 10_000);
                assert_eq!(near(took), (waited + ends) / 100, "{name}: {report}");
                assert_eq!(report.is_clean(), goodbye.2 && !is_held, "{name}: {report}");
                let expected = if report.is_clean() { vec![] } else { vec![("a", usize::from(is_held), !goodbye.2)] };
                assert_eq!(laggards(&report), expected, "{name}");
            }
        }
    }
}

/// In tenths of a second: guards are looked for every now and then.
fn near(time: Duration) -> u64 {
    u64::try_from(time.as_millis() / 100).unwrap()
}

#[tokio::test(start_paused = true)]
async fn connections_close_in_the_order_of_a_diamond() {
    let mut toml = String::new();
    for (name, needs) in [
        ("base", ""),
        ("left", ", needs = 'base'"),
        ("right", ", needs = 'base'"),
        ("top", ", needs = 'left', also_needs = 'right'"),
    ] {
        toml += &format!("connections.{name} = {{ type = 'probe', record = 'diamond {name}', delay = '1s'{needs} }}\n");
    }
    let connections = all_connected(&toml).await;
    let closing = tokio::spawn(async move { connections.shutdown(60 * SECOND).await });
    let closed = |name: &str| Record::of(&format!("diamond {name}")).dropped() == 1;
    for expected in [[false; 4], [true, false, false, false], [true, true, true, false]] {
        assert_eq!(["top", "left", "right", "base"].map(closed), expected);
        sleep(Duration::from_millis(1001)).await;
    }
    let report = closing.await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.closed(), ["base", "left", "right", "top"]);
    assert_eq!(report.took().as_secs(), 3);
    nothing_is_left("diamond");
}

#[tokio::test(start_paused = true)]
async fn what_one_rank_does_not_give_back_costs_the_later_ranks_nothing() {
    for (case, top) in
        [("held", ""), ("hangs", "disconnect = 'never'"), ("hangs and is slow", "disconnect = 'never'\ndelay = '1s'")]
    {
        let mut toml = format!(
            "[defaults.lifecycle]\ndrain_timeout = '1h'\ndisconnect_timeout = '1h'\n\
             [connections.a5]\ntype = 'probe'\nrecord = '{case} 5'\nneeds = 'a4'\n{top}\n"
        );
        for number in 0..5_usize {
            let needs = number.checked_sub(1).map(|number| format!("needs = 'a{number}'")).unwrap_or_default();
            toml += &format!("[connections.a{number}]\ntype = 'probe'\nrecord = '{case} {number}'\n{needs}\n");
        }
        let connections = all_connected(&toml).await;
        let held = connections.try_get::<ProbeClient>("a5").unwrap();
        let start = Instant::now();
        let report = connections.shutdown(10 * SECOND).await;
        assert!(start.elapsed() < Duration::from_millis(10_100), "{case}: {report}");
        assert_eq!(laggards(&report), [("a5", 1, case != "held")], "{case}");
        assert_eq!(report.closed(), ["a0", "a1", "a2", "a3", "a4"], "{case}");
        nothing_is_left(case);
        drop(held);
    }
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_is_given_back_in_time_is_waited_for() {
    let connections = all_connected("connections.a = { type = 'probe', record = 'in time' }").await;
    let held = connections.get::<ProbeClient>("a").await.unwrap();
    tokio::spawn(async move {
        sleep(20 * SECOND).await;
        assert_eq!(Record::of("in time").events().len(), 1, "no goodbye yet");
        drop(held);
    });
    let report = connections.shutdown(30 * SECOND).await;
    assert!(report.is_clean() && report.took().as_secs() == 20, "{report}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_given_out_from_the_first_moment_on() {
    let connections = manager(
        "connections.a = { type = 'probe', record = 'refused' }\nconnections.b.type = 'probe'\nconnections.b.record = 'refused b'",
    );
    let handle = connections.handle::<ProbeClient>("a").unwrap();
    let unused = connections.handle::<ProbeClient>("b").unwrap();
    let held = handle.get().await.unwrap();
    connections.insert("ready", 7_u8).unwrap();
    assert_eq!(connections.get::<ProbeClient>("a").await.unwrap().attempt, 1);
    let mut closing = pin!(connections.shutdown(20 * SECOND));
    assert!(closing.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    for _ in 0..2 {
        is_refused(connections.get::<ProbeClient>("a").await);
        is_refused(connections.try_get::<ProbeClient>("a"));
        is_refused(connections.get::<ProbeClient>("b").await);
        is_refused(connections.try_get::<ProbeClient>("b"));
        is_refused(connections.get::<u8>("ready").await);
        is_refused(handle.get().await);
        is_refused(handle.clone().get().await);
        is_refused(unused.get().await);
        is_refused(connections.insert("ready", 8_u8));
        is_refused(connections.registry().insert("new", 8_u8));
        assert_eq!(connections.get::<ProbeClient>("c").await.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(held.attempt, 1, "a guard is good until it is dropped");
        assert_eq!(laggards(&connections.shutdown(20 * SECOND).await), [("a", 1, false)]);
    }
    assert_eq!(Record::of("refused b").attempts(), 0);
}

#[tokio::test(start_paused = true)]
async fn attempts_under_way_are_given_up_and_their_callers_told() {
    let connections = manager(
        "connections.slow = { type = 'probe', record = 'gives up', delay = '5s' }\n\
         connections.fails = { type = 'probe', record = 'gives up retries', connect = ['fail'] }\n\
         connections.needs = { type = 'probe', record = 'gives up needs', needs = 'slow' }",
    );
    let waiting: Vec<_> = connections
        .names()
        .into_iter()
        .map(|name| {
            let connections = connections.clone();
            tokio::spawn(async move { connections.get::<ProbeClient>(&name).await.map(drop) })
        })
        .collect();
    sleep(Duration::from_millis(50)).await;
    let start = Instant::now();
    let report = connections.shutdown(10 * SECOND).await;
    for waiting in waiting {
        let kind = waiting.await.unwrap().unwrap_err().kind();
        assert!(matches!(kind, ErrorKind::Disconnected | ErrorKind::ShutDown), "{kind:?}");
    }
    assert!(report.is_clean() && report.closed().is_empty(), "{report}");
    assert_eq!(start.elapsed(), Duration::ZERO);
    nothing_is_left("attempts");
    sleep(100 * SECOND).await;
    assert!(Record::of("gives up").events().is_empty());
}

#[tokio::test(start_paused = true)]
async fn all_callers_get_one_report_and_the_shortest_time_counts() {
    let connections = all_connected("connections.a = { type = 'probe', record = 'shortest' }").await;
    let _held = connections.get::<ProbeClient>("a").await.unwrap();
    let later = async {
        sleep(SECOND).await;
        let longer = connections.shutdown(100 * SECOND);
        let shorter = connections.shutdown(4 * SECOND);
        tokio::join!(longer, shorter)
    };
    let (first, (longer, shorter)) = tokio::join!(connections.shutdown(20 * SECOND), later);
    // Half of the four seconds is for the goodbye, which takes no time.
    assert_eq!(near(first.took()), 30, "{first}");
    for report in [&longer, &shorter, &connections.shutdown(Duration::ZERO).await] {
        assert_eq!((report.took(), report.to_string()), (first.took(), first.to_string()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_under_way_is_hurried_by_a_shutdown() {
    let connections = all_connected(
        "connections.a = { type = 'probe', record = 'hurried', disconnect = 'never', \
         lifecycle.disconnect_timeout = '1h' }",
    )
    .await;
    let (alone, report) = tokio::join!(connections.disconnect("a"), async {
        sleep(SECOND).await;
        connections.shutdown(3 * SECOND).await
    });
    let error = alone.unwrap_err();
    assert!(error.to_string().contains("within the 4s that the shutdown left for it"), "{error}");
    assert_eq!((near(report.took()), laggards(&report)), (30, vec![("a", 0, true)]));
    nothing_is_left("hurried");
}

#[tokio::test(start_paused = true)]
async fn without_time_everything_is_let_go_of_and_reported() {
    let connections = all_connected("connections.a = { type = 'probe', record = 'no time', delay = '1ms' }").await;
    let report = connections.shutdown(Duration::ZERO).await;
    assert_eq!(laggards(&report), [("a", 0, true)]);
    assert!(report.to_string().contains("left no time for it"), "{report}");
    sleep(SECOND).await;
    assert_eq!(Record::of("no time").dropped(), 1);
    nothing_is_left("no time");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_goes_on_without_its_caller() {
    let connections = all_connected("connections.a = { type = 'probe', record = 'goes on', delay = '1s' }").await;
    tokio::select! {
        biased;
        _ = connections.shutdown(20 * SECOND) => panic!("it takes a second"),
        () = tokio::task::yield_now() => {}
    }
    sleep(2 * SECOND).await;
    assert_eq!(Record::of("goes on").dropped(), 1);
    let report = connections.shutdown(20 * SECOND).await;
    assert!(report.is_clean() && report.took().as_secs() == 1, "{report}");
}

#[tokio::test(start_paused = true)]
async fn while_all_are_closed_nothing_is_given_out_and_afterwards_everything_is_made_anew() {
    let connections = all_connected(
        "connections.a = { type = 'probe', record = 'for a while', delay = '1s' }\n\
         connections.b = { type = 'probe', record = 'for a while b', delay = '1s', needs = 'a' }",
    )
    .await;
    let handle = connections.handle::<ProbeClient>("a").unwrap();
    drop(handle.get().await.unwrap());
    // Its caller leaves: it goes on, to the last rank, and gives out again.
    assert!(timeout(Duration::from_millis(10), connections.disconnect_all()).await.is_err());
    for _ in 0..2 {
        is_refused(connections.get::<ProbeClient>("a").await);
        is_refused(handle.get().await);
        is_refused(connections.insert("ready", 7_u8));
        sleep(SECOND).await;
    }
    sleep(SECOND).await;
    assert_eq!((Record::of("for a while").dropped(), Record::of("for a while b").dropped()), (1, 1));
    assert_eq!(handle.get().await.unwrap().attempt, 2);
    assert_eq!(connections.get::<ProbeClient>("a").await.unwrap().attempt, 2);
    connections.insert("ready", 7_u8).unwrap();
}

#[tokio::test(start_paused = true)]
async fn closing_everything_forgets_failures() {
    let connections =
        manager("connections.a = { type = 'probe', record = 'forgets', connect = ['fail-for-good', 'ok'] }");
    connections.get::<ProbeClient>("a").await.unwrap_err();
    connections.disconnect_all().await.unwrap();
    assert_eq!(connections.get::<ProbeClient>("a").await.unwrap().attempt, 2);
}

#[tokio::test(start_paused = true)]
async fn every_order_of_two_calls_that_close_ends() {
    for first in 0..3 {
        for second in 0..3 {
            for pause in [0, 500, 1500, 5000] {
                let case = format!("order {first} {second} {pause}");
                let connections = all_connected(&format!(
                    "connections.a = {{ type = 'probe', record = '{case}', delay = '1s' }}\n\
                     connections.b = {{ type = 'probe', record = '{case} b', delay = '1s', needs = 'a' }}",
                ))
                .await;
                tokio::join!(close(&connections, first), async {
                    sleep(Duration::from_millis(pause)).await;
                    close(&connections, second).await;
                });
                let is_shut_down = first == 2 || second == 2;
                let again = connections.get::<ProbeClient>("a").await;
                assert_eq!(again.is_err(), is_shut_down, "{case}");
                drop(again);
                connections.shutdown(10 * SECOND).await;
                nothing_is_left(&case);
            }
        }
    }
}

async fn close(connections: &ConnectionManager, how: usize) {
    match how {
        0 => connections.disconnect("a").await.unwrap(),
        1 => connections.disconnect_all().await.unwrap(),
        _ => assert!(connections.shutdown(20 * SECOND).await.is_clean()),
    }
}

/// A connection whose methods call the manager that runs them.
#[connection_type("calls_back")]
struct CallsBack {
    script: String,
}

struct CallingClient(Script);

/// The manager, and when it is called.
#[derive(Clone, Default)]
struct Script {
    manager: Arc<OnceLock<ConnectionManager>>,
    calls_in: &'static str,
}

static SCRIPTS: Mutex<Vec<(String, Script)>> = Mutex::new(Vec::new());

impl Script {
    fn of(name: &str) -> Self {
        let scripts = SCRIPTS.lock().unwrap_or_else(PoisonError::into_inner);
        scripts.iter().find(|(known, _)| known == name).unwrap().1.clone()
    }

    async fn runs(&self, here: &str) {
        if self.calls_in == here {
            self.manager.get().unwrap().shutdown(10 * SECOND).await;
        }
    }
}

impl Connection for CallsBack {
    type Client = CallingClient;

    async fn connect(&self, _cx: &ConnectContext) -> Result<CallingClient, BoxError> {
        let script = Script::of(&self.script);
        script.runs("connect").await;
        Ok(CallingClient(script))
    }

    async fn disconnect(&self, client: &CallingClient) -> Result<(), BoxError> {
        client.0.runs("disconnect").await;
        Ok(())
    }
}

impl Drop for CallingClient {
    fn drop(&mut self) {
        if self.0.calls_in == "drop" {
            // What it begins goes on without it.
            let _ = pin!(self.0.runs("drop")).poll(&mut Context::from_waker(Waker::noop()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_is_called_by_what_it_closes_ends() {
    for calls_in in ["connect", "disconnect", "drop"] {
        for how in 0..3 {
            let name = format!("{calls_in} {how}");
            let script = Script { calls_in, ..Script::default() };
            SCRIPTS.lock().unwrap().push((name.clone(), script.clone()));
            let connections = manager(&format!(
                "[connections.a]\ntype = 'calls_back'\nscript = '{name}'\nlifecycle.disconnect_timeout = '3s'"
            ));
            script.manager.set(connections.clone()).unwrap();
            let got = connections.get::<CallingClient>("a").await.map(drop);
            assert_eq!(got.is_ok(), calls_in != "connect", "{name}: {got:?}");
            let start = Instant::now();
            match how {
                0 => drop(connections.disconnect("a").await),
                1 => drop(connections.disconnect_all().await),
                _ => {}
            }
            let report = connections.shutdown(10 * SECOND).await;
            assert!(start.elapsed() <= 4 * SECOND, "{name}: {report}");
            assert_eq!(report.is_clean(), calls_in != "disconnect", "{name}: {report}");
            sleep(SECOND).await;
            nothing_is_left(&name);
        }
    }
}

/// A connection to a socket.
#[connection_type("socket")]
struct Socket {
    port: u16,
}

impl Connection for Socket {
    type Client = std::net::TcpStream;

    async fn connect(&self, _cx: &ConnectContext) -> Result<std::net::TcpStream, BoxError> {
        Ok(std::net::TcpStream::connect(("127.0.0.1", self.port))?)
    }
}

#[tokio::test]
async fn after_a_shutdown_no_socket_is_open() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = manager(&format!("connections.a = {{ type = 'socket', port = {port} }}"));
    connections.get::<std::net::TcpStream>("a").await.unwrap();
    let (mut other_side, _) = listener.accept().unwrap();
    other_side.set_read_timeout(Some(5 * SECOND)).unwrap();
    assert!(connections.shutdown(5 * SECOND).await.is_clean());
    assert_eq!(std::io::Read::read(&mut other_side, &mut [0]).unwrap(), 0);
    nothing_is_left("socket");
}
