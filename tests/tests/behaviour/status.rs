//! The status: every state, with its times, as data, as JSON and as a table.

use std::time::Duration;

use connection_registry::{ConnectionManager, ConnectionState, ConnectionStatus};
use connection_registry_tests::{ProbeClient, manager};
use tokio::time::{advance, sleep};

const SECOND: Duration = Duration::from_secs(1);

#[track_caller]
fn of(connections: &ConnectionManager, name: &str) -> ConnectionStatus {
    connections.status().get(name).unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn every_state_is_told_with_its_time() {
    let connections = manager(
        "[connections.a]\ntype = 'probe'\nrecord = 'status of a life'\ndelay = '4s'\n\
         connect = ['ok', 'fail-for-good']\nlifecycle.start = 'eager'\nlifecycle.required = false",
    );
    advance(SECOND * 2).await;
    let declared = of(&connections, "a");
    assert_eq!((declared.state, declared.since), (ConnectionState::Declared, SECOND * 2));
    assert_eq!((declared.generation, declared.age, declared.guards), (0, None, 0));
    assert_eq!(declared.declared_at.as_deref(), Some("<text>:1:14"));
    assert_eq!((declared.start, declared.required, declared.enabled), (Some("eager"), false, true));
    assert_eq!(declared.client_type, Some(std::any::type_name::<ProbeClient>()));

    let get = tokio::spawn({
        let connections = connections.clone();
        async move { connections.get::<ProbeClient>("a").await }
    });
    sleep(SECOND * 3).await;
    let connecting = of(&connections, "a");
    assert_eq!((connecting.state, connecting.since), (ConnectionState::Connecting, SECOND * 3));
    let guard = get.await.unwrap().unwrap();
    let second = guard.clone();
    advance(SECOND * 7).await;
    let connected = of(&connections, "a");
    assert_eq!((connected.state, connected.since), (ConnectionState::Connected, SECOND * 7));
    assert_eq!((connected.generation, connected.age, connected.guards), (1, Some(SECOND * 7), 2));
    drop(second);
    assert_eq!(of(&connections, "a").guards, 1);

    let goodbye = tokio::spawn({
        let connections = connections.clone();
        async move { connections.disconnect("a").await }
    });
    sleep(SECOND).await;
    let draining = of(&connections, "a");
    assert_eq!((draining.state, draining.since), (ConnectionState::Draining, SECOND));
    assert_eq!((draining.age, draining.generation), (None, 1));
    goodbye.await.unwrap().unwrap();
    advance(SECOND * 5).await;
    let closed = of(&connections, "a");
    assert_eq!((closed.state, closed.since, closed.cause), (ConnectionState::Closed, SECOND * 5, None));

    let error = connections.get::<ProbeClient>("a").await.unwrap_err();
    advance(SECOND * 6).await;
    let failed = of(&connections, "a");
    assert_eq!((failed.state, failed.since, failed.failures), (ConnectionState::Failed, SECOND * 6, 1));
    assert_eq!(failed.cause, Some(error.to_string()));
    assert_eq!((failed.permanent, failed.next_retry), (true, None));
}

#[tokio::test(start_paused = true)]
async fn a_failure_tells_when_the_next_attempt_may_be_made() {
    let connections = manager(
        "[connections.a]\ntype = 'probe'\nrecord = 'status of a failure'\nconnect = ['fail']\n\
         lifecycle.connect_timeout = '50ms'\nlifecycle.retry = { base = '1s', max = '1s' }",
    );
    connections.get::<ProbeClient>("a").await.unwrap_err();
    let failed = of(&connections, "a");
    let pause = failed.next_retry.unwrap();
    assert!(pause > Duration::ZERO && pause <= SECOND, "{pause:?}");
    assert!(!failed.permanent && failed.cause.unwrap().contains("the other side said no"));
    advance(pause / 2).await;
    assert!(of(&connections, "a").next_retry.unwrap() < pause);
    advance(SECOND).await;
    assert_eq!(of(&connections, "a").next_retry, Some(Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn all_are_listed_by_name_with_what_they_depend_on() {
    let connections = manager(
        "connections.c = { type = 'probe', record = 'x', needs = 'a', also_needs = 'd' }\n\
         connections.d = { type = 'probe', record = 'x' }\n\
         connections.b = { type = 'probe', record = 'x', enabled = false, needs = 'a' }\n\
         connections.a = { type = 'probe', record = 'x' }",
    );
    advance(SECOND * 2).await;
    connections.insert("bare", 5_u8).unwrap();
    advance(SECOND).await;
    let status = connections.status();
    let names: Vec<_> = status.connections.iter().map(|connection| connection.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "bare", "c", "d"]);
    assert_eq!(status.uptime, SECOND * 3);
    assert!(status.get("e").is_none());
    assert_eq!(status.get("c").unwrap().depends_on, ["a", "d"]);
    let disabled = status.get("b").unwrap();
    assert_eq!((disabled.enabled, disabled.state, disabled.since), (false, ConnectionState::Declared, SECOND * 3));
    assert_eq!(
        (disabled.declared_at.as_deref(), disabled.depends_on.as_slice()),
        (Some("<text>:3:13"), &["a".to_owned()][..])
    );
    let bare = status.get("bare").unwrap();
    assert_eq!((bare.inserted, bare.state, bare.client_type), (true, ConnectionState::Connected, Some("u8")));
    assert_eq!((bare.since, bare.age, bare.generation), (SECOND, Some(SECOND), 1));
    assert_eq!((bare.connection_type.as_deref(), bare.declared_at.as_deref(), bare.start), (None, None, None));
}

#[tokio::test(start_paused = true)]
async fn the_json_has_this_shape_and_no_value_of_the_configuration() {
    let connections = manager(
        "[connections.bad]\ntype = 'probe'\nrecord = 'status json'\npassword = 'c4nary'\nurl = 'c4nary'\n\
         connect = ['leak']\nlifecycle.connect_timeout = '50ms'\nlifecycle.retry = { base = '1s', max = '1s' }",
    );
    let error = connections.get::<ProbeClient>("bad").await.unwrap_err().to_string();
    advance(SECOND * 3 / 2).await;
    connections.insert("fake", 5_u8).unwrap();
    let _guard = connections.get::<u8>("fake").await.unwrap();
    let json = serde_json::to_value(connections.status()).unwrap();
    let expected = serde_json::json!({
        "uptime_secs": 1.5,
        "ready": false,
        "closing": false,
        "connections": [
            {
                "name": "bad", "connection_type": "probe", "template": null,
                "client_type": std::any::type_name::<ProbeClient>(), "declared_at": "<text>:1:14",
                "enabled": true, "inserted": false, "state": "failed", "since_secs": 1.5, "generation": 0,
                "age_secs": null, "guards": 0, "failures": 1, "cause": error, "next_retry_secs": 0.0,
                "permanent": false, "last_check": null, "start": "lazy", "required": true, "blocks_readiness": true,
                "depends_on": [],
                "replacing": false, "draining": 0,
            },
            {
                "name": "fake", "connection_type": null, "template": null, "client_type": "u8", "declared_at": null,
                "enabled": true, "inserted": true, "state": "connected", "since_secs": 0.0, "generation": 1,
                "age_secs": 0.0, "guards": 1, "failures": 0, "cause": null, "next_retry_secs": null,
                "permanent": false, "last_check": null, "start": null, "required": false, "blocks_readiness": false,
                "depends_on": [],
                "replacing": false, "draining": 0,
            },
        ],
    });
    assert_eq!(json, expected);
    assert!(!json.to_string().contains("c4nary"), "{json}");
}

#[tokio::test(start_paused = true)]
async fn it_names_what_keeps_the_application_from_being_ready() {
    let connections = manager(
        "[connections.eager]\ntype = 'probe'\nrecord = 'status eager'\nlifecycle.start = 'eager'\n\
         [connections.lazy]\ntype = 'probe'\nrecord = 'status lazy'\nconnect = ['fail-for-good']\n\
         [connections.optional]\ntype = 'probe'\nrecord = 'status optional'\nconnect = ['fail-for-good']\n\
         lifecycle = { start = 'eager', required = false }\n\
         [connections.off]\ntype = 'probe'\nrecord = 'x'\nenabled = false\nlifecycle.start = 'eager'\n\
         [connections.'tenant/{id}']\ntype = 'probe'\nrecord = 'status tenant'\nconnect = ['fail-for-good']",
    );
    let check = |blocking: &[&str], closing: bool| {
        let status = connections.status();
        let found: Vec<_> = status.connections.iter().filter(|connection| connection.blocks_readiness).collect();
        assert_eq!(found.iter().map(|connection| &*connection.name).collect::<Vec<_>>(), blocking);
        assert_eq!((status.ready, status.closing), (blocking.is_empty() && !closing, closing));
        assert_eq!(connections.ready(), status.ready);
    };
    check(&["eager"], false);
    connections.start().await.unwrap();
    check(&[], false);
    connections.get::<ProbeClient>("tenant/42").await.unwrap_err();
    assert_eq!(of(&connections, "tenant/42").template.as_deref(), Some("tenant/{id}"));
    check(&[], false);
    connections.get::<ProbeClient>("lazy").await.unwrap_err();
    check(&["lazy"], false);
    connections.disconnect("lazy").await.unwrap();
    check(&[], false);
    connections.shutdown(SECOND).await;
    check(&[], true);
}

#[tokio::test(start_paused = true)]
async fn for_people_it_is_a_table() {
    let connections = manager(
        "connections.primary = { type = 'probe', record = 'status table' }\n\
         connections.off = { type = 'probe', record = 'x', enabled = false }\n\
         [connections.bad]\ntype = 'probe'\nrecord = 'status table bad'\nconnect = ['fail-for-good']",
    );
    let _guard = connections.get::<ProbeClient>("primary").await.unwrap();
    connections.get::<ProbeClient>("bad").await.unwrap_err();
    advance(SECOND * 90).await;
    let table = connections.status().to_string();
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert_eq!(lines[0], "CONNECTION  TYPE   STATE      FOR     CLIENTS  GUARDS  CAUSE");
    let cause = "(not tried again) connection `bad` (type `probe`, <text>:3:14) failed to connect (attempt 1, after 0s): \
                 the password is wrong";
    assert_eq!(lines[1], format!("bad         probe  failed     1m 30s  0        0       {cause}"));
    assert_eq!(lines[2], "off         probe  disabled   1m 30s  0        0");
    assert_eq!(lines[3], "primary     probe  connected  1m 30s  1        1");
}

#[tokio::test]
async fn ten_thousand_names_are_looked_at_in_no_time() {
    let toml: String =
        (0..10_000).map(|at| format!("connections.c{at} = {{ type = 'probe', record = 'x' }}\n")).collect();
    let connections = manager(&toml);
    let start = std::time::Instant::now();
    let status = connections.status();
    let took = start.elapsed();
    assert_eq!(status.connections.len(), 10_000);
    assert_eq!(status.get("c9999").unwrap().declared_at.as_deref(), Some("<text>:10000:13"));
    // Some 20 ms without optimization; reading the text for each name would take a minute.
    assert!(took < SECOND * 2, "{took:?}");
}
