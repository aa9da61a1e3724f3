//! Clients that were replaced, on their way out.

use std::{sync::Arc, time::Duration};

use tokio::{
    runtime::{Builder, Handle},
    time::{Instant, sleep, timeout},
};

use crate::{
    connection::{ConnectContext, Connection},
    error::BoxError,
    factory::ConnectionFactory,
    manager::{connections::ConnectionManager, retry::Patience},
    registry::Conn,
};

/// A connection that can be replaced, and whose goodbye may take for ever.
#[connection_registry::connection_type("replaceable")]
struct Replaceable {
    #[serde(default)]
    never_ends: bool,
}

struct Client;

impl Connection for Replaceable {
    type Client = Client;

    async fn connect(&self, _cx: &ConnectContext) -> Result<Client, BoxError> {
        Ok(Client)
    }

    async fn disconnect(&self, _client: &Client) -> Result<(), BoxError> {
        if self.never_ends { std::future::pending().await } else { Ok(()) }
    }
}

fn build(settings: &str) -> ConnectionManager {
    let toml = format!("[connections.a]\ntype = 'replaceable'\nlifecycle.check_interval = '10h'\n{settings}");
    let mut factory = ConnectionFactory::empty();
    factory.register::<Replaceable>().unwrap();
    ConnectionManager::builder().factory(factory).toml(toml).build().unwrap()
}

/// Makes the next client; gives a guard of the one before.
async fn replace(connections: &ConnectionManager) -> Conn<Client> {
    let guard = connections.get::<Client>("a").await.unwrap();
    let entry = connections.shared.registry.entry("a").unwrap();
    let replaced = connections.shared.begin_beside(&entry, Patience::OneTry).unwrap();
    replaced.ended().await.unwrap();
    assert!(guard.is_retired());
    guard
}

/// The generations and guards of all that are on their way out.
fn draining(connections: &ConnectionManager) -> Vec<(Option<u64>, usize)> {
    connections.shared.drains.list().into_iter().map(|drain| (drain.generation, drain.guards)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_replaced_client_is_listed_until_its_last_guard_is_gone() {
    let connections = build("");
    sleep(Duration::from_secs(7)).await;
    let first = replace(&connections).await;
    let second = replace(&connections).await;
    let (clone, more) = (second.clone(), second.clone());
    assert_eq!(draining(&connections), [(Some(1), 1), (Some(2), 3)]);
    let listed = &connections.shared.drains.list()[0];
    assert_eq!((&*listed.name, listed.since.as_secs()), ("a", 7));
    drop((second, clone));
    sleep(Duration::from_millis(100)).await;
    assert_eq!(draining(&connections), [(Some(1), 1), (Some(2), 1)]);
    drop((first, more));
    sleep(Duration::from_millis(100)).await;
    assert_eq!(draining(&connections), []);
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_by_itself_at_its_timeout() {
    let connections = build("lifecycle.drain_timeout = '3s'\nlifecycle.disconnect_timeout = '2s'\nnever_ends = true");
    let held = replace(&connections).await;
    sleep(Duration::from_millis(4900)).await;
    // The goodbye is said under the guard by now.
    assert_eq!(draining(&connections), [(Some(1), 1)]);
    assert!(timeout(Duration::ZERO, connections.shared.drains.are_over()).await.is_err());
    sleep(Duration::from_millis(200)).await;
    timeout(Duration::ZERO, connections.shared.drains.are_over()).await.expect("nothing is on its way out");
    assert_eq!(draining(&connections), [(Some(1), 1)], "the guard still has it");
    drop(held);
    assert_eq!(draining(&connections), []);
}

#[tokio::test(start_paused = true)]
async fn the_list_of_drains_stays_as_short_as_it_is() {
    let connections = build("");
    for _ in 0..1000 {
        drop(replace(&connections).await);
        sleep(Duration::from_millis(100)).await;
        assert_eq!(draining(&connections), []);
    }
    assert!(connections.shared.drains.recorded().is_empty());
    connections.shutdown(Duration::from_secs(1)).await;
    assert!(connections.shared.drains.recorded().is_empty());
}

#[test]
fn a_drain_is_over_when_its_runtime_ends() {
    for settings in ["", "lifecycle.drain_timeout = '0s'\nnever_ends = true"] {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let (connections, held) = runtime.block_on(async {
            let connections = build(settings);
            let held = replace(&connections).await;
            tokio::task::yield_now().await;
            (connections, held)
        });
        assert_eq!(draining(&connections), [(Some(1), 1)]);
        drop(runtime);
        assert_eq!(draining(&connections), [(Some(1), 1)], "the guard still has it");
        drop(held);
        assert_eq!(draining(&connections), [], "nothing is on its way out");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_hurries_the_drains_before_it_and_reports_of_them() {
    let connections = build("lifecycle.drain_timeout = '1h'\nlifecycle.disconnect_timeout = '2s'");
    let held = replace(&connections).await;
    let released = replace(&connections).await;
    sleep(Duration::from_secs(60)).await;
    let releasing = tokio::spawn(async move {
        sleep(Duration::from_secs(1)).await;
        drop(released);
    });
    let start = Instant::now();
    let report = connections.shutdown(Duration::from_secs(10)).await;
    assert_eq!(start.elapsed().as_secs(), 8, "two seconds are for the goodbye");
    let laggards: Vec<_> = report.laggards().iter().map(|laggard| (laggard.name(), laggard.guards())).collect();
    assert_eq!(laggards, [("a", 1)], "{report}");
    assert_eq!(report.laggards()[0].age().unwrap().as_secs(), 68);
    assert!(report.laggards()[0].error().is_none(), "{report}");
    assert!(report.closed().is_empty(), "one of its clients lags");
    releasing.await.unwrap();
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0);
    assert_eq!(draining(&connections), [(Some(1), 1)], "the guard still has it");
    drop(held);
    assert_eq!(draining(&connections), []);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_gives_up_the_attempt_to_replace_a_client() {
    let connections = build("");
    drop(connections.get::<Client>("a").await.unwrap());
    let entry = connections.shared.registry.entry("a").unwrap();
    let replacing = connections.shared.begin_beside(&entry, Patience::WholeTimeout).unwrap();
    let report = connections.shutdown(Duration::from_secs(10)).await;
    assert_eq!((report.is_clean(), report.closed()), (true, &["a".to_owned()][..]), "{report}");
    replacing.ended().await.unwrap();
    assert!(connections.shared.begin_beside(&entry, Patience::WholeTimeout).is_none());
    assert_eq!(entry.lock().slot.generation(), 1);
    assert_eq!(Arc::strong_count(&connections.shared), 1, "nobody else holds anything of the manager");
}
