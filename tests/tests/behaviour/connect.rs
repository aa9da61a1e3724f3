//! Lazy, once, within its time, and on its own.

use std::time::Duration;

use connection_registry::{Error, ErrorKind};
use connection_registry_tests::{ProbeClient, Record, manager};
use tokio::time::{Instant, sleep};

#[track_caller]
fn check(error: &Error, kind: ErrorKind, parts: &[&str]) {
    assert_eq!(error.kind(), kind, "{error}");
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn loading_connects_nothing_and_the_first_get_connects_once() {
    let record = Record::of("lazy");
    let connections = manager("connections.a = { type = 'probe', record = 'lazy' }");
    assert_eq!(record.attempts(), 0);
    for _ in 0..3 {
        assert_eq!(connections.get::<ProbeClient>("a").await.unwrap().attempt, 1);
    }
    assert_eq!(record.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_first_gets_make_one_attempt_also_when_the_first_caller_leaves() {
    let record = Record::of("single flight");
    let connections = manager("connections.a = { type = 'probe', record = 'single flight', delay = '1s' }");
    let first = tokio::spawn({
        let connections = connections.clone();
        async move { connections.get::<ProbeClient>("a").await.map(drop) }
    });
    sleep(Duration::from_millis(100)).await;
    let others: Vec<_> = (1..10_000)
        .map(|_| {
            let connections = connections.clone();
            tokio::spawn(async move { connections.get::<ProbeClient>("a").await.map(|client| client.attempt) })
        })
        .collect();
    sleep(Duration::from_millis(100)).await;
    first.abort();
    for other in others {
        assert_eq!(other.await.unwrap().unwrap(), 1);
    }
    assert_eq!(record.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_goes_on_when_every_caller_has_left() {
    let record = Record::of("nobody waits");
    let connections = manager("connections.a = { type = 'probe', record = 'nobody waits', delay = '1s' }");
    let impatient = tokio::time::timeout(Duration::from_millis(10), connections.get::<ProbeClient>("a"));
    assert!(impatient.await.is_err());
    sleep(Duration::from_secs(2)).await;
    assert_eq!(connections.try_get::<ProbeClient>("a").unwrap().attempt, 1);
    assert_eq!(record.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_failure_is_shared_by_all_who_waited_and_remembered_for_a_short_while() {
    let record = Record::of("shared failure");
    let connections = manager(
        "[connections.a]\ntype = 'probe'\nrecord = 'shared failure'\nconnect = ['fail', 'ok']\ndelay = '1s'\n\
         lifecycle.connect_timeout = '1010ms'",
    );
    let waiting: Vec<_> = (0..100)
        .map(|_| {
            let connections = connections.clone();
            tokio::spawn(async move { connections.get::<ProbeClient>("a").await.unwrap_err() })
        })
        .collect();
    for error in waiting {
        check(&error.await.unwrap(), ErrorKind::ConnectFailed, &["`a`", "`probe`", "the other side said no"]);
    }
    let error = connections.get::<ProbeClient>("a").await.unwrap_err();
    check(
        &error,
        ErrorKind::ConnectFailed,
        &["the other side said no", "(attempt 1, after 1s)", "not tried again for"],
    );
    assert!(error.is_retryable());
    assert_eq!(record.attempts(), 1);
    sleep(Duration::from_millis(100)).await;
    assert_eq!(connections.get::<ProbeClient>("a").await.unwrap().attempt, 2);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_tried_again_within_the_timeout_with_growing_pauses() {
    let record = Record::of("tried again");
    let connections =
        manager("connections.a = { type = 'probe', record = 'tried again', connect = ['fail', 'fail', 'fail', 'ok'] }");
    let started = Instant::now();
    assert_eq!(connections.get::<ProbeClient>("a").await.unwrap().attempt, 4);
    // Pauses of 100, 200 and 400 ms, of which half is random.
    let took = started.elapsed();
    assert!(took >= Duration::from_millis(350) && took <= Duration::from_millis(705), "{took:?}");
    assert_eq!(record.attempts(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_costs_the_first_caller_the_timeout_and_the_next_ones_no_wait() {
    let record = Record::of("down");
    let connections = manager("connections.a = { type = 'probe', record = 'down', connect = ['fail'] }");
    let started = Instant::now();
    let error = connections.get::<ProbeClient>("a").await.unwrap_err();
    check(&error, ErrorKind::ConnectFailed, &["the other side said no", "(attempt "]);
    assert!(started.elapsed() <= Duration::from_secs(10), "{:?}", started.elapsed());
    assert!((7..=12).contains(&record.attempts()), "{} attempts", record.attempts());
    assert_eq!(error.attempts() as usize, record.attempts());
    assert!(error.retry_after().unwrap() <= Duration::from_secs(2), "{:?}", error.retry_after());
    let before = record.attempts();
    let started = Instant::now();
    for _ in 0..100 {
        connections.get::<ProbeClient>("a").await.unwrap_err();
    }
    assert_eq!((record.attempts(), started.elapsed()), (before, Duration::ZERO));
    let remembered = connections.get::<ProbeClient>("a").await.unwrap_err();
    assert_eq!((remembered.attempts(), remembered.retry_after()), (error.attempts(), error.retry_after()));
    sleep(Duration::from_secs(2)).await;
    let started = Instant::now();
    connections.get::<ProbeClient>("a").await.unwrap_err();
    assert_eq!(record.attempts(), before + 1, "one try, and no more, once it is known to be down");
    assert!(started.elapsed() < Duration::from_millis(10), "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_timeout_says_how_many_attempts_there_were_and_why_the_last_one_before_it_failed() {
    let connections =
        manager("connections.a = { type = 'probe', record = 'then never', connect = ['fail', 'fail', 'never'] }");
    let error = connections.get::<ProbeClient>("a").await.unwrap_err();
    check(&error, ErrorKind::ConnectTimeout, &["`a`", "10s", "(attempt 3)", "the other side said no"]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_the_type_calls_permanent_is_not_tried_again_soon() {
    let record = Record::of("permanent");
    let connections = manager("connections.a = { type = 'probe', record = 'permanent', connect = ['fail-for-good'] }");
    let error = connections.get::<ProbeClient>("a").await.unwrap_err();
    check(&error, ErrorKind::ConnectFailed, &["the password is wrong"]);
    assert!(!error.is_retryable());
    sleep(Duration::from_secs(1_000_000)).await;
    let error = connections.get::<ProbeClient>("a").await.unwrap_err();
    check(&error, ErrorKind::ConnectFailed, &["the password is wrong", "trying again cannot help"]);
    assert_eq!((record.attempts(), error.attempts(), error.retry_after()), (1, 1, None));
    connections.disconnect("a").await.unwrap();
    connections.get::<ProbeClient>("a").await.unwrap_err();
    assert_eq!(record.attempts(), 2, "a disconnect forgets the failure");
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_never_returns_ends_at_its_timeout_and_the_next_get_starts_anew() {
    let record = Record::of("never");
    let connections = manager(
        "[connections.a]\ntype = 'probe'\nrecord = 'never'\nconnect = ['never', 'ok']\nlifecycle.connect_timeout = '2s'",
    );
    let start = Instant::now();
    let error = connections.get::<ProbeClient>("a").await.unwrap_err();
    check(&error, ErrorKind::ConnectTimeout, &["`a`", "`probe`", "2s"]);
    assert_eq!(start.elapsed().as_secs(), 2);
    sleep(Duration::from_millis(100)).await;
    assert_eq!(connections.get::<ProbeClient>("a").await.unwrap().attempt, 2);
    assert_eq!(record.attempts(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_default_timeout_is_ten_seconds() {
    let connections = manager("connections.a = { type = 'probe', record = 'default', connect = ['never'] }");
    let start = Instant::now();
    connections.get::<ProbeClient>("a").await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_connect_is_an_error_of_that_name_and_its_text_is_not_repeated() {
    let record = Record::of("panics");
    let connections = manager(
        "connections.a = { type = 'probe', record = 'panics', connect = ['panic', 'ok'] }\n\
         connections.b = { type = 'probe', record = 'does not panic' }",
    );
    let error = connections.get::<ProbeClient>("a").await.unwrap_err();
    check(&error, ErrorKind::ConnectPanicked, &["`a`", "panicked"]);
    assert!(!format!("{error} {error:?}").contains("a panic of the probe"));
    connections.get::<ProbeClient>("b").await.unwrap();
    sleep(Duration::from_millis(100)).await;
    connections.get::<ProbeClient>("a").await.unwrap();
    assert_eq!(record.attempts(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connect_that_blocks_its_thread_ends_at_its_timeout_and_others_go_on() {
    check_blocked("0s").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_timeout_holds_also_when_the_worker_that_watches_the_timers_is_blocked() {
    check_blocked("20ms").await;
}

// In real time: a blocked thread does not see a paused clock. The bounds are far from what is expected.
async fn check_blocked(delay: &str) {
    let connections = manager(&format!(
        "[connections.a]\ntype = 'probe'\nrecord = 'blocks after {delay}'\nconnect = ['block']\ndelay = '{delay}'\n\
         lifecycle.connect_timeout = '200ms'\n\
         [connections.b]\ntype = 'probe'\nrecord = 'does not block'\ndelay = '50ms'"
    ));
    let start = Instant::now();
    let blocked = tokio::spawn({
        let connections = connections.clone();
        async move { connections.get::<ProbeClient>("a").await.map(drop) }
    });
    connections.get::<ProbeClient>("b").await.unwrap();
    check(&blocked.await.unwrap().unwrap_err(), ErrorKind::ConnectTimeout, &["`a`", "200ms"]);
    assert!(start.elapsed() < Duration::from_secs(2), "it took {:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn absent_disabled_and_wrongly_typed_connections_are_told_apart_without_connecting() {
    let record = Record::of("told apart");
    let connections = manager(
        "[connections.primary_db]\ntype = 'probe'\nrecord = 'told apart'\n\
         [connections.reports]\nextends = 'primary_db'\nenabled = false",
    );
    let error = connections.get::<ProbeClient>("primary_dv").await.unwrap_err();
    check(&error, ErrorKind::NotFound, &["`primary_dv`", "did you mean `primary_db`?"]);
    let error = connections.get::<ProbeClient>("reports").await.unwrap_err();
    check(&error, ErrorKind::Disabled, &["`reports`", "enabled = false", ":6:11"]);
    let error = connections.get::<String>("primary_db").await.unwrap_err();
    check(&error, ErrorKind::WrongType, &["`primary_db`", "`probe`", "ProbeClient", "String"]);
    let error = connections.try_get::<ProbeClient>("primary_db").unwrap_err();
    check(&error, ErrorKind::NotConnected, &["`primary_db`"]);
    assert_eq!(connections.handle::<String>("primary_db").unwrap_err().kind(), ErrorKind::WrongType);
    assert_eq!(connections.handle::<String>("other").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(record.attempts(), 0);
}

#[tokio::test(start_paused = true)]
async fn names_lists_all_and_has_only_what_can_be_asked_for() {
    let connections = manager(
        "connections.b = { type = 'probe', record = 'b' }\n\
         connections.a = { type = 'probe', record = 'a', enabled = false }",
    );
    connections.insert("c", 1_u8).unwrap();
    assert_eq!(connections.names(), ["a", "b", "c"]);
    assert_eq!(["a", "b", "c", "d"].map(|name| connections.has(name)), [false, true, true, false]);
}

#[tokio::test(start_paused = true)]
async fn two_managers_in_one_program_are_independent() {
    let toml = "connections.a = { type = 'probe', record = 'two managers' }";
    let (one, two) = (manager(toml), manager(toml));
    assert_eq!(one.get::<ProbeClient>("a").await.unwrap().attempt, 1);
    assert_eq!(two.get::<ProbeClient>("a").await.unwrap().attempt, 2);
    one.disconnect_all().await.unwrap();
    assert_eq!(two.try_get::<ProbeClient>("a").unwrap().attempt, 2);
}

#[tokio::test(start_paused = true)]
async fn an_unset_variable_of_an_unused_connection_harms_nobody_and_a_get_names_it() {
    let connections = manager(
        "connections.used = { type = 'probe', record = 'used' }\n\
         [connections.unused]\ntype = 'probe'\nrecord = '${env:NOT_SET_ANYWHERE}'",
    );
    connections.get::<ProbeClient>("used").await.unwrap();
    let error = connections.get::<ProbeClient>("unused").await.unwrap_err();
    check(&error, ErrorKind::Configuration, &["`unused`", "NOT_SET_ANYWHERE", ":4:11"]);
    assert_eq!(error.connection(), Some("unused"));
    let diagnostic = &error.diagnostics()[0];
    assert_eq!((diagnostic.line(), diagnostic.column()), (4, 11));
    assert_eq!(diagnostic.key_path(), Some("connections.unused.record"));
}
