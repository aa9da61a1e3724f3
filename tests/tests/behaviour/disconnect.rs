//! Goodbyes: in order, each within its time, and all of them.

use std::time::Duration;

use connection_registry::ErrorKind;
use connection_registry_tests::{ProbeClient, Record, manager};
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn a_disconnected_client_lives_on_in_its_guards_and_the_next_get_connects_anew() {
    let record = Record::of("goodbye");
    let connections = manager("connections.a = { type = 'probe', record = 'goodbye' }");
    let guard = connections.get::<ProbeClient>("a").await.unwrap();
    connections.disconnect("a").await.unwrap();
    assert_eq!(record.events(), ["connected a", "disconnecting goodbye"]);
    assert!(guard.is_retired());
    assert_eq!((guard.attempt, record.dropped()), (1, 0));
    drop(guard);
    assert_eq!(record.dropped(), 1);
    assert_eq!(connections.try_get::<ProbeClient>("a").unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(connections.get::<ProbeClient>("a").await.unwrap().attempt, 2);
}

#[tokio::test(start_paused = true)]
async fn disconnecting_what_is_not_connected_is_no_error_and_an_unknown_name_is() {
    let connections = manager("connections.a = { type = 'probe', record = 'idle' }");
    connections.disconnect("a").await.unwrap();
    assert_eq!(connections.disconnect("b").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn dependents_close_before_what_they_depend_on() {
    let connections = manager(
        "[connections.base]\ntype = 'probe'\nrecord = 'ordered'\n\
         [connections.middle]\ntype = 'probe'\nrecord = 'ordered'\nneeds = 'base'\n\
         [connections.top]\ntype = 'probe'\nrecord = 'ordered'\nneeds = 'middle'\nalso_needs = 'base'",
    );
    connections.get::<ProbeClient>("top").await.unwrap();
    let record = Record::of("ordered");
    assert_eq!(record.events(), ["connected base", "connected middle", "connected top"]);
    let order = Record::of("ordered");
    connections.disconnect_all().await.unwrap();
    assert_eq!(order.events().len(), 6);
    assert_eq!(record.dropped(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_chain_closes_rank_by_rank_and_a_rank_at_once() {
    let mut toml = String::new();
    for (name, needs) in [("base", ""), ("left", "base"), ("right", "base"), ("top", "left")] {
        let needs = if needs.is_empty() { String::new() } else { format!(", needs = '{needs}'") };
        toml += &format!("connections.{name} = {{ type = 'probe', record = 'rank {name}', delay = '1s'{needs} }}\n");
    }
    let connections = manager(&toml);
    for name in ["top", "right"] {
        connections.get::<ProbeClient>(name).await.unwrap();
    }
    let start = Instant::now();
    let closing = tokio::spawn({
        let connections = connections.clone();
        async move { connections.disconnect_all().await }
    });
    let closed = |name: &str| Record::of(&format!("rank {name}")).events().len() == 2;
    for expected in [[false; 4], [true, false, true, false], [true, true, true, false]] {
        assert_eq!(["top", "left", "right", "base"].map(closed), expected);
        sleep(Duration::from_millis(1001)).await;
    }
    closing.await.unwrap().unwrap();
    assert!(closed("base"));
    assert_eq!(start.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_that_fails_hangs_or_panics_does_not_stop_the_others_and_all_are_reported() {
    let connections = manager(
        "[connections.fails]\ntype = 'probe'\nrecord = 'bad goodbye 1'\ndisconnect = 'fail'\n\
         [connections.hangs]\ntype = 'probe'\nrecord = 'bad goodbye 2'\ndisconnect = 'never'\n\
         lifecycle.disconnect_timeout = '3s'\n\
         [connections.panics]\ntype = 'probe'\nrecord = 'bad goodbye 3'\ndisconnect = 'panic'\n\
         [connections.well]\ntype = 'probe'\nrecord = 'good goodbye'",
    );
    for name in connections.names() {
        connections.get::<ProbeClient>(&name).await.unwrap();
    }
    let start = Instant::now();
    let error = connections.disconnect_all().await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 3);
    assert_eq!(error.kind(), ErrorKind::DisconnectFailed);
    let names: Vec<_> = error.errors().iter().map(|error| error.connection().unwrap()).collect();
    assert_eq!(names, ["fails", "hangs", "panics"]);
    let text = error.to_string();
    for part in ["the other side said no", "within its disconnect_timeout of 3s", "panicked"] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    for number in 1..=3 {
        assert_eq!(Record::of(&format!("bad goodbye {number}")).dropped(), 1);
    }
    assert_eq!(Record::of("good goodbye").events().len(), 2);
    connections.disconnect_all().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn disconnecting_during_an_attempt_ends_it_and_tells_the_callers() {
    let record = Record::of("interrupted");
    let connections = manager("connections.a = { type = 'probe', record = 'interrupted', delay = '5s' }");
    let waiting = tokio::spawn({
        let connections = connections.clone();
        async move { connections.get::<ProbeClient>("a").await.map(drop) }
    });
    sleep(Duration::from_secs(1)).await;
    connections.disconnect_all().await.unwrap();
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Disconnected, "{error}");
    sleep(Duration::from_secs(10)).await;
    assert!(record.events().is_empty());
    assert_eq!(connections.get::<ProbeClient>("a").await.unwrap().attempt, 2);
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_is_said_once_and_goes_on_when_its_caller_leaves() {
    let record = Record::of("said once");
    let connections = manager("connections.a = { type = 'probe', record = 'said once', delay = '1s' }");
    connections.get::<ProbeClient>("a").await.unwrap();
    let impatient = tokio::time::timeout(Duration::from_millis(10), connections.disconnect("a"));
    assert!(impatient.await.is_err());
    let (one, two) = tokio::join!(connections.disconnect("a"), connections.disconnect_all());
    assert!(one.is_ok() && two.is_ok());
    assert_eq!(record.events(), ["connected a", "disconnecting said once"]);
}

#[tokio::test(start_paused = true)]
async fn a_get_during_a_goodbye_waits_for_it_and_connects_anew() {
    let record = Record::of("after the goodbye");
    let connections = manager("connections.a = { type = 'probe', record = 'after the goodbye', delay = '1s' }");
    connections.get::<ProbeClient>("a").await.unwrap();
    let (closed, client) = tokio::join!(connections.disconnect("a"), async {
        sleep(Duration::from_millis(500)).await;
        connections.get::<ProbeClient>("a").await
    });
    closed.unwrap();
    assert_eq!(client.unwrap().attempt, 2);
    assert_eq!(record.events(), ["connected a", "disconnecting after the goodbye", "connected a"]);
}
