//! Clients that the application or a test puts in.

use std::time::Duration;

use connection_registry::{ConnectionManager, ConnectionRegistry, ErrorKind};
use connection_registry_tests::{ProbeClient, Record, manager};

#[tokio::test(start_paused = true)]
async fn an_inserted_client_takes_the_place_of_a_declared_connection() {
    let record = Record::of("replaced");
    let connections = manager("connections.a = { type = 'probe', record = 'replaced' }");
    let old = connections.get::<ProbeClient>("a").await.unwrap();
    let handle = connections.handle::<ProbeClient>("a").unwrap();
    handle.get().await.unwrap();
    connections.insert("a", String::from("a double")).unwrap();
    assert_eq!(*connections.get::<String>("a").await.unwrap(), "a double");
    assert_eq!(connections.get::<ProbeClient>("a").await.unwrap_err().kind(), ErrorKind::WrongType);
    assert_eq!(handle.get().await.unwrap_err().kind(), ErrorKind::WrongType);
    assert_eq!((old.attempt, record.dropped()), (1, 0));
    drop(old);
    assert_eq!(record.dropped(), 1);
    connections.disconnect("a").await.unwrap();
    assert_eq!(connections.get::<ProbeClient>("a").await.unwrap().attempt, 2, "the declared one is back");
}

#[tokio::test(start_paused = true)]
async fn inserting_during_an_attempt_gives_the_attempt_up() {
    let record = Record::of("overtaken");
    let connections = manager("connections.a = { type = 'probe', record = 'overtaken', delay = '5s' }");
    let waiting = tokio::spawn({
        let connections = connections.clone();
        async move { connections.get::<ProbeClient>("a").await.map(drop) }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    connections.insert("a", 7_u8).unwrap();
    assert_eq!(waiting.await.unwrap().unwrap_err().kind(), ErrorKind::Disconnected);
    assert_eq!(*connections.get::<u8>("a").await.unwrap(), 7);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(*connections.get::<u8>("a").await.unwrap(), 7);
    assert!(record.events().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_was_only_inserted_is_gone_after_its_disconnect() {
    let connections = ConnectionManager::builder().build().unwrap();
    connections.insert("a", 7_u8).unwrap();
    connections.disconnect_all().await.unwrap();
    assert_eq!(connections.get::<u8>("a").await.unwrap_err().kind(), ErrorKind::NotConnected);
    connections.insert("a", 8_u8).unwrap();
    assert_eq!(*connections.get::<u8>("a").await.unwrap(), 8);
}

#[test]
fn names_that_cannot_be_names_are_refused() {
    let registry = ConnectionRegistry::new();
    for name in ["", "a\nb", "a\u{0}", " a", "a\u{202e}b"] {
        assert_eq!(registry.insert(name, 1_u8).unwrap_err().kind(), ErrorKind::InvalidName, "{name:?}");
    }
}

#[test]
fn a_registry_holds_removes_and_clears() {
    let registry = ConnectionRegistry::new();
    registry.insert("b", 1_u8).unwrap();
    registry.insert("a", 2_u8).unwrap();
    assert_eq!(registry.names(), ["a", "b"]);
    assert!(registry.contains("a") && registry.remove("a") && !registry.remove("a"));
    registry.clear();
    assert!(registry.names().is_empty());
}
