//! Guards and handles.

use connection_registry_tests::{ProbeClient, Record, manager};

#[tokio::test(start_paused = true)]
async fn a_handle_follows_its_connection_and_keeps_no_client_alive() {
    let record = Record::of("handle");
    let connections = manager("connections.a = { type = 'probe', record = 'handle' }");
    let handle = connections.handle::<ProbeClient>("a").unwrap();
    assert_eq!(record.attempts(), 0, "a handle connects when it is asked");
    for round in 1..=8 {
        for _ in 0..3 {
            assert_eq!(handle.get().await.unwrap().attempt, round);
        }
        assert_eq!(handle.clone().get().await.unwrap().attempt, round);
        connections.disconnect("a").await.unwrap();
        assert_eq!(record.dropped(), round);
    }
}

#[tokio::test(start_paused = true)]
async fn a_handle_and_get_give_the_same_client() {
    let connections = manager("connections.a = { type = 'probe', record = 'same client' }");
    let through_handle = connections.handle::<ProbeClient>("a").unwrap().get().await.unwrap();
    let by_name = connections.get::<ProbeClient>("a").await.unwrap();
    assert!(std::ptr::eq(&*through_handle, &*by_name));
}

#[tokio::test(start_paused = true)]
async fn a_guard_moves_to_another_task_and_outlives_its_manager() {
    let connections = manager("connections.a = { type = 'probe', record = 'outlives' }");
    let guard = connections.get::<ProbeClient>("a").await.unwrap();
    drop(connections);
    let attempt = tokio::spawn(async move { guard.attempt }).await.unwrap();
    assert_eq!(attempt, 1);
    assert_eq!(Record::of("outlives").dropped(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_manager_that_is_dropped_drops_its_clients() {
    let connections = manager("connections.a = { type = 'probe', record = 'dropped with it' }");
    let handle = connections.handle::<ProbeClient>("a").unwrap();
    handle.get().await.unwrap();
    drop((connections, handle));
    tokio::task::yield_now().await;
    assert_eq!(Record::of("dropped with it").dropped(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_debug_form_of_a_guard_names_the_type_alone() {
    let connections = manager("connections.a = { type = 'probe', record = 'debug' }");
    let guard = connections.get::<ProbeClient>("a").await.unwrap();
    assert_eq!(format!("{guard:?}"), "Conn<connection_registry_tests::ProbeClient>");
}

#[test]
fn the_future_of_get_is_small() {
    let connections = manager("");
    assert!(size_of_val(&connections.get::<ProbeClient>("a")) <= 64);
}
