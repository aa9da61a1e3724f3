//! Connecting before the first caller comes, and readiness.

use std::{fmt::Write as _, time::Duration};

use connection_registry::{ConnectionManager, ConnectionState, ErrorKind};
use connection_registry_tests::{ProbeClient, Record, manager};
use tokio::time::{Instant, sleep};

/// A probe called `name` with more settings.
fn probe(name: &str, settings: &str) -> String {
    format!("[connections.'{name}']\ntype = 'probe'\nrecord = 'start {name}'\n{settings}\n")
}

fn attempts(name: &str) -> usize {
    Record::of(&format!("start {name}")).attempts()
}

async fn is_up(connections: &ConnectionManager, name: &str) -> bool {
    connections.try_get::<ProbeClient>(name).is_ok()
}

#[tokio::test(start_paused = true)]
async fn what_is_eager_is_connected_and_what_is_lazy_is_not() {
    let toml = probe("eager", "lifecycle.start = 'eager'")
        + &probe("lazy", "")
        + &probe("off", "enabled = false\nlifecycle.start = 'eager'");
    let connections = manager(&toml);
    assert!(!connections.ready(), "the eager one is not up yet");
    connections.start().await.unwrap();
    assert!(is_up(&connections, "eager").await);
    assert_eq!((attempts("eager"), attempts("lazy"), attempts("off")), (1, 0, 0));
    assert!(connections.ready());
    connections.start().await.unwrap();
    assert_eq!(attempts("eager"), 1, "a second start finds it connected");
}

#[tokio::test(start_paused = true)]
async fn what_a_connection_refers_to_is_connected_before_it() {
    let toml = probe("top", "lifecycle.start = 'eager'\nneeds = 'middle'\ndelay = '1s'")
        + &probe("middle", "needs = 'base'\nlifecycle.start = 'eager'\ndelay = '1s'")
        + &probe("base", "delay = '1s'");
    let connections = manager(&toml);
    let started = Instant::now();
    connections.start().await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(3));
    for name in ["top", "middle", "base"] {
        assert!(is_up(&connections, name).await, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn connections_are_made_together_up_to_the_bound() {
    for (count, bound, expected) in [(60, 64, 1), (130, 64, 3), (5, 1, 5), (1_000, 64, 16)] {
        let toml = (0..count).fold(String::new(), |mut toml, number| {
            let name = format!("of {count} and {bound}: {number}");
            toml += &probe(&name, "lifecycle.start = 'eager'\nlifecycle.connect_timeout = '1100ms'\ndelay = '1s'");
            toml
        });
        let connections = ConnectionManager::builder().toml(toml).max_concurrent_connects(bound).build().unwrap();
        let started = Instant::now();
        connections.start().await.unwrap();
        assert_eq!(started.elapsed().as_secs(), expected, "{count} with {bound} at once");
    }
}

#[tokio::test(start_paused = true)]
async fn a_required_one_that_fails_is_an_error_and_the_others_are_connected() {
    let mut toml = String::new();
    for (name, script) in [("b bad", "'fail-for-good'"), ("a bad", "'never'"), ("good", "'ok'")] {
        toml += &probe(name, &format!("lifecycle.start = 'eager'\nconnect = [{script}]"));
    }
    let connections = manager(&toml);
    let error = connections.start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StartFailed, "{error}");
    assert!(!error.is_retryable(), "one of them is permanent");
    let kinds: Vec<_> = error.errors().iter().map(|error| (error.connection(), error.kind())).collect();
    assert_eq!(kinds, [(Some("a bad"), ErrorKind::ConnectTimeout), (Some("b bad"), ErrorKind::ConnectFailed)]);
    assert!(error.to_string().starts_with("2 of 3 eager connections are not up, and are required"), "{error}");
    assert!(is_up(&connections, "good").await);
    assert!(!connections.ready());
}

#[tokio::test(start_paused = true)]
async fn an_optional_one_that_fails_is_no_error_and_is_tried_again_in_the_background() {
    let fails = vec!["'fail'"; 40].join(", ");
    let settings = format!("lifecycle.start = 'eager'\nlifecycle.required = false\nconnect = [{fails}, 'ok']");
    let connections = manager(&(probe("optional", &settings) + &probe("needed", "lifecycle.start = 'eager'")));
    connections.start().await.unwrap();
    assert!(connections.ready(), "an optional one does not matter");
    assert!(!is_up(&connections, "optional").await);
    let tried = attempts("optional");
    sleep(Duration::from_secs(60)).await;
    let in_a_minute = attempts("optional") - tried;
    assert!((2..=8).contains(&in_a_minute), "{in_a_minute} tries in the first minute");
    sleep(Duration::from_secs(600)).await;
    let in_ten = attempts("optional") - tried - in_a_minute;
    assert!((19..=41).contains(&in_ten) || is_up(&connections, "optional").await, "{in_ten} tries in ten minutes");
    while !is_up(&connections, "optional").await {
        sleep(Duration::from_secs(30)).await;
    }
    assert_eq!(attempts("optional"), 41);
    assert!(connections.ready());
}

#[tokio::test(start_paused = true)]
async fn a_required_one_that_comes_back_makes_the_application_ready_again() {
    let connections = manager(&probe("returns", "lifecycle.start = 'eager'\nconnect = ['panic', 'fail', 'ok']"));
    let mut events = connections.subscribe();
    connections.start().await.unwrap_err();
    assert!(!connections.ready());
    while events.next().await.unwrap().state != ConnectionState::Connected {}
    assert!(connections.ready());
}

#[tokio::test(start_paused = true)]
async fn a_permanent_failure_is_not_tried_again_in_the_background() {
    let connections = manager(&probe("for good", "lifecycle.start = 'eager'\nconnect = ['fail-for-good', 'ok']"));
    connections.start().await.unwrap_err();
    sleep(Duration::from_secs(100_000)).await;
    assert_eq!(attempts("for good"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lazy_required_one_matters_once_somebody_asked_for_it() {
    let connections = manager(&probe("asked", "connect = ['fail-for-good', 'ok']"));
    assert!(connections.ready());
    connections.get::<ProbeClient>("asked").await.unwrap_err();
    assert!(!connections.ready());
    connections.disconnect("asked").await.unwrap();
    connections.get::<ProbeClient>("asked").await.unwrap();
    assert!(connections.ready());
    connections.disconnect("asked").await.unwrap();
    assert!(connections.ready(), "what was closed on purpose does not matter");
}

#[tokio::test(start_paused = true)]
async fn a_start_that_nobody_waits_for_any_more_leaves_its_attempts_to_callers() {
    let connections = manager(&probe("left", "lifecycle.start = 'eager'\ndelay = '1s'"));
    let left = tokio::time::timeout(Duration::from_millis(1), connections.start()).await;
    assert!(left.is_err());
    connections.get::<ProbeClient>("left").await.unwrap();
    assert_eq!(attempts("left"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_start_after_a_shutdown_says_so() {
    let connections = manager(&probe("too late", ""));
    connections.shutdown(Duration::from_secs(1)).await;
    assert_eq!(connections.start().await.unwrap_err().kind(), ErrorKind::ShutDown);
    assert!(!connections.ready());
}

#[test]
fn a_start_without_a_runtime_says_so() {
    let connections = manager(&probe("no runtime", "lifecycle.start = 'eager'"));
    let mut future = std::pin::pin!(connections.start());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Err(error)) = future.as_mut().poll(&mut context) else { panic!("it is told at once") };
    assert_eq!(error.kind(), ErrorKind::NoRuntime, "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_chain_of_references_that_is_longer_than_the_bound_is_connected() {
    let mut toml = probe("link 0", "");
    for number in 1..20 {
        let _ = write!(toml, "{}", probe(&format!("link {number}"), &format!("needs = 'link {}'", number - 1)));
    }
    let builder = ConnectionManager::builder().toml(toml).max_concurrent_connects(2);
    let connections = builder.build().unwrap();
    connections.get::<ProbeClient>("link 19").await.unwrap();
    assert_eq!(attempts("link 0"), 1);
}
