//! Clients that are not the current ones: they are told goodbye all the same, and a shutdown waits for that.

use std::time::Duration;

use connection_registry::{BoxError, ConnectContext, Connection, connection_type};
use connection_registry_tests::{ProbeClient, manager};
use tokio::{runtime::Handle, sync::watch, time::Instant};

/// A connection that is ready at the moment at which its attempt is given up, and takes its time to say goodbye.
#[connection_type("late_client")]
struct LateClient {}

struct Client;

static GOODBYES: std::sync::LazyLock<watch::Sender<usize>> = std::sync::LazyLock::new(|| watch::Sender::new(0));

impl Connection for LateClient {
    type Client = Client;

    async fn connect(&self, _cx: &ConnectContext) -> Result<Client, BoxError> {
        // It heeds no abort: it does not wait, it blocks its thread.
        STARTED.send_replace(true);
        std::thread::sleep(Duration::from_millis(200));
        Ok(Client)
    }

    async fn disconnect(&self, _client: &Client) -> Result<(), BoxError> {
        tokio::time::sleep(Duration::from_millis(100)).await;
        GOODBYES.send_modify(|goodbyes| *goodbyes += 1);
        Ok(())
    }
}

static STARTED: std::sync::LazyLock<watch::Sender<bool>> = std::sync::LazyLock::new(|| watch::Sender::new(false));

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_client_that_comes_after_its_attempt_was_given_up_is_told_goodbye() {
    let connections = manager("connections.a = { type = 'late_client' }");
    let waiting = tokio::spawn({
        let connections = connections.clone();
        async move { connections.get::<Client>("a").await.map(drop) }
    });
    STARTED.subscribe().wait_for(|started| *started).await.unwrap();
    let start = Instant::now();
    let report = connections.shutdown(Duration::from_secs(20)).await;
    assert!(start.elapsed() < Duration::from_secs(10), "{report}");
    assert!(waiting.await.unwrap().is_err());
    let mut goodbyes = GOODBYES.subscribe();
    let said = tokio::time::timeout(Duration::from_secs(20), goodbyes.wait_for(|goodbyes| *goodbyes == 1)).await;
    said.expect("a goodbye is said").unwrap();
    // The tasks end with the last word of the goodbye; the threads of the runtime may be about to do that.
    while Handle::current().metrics().num_alive_tasks() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_guard_that_outlives_the_goodbye_of_its_client_is_told_for_as_long_as_it_is_out() {
    let connections = manager("connections.a = { type = 'probe', record = 'held on' }");
    let draining = || connections.status().get("a").unwrap().draining;
    for _ in 0..3 {
        let guard = connections.get::<ProbeClient>("a").await.unwrap();
        connections.disconnect("a").await.unwrap();
        assert_eq!(draining(), 1);
        drop(guard);
        assert_eq!(draining(), 0);
    }
    let guard = connections.get::<ProbeClient>("a").await.unwrap();
    connections.disconnect("a").await.unwrap();
    let report = connections.shutdown(Duration::from_secs(1)).await;
    assert_eq!(report.laggards().iter().map(|it| (it.name(), it.guards())).collect::<Vec<_>>(), [("a", 1)]);
    assert!(!report.is_clean());
    drop(guard);
}
