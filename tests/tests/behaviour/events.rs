//! Events: in order, each once, and none for who does not listen.

use connection_registry::{ConnectionState, Event};
use connection_registry_tests::{ProbeClient, manager};

fn line(event: &Event) -> String {
    format!("{}: {} {} {}", event.connection, event.from, event.state, event.generation)
}

#[tokio::test(start_paused = true)]
async fn a_life_is_told_from_the_first_attempt_to_the_last_failure() {
    let connections = manager(
        "[connections.a]\ntype = 'probe'\nrecord = 'events of a life'\nconnect = ['ok', 'fail-for-good']\n\
         lifecycle.connect_timeout = '1s'",
    );
    let mut events = connections.subscribe();
    assert!(events.try_next().is_none());
    connections.get::<ProbeClient>("a").await.unwrap();
    connections.disconnect("a").await.unwrap();
    let error = connections.get::<ProbeClient>("a").await.unwrap_err();
    connections.get::<ProbeClient>("a").await.unwrap_err();
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(events.next().await.unwrap());
    }
    let expected = [
        "a: declared connecting 0",
        "a: connecting connected 1",
        "a: connected draining 1",
        "a: draining closed 1",
        "a: closed connecting 1",
        "a: connecting failed 1",
    ];
    assert_eq!(seen.iter().map(line).collect::<Vec<_>>(), expected);
    assert_eq!(seen[5].cause.as_deref(), Some(&*error.to_string()));
    assert!(events.try_next().is_none(), "a failure that is remembered is told once");
}

#[tokio::test(start_paused = true)]
async fn what_is_put_in_and_taken_out_is_told() {
    let connections = manager("connections.a = { type = 'probe', record = 'events of an insert' }");
    let mut events = connections.subscribe();
    connections.insert("a", 1_u8).unwrap();
    connections.registry().insert("b", 2_u8).unwrap();
    connections.insert("a", 3_u8).unwrap();
    connections.registry().remove("a");
    connections.insert("a", 4_u8).unwrap();
    let seen: Vec<_> = std::iter::from_fn(|| events.try_next()).collect();
    let expected = [
        "a: declared connected 1",
        "b: declared connected 1",
        "a: connected connected 2",
        "a: connected closed 2",
        "a: declared connected 1",
    ];
    assert_eq!(seen.iter().map(line).collect::<Vec<_>>(), expected);
    assert_eq!(seen.iter().map(|event| event.replaced).collect::<Vec<_>>(), [false, false, true, false, false]);
    assert_eq!(seen[0].connection_type.as_deref(), Some("probe"));
    assert_eq!(seen[1].connection_type, None);
}

#[tokio::test(start_paused = true)]
async fn who_asks_too_rarely_is_told_how_many_were_missed() {
    let connections = manager("");
    let (mut slow, mut none) = (connections.subscribe(), connections.subscribe());
    for number in 0..1030_u32 {
        connections.insert("a", number).unwrap();
    }
    let first = slow.try_next().unwrap();
    assert_eq!((first.generation, slow.missed()), (7, 6));
    let rest = std::iter::from_fn(|| slow.try_next()).map(|event| event.generation).collect::<Vec<_>>();
    assert_eq!(rest, (8..=1030).collect::<Vec<_>>());
    drop(connections);
    assert!(slow.next().await.is_none() && slow.try_next().is_none());
    assert_eq!(none.next().await.unwrap().generation, 7, "what happened is told after the end, too");
    while none.next().await.is_some() {}
    assert_eq!(none.missed(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_has_left_costs_nobody_an_event() {
    let connections = manager("");
    drop(connections.subscribe());
    connections.insert("a", 1_u8).unwrap();
    let mut events = connections.subscribe();
    connections.insert("a", 2_u8).unwrap();
    assert_eq!(events.next().await.unwrap().generation, 2);
    assert!(events.try_next().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_cancelled_while_it_waits_loses_no_event() {
    let connections = manager("");
    let mut events = connections.subscribe();
    for number in 1..=3_u64 {
        tokio::select! {
            biased;
            _ = events.next() => panic!("nothing happened yet"),
            () = tokio::task::yield_now() => {}
        }
        connections.insert("a", number).unwrap();
        assert_eq!(events.next().await.unwrap().generation, number);
    }
    assert_eq!(connections.status().get("a").unwrap().state, ConnectionState::Connected);
}
