//! What happens when two things happen at once: each interleaving is made on purpose.

use std::time::Duration;

use connection_registry::ErrorKind;
use connection_registry_tests::{ProbeClient, Record, manager};
use tokio::time::sleep;

#[tokio::test(start_paused = true)]
async fn a_removed_connection_is_not_made_by_a_caller_who_waited_for_its_goodbye() {
    let record = Record::of("removed");
    let connections = manager("connections.a = { type = 'probe', record = 'removed', delay = '1s' }");
    connections.get::<ProbeClient>("a").await.unwrap();
    let (closed, client, ()) =
        tokio::join!(connections.disconnect("a"), async { connections.get::<ProbeClient>("a").await }, async {
            sleep(Duration::from_millis(500)).await;
            assert!(connections.registry().remove("a"));
        });
    closed.unwrap();
    assert_eq!(client.unwrap_err().kind(), ErrorKind::NotFound);
    sleep(Duration::from_secs(5)).await;
    assert_eq!(record.events(), ["connected a", "disconnecting removed"]);
}

#[tokio::test(start_paused = true)]
async fn removing_during_an_attempt_gives_the_attempt_up() {
    let record = Record::of("removed early");
    let connections = manager("connections.a = { type = 'probe', record = 'removed early', delay = '5s' }");
    let (client, handle, ()) = tokio::join!(
        connections.get::<ProbeClient>("a"),
        async { connections.handle::<ProbeClient>("a").unwrap().get().await },
        async {
            sleep(Duration::from_secs(1)).await;
            connections.registry().clear();
        }
    );
    assert_eq!(client.unwrap_err().kind(), ErrorKind::Disconnected);
    assert_eq!(handle.unwrap_err().kind(), ErrorKind::Disconnected);
    assert_eq!(connections.get::<ProbeClient>("a").await.unwrap_err().kind(), ErrorKind::NotFound);
    sleep(Duration::from_secs(10)).await;
    assert!(record.events().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_name_that_was_removed_and_inserted_is_a_ready_made_one() {
    let record = Record::of("ready-made again");
    let connections = manager("connections.a = { type = 'probe', record = 'ready-made again' }");
    connections.registry().remove("a");
    connections.insert("a", 7_u8).unwrap();
    connections.disconnect("a").await.unwrap();
    assert_eq!(connections.get::<ProbeClient>("a").await.unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(record.attempts(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_inserted_during_a_goodbye_is_the_one_that_is_given() {
    let connections = manager("connections.a = { type = 'probe', record = 'inserted late', delay = '1s' }");
    connections.get::<ProbeClient>("a").await.unwrap();
    let (closed, inserted) = tokio::join!(connections.disconnect("a"), async {
        sleep(Duration::from_millis(500)).await;
        connections.insert("a", 7_u8).unwrap();
        connections.get::<u8>("a").await
    });
    closed.unwrap();
    assert_eq!(*inserted.unwrap(), 7);
    assert_eq!(*connections.get::<u8>("a").await.unwrap(), 7);
    assert_eq!(Record::of("inserted late").dropped(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_guard_of_a_handle_that_is_gone_is_retired_with_the_others() {
    let connections = manager("connections.a = { type = 'probe', record = 'retired with the others' }");
    let guard = connections.handle::<ProbeClient>("a").unwrap().get().await.unwrap();
    for _ in 0..100 {
        connections.handle::<ProbeClient>("a").unwrap().get().await.unwrap();
    }
    assert!(!guard.is_retired());
    connections.disconnect("a").await.unwrap();
    assert!(guard.is_retired());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_closed_while_its_dependent_is_made_is_made_again() {
    let connections = manager(
        "[connections.top]\ntype = 'probe'\nrecord = 'stays'\nneeds = 'base'\n\
         [connections.base]\ntype = 'probe'\nrecord = 'comes and goes'\ndelay = '1s'",
    );
    connections.get::<ProbeClient>("base").await.unwrap();
    let (closed, top) = tokio::join!(connections.disconnect("base"), connections.get::<ProbeClient>("top"));
    closed.unwrap();
    assert_eq!(top.unwrap().attempt, 1);
    assert_eq!(connections.try_get::<ProbeClient>("base").unwrap().attempt, 2);
}

#[tokio::test(start_paused = true)]
async fn disconnect_all_while_everything_connects_leaves_nothing_behind() {
    let connections = manager(
        "[connections.top]\ntype = 'probe'\nrecord = 'left behind'\nneeds = 'base'\ndelay = '1s'\n\
         [connections.base]\ntype = 'probe'\nrecord = 'left behind'\ndelay = '1s'",
    );
    for moment in [0, 500, 999, 1000, 1001, 1500, 1999, 2000, 2001] {
        let (top, ()) = tokio::join!(connections.get::<ProbeClient>("top"), async {
            sleep(Duration::from_millis(moment)).await;
            connections.disconnect_all().await.unwrap();
        });
        if let Err(error) = top.map(drop) {
            assert!([ErrorKind::Disconnected, ErrorKind::ConnectFailed].contains(&error.kind()), "{error}");
        }
        sleep(Duration::from_secs(10)).await;
        connections.disconnect_all().await.unwrap();
        let record = Record::of("left behind");
        let count = |what: &str| record.events().iter().filter(|event| event.starts_with(what)).count();
        assert_eq!(count("connected"), record.dropped(), "after {moment} ms");
        assert_eq!(count("connected"), count("disconnecting"), "after {moment} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_beyond_all_clocks_is_no_timeout() {
    let connections = manager(
        "[connections.a]\ntype = 'probe'\nrecord = 'for ever'\n\
         lifecycle.connect_timeout = '20000000000000w'\nlifecycle.disconnect_timeout = '20000000000000w'",
    );
    connections.get::<ProbeClient>("a").await.unwrap();
    connections.disconnect("a").await.unwrap();
}
