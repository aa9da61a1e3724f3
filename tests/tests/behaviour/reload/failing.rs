//! A reload of something that is wrong, or does not connect.

use std::{sync::Arc, time::Duration};

use connection_registry::ErrorKind;
use proptest::prelude::*;
use tokio::{sync::Semaphore, time::sleep};

use super::world::{Client, Fixture, Rule};

#[tokio::test(start_paused = true)]
async fn the_old_client_serves_while_the_new_one_cannot_be_made() {
    let fixture = Fixture::new("f-kept", "a = one\nb = two");
    let before = fixture.get("a").await.id;
    fixture.world.set("bad", Rule::Fail);
    fixture.write("a = bad\nb = two");
    let report = fixture.connections.reload().await.unwrap();
    assert!(report.took() <= Duration::from_secs(10), "within its connect_timeout");
    let failure = &report.failed()[0];
    assert_eq!((failure.name(), failure.error().kind()), ("a", ErrorKind::ConnectFailed));
    assert!(failure.error().to_string().contains("the other side said no"), "{}", failure.error());
    assert_eq!(fixture.get("a").await.id, before);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(fixture.get("a").await.id, before);
    fixture.world.heal("bad");
    sleep(Duration::from_secs(40)).await;
    assert_eq!(fixture.value("a").await, "bad", "it was tried again in the background");
    let attempts = fixture.world.attempts();
    sleep(Duration::from_secs(300)).await;
    assert_eq!(fixture.world.attempts(), attempts, "that was the last attempt");
    assert_eq!(fixture.reload_again().await, "unchanged a,b");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_good_is_not_tried_again_before_the_next_reload() {
    let fixture = Fixture::new("f-permanent", "a = one");
    fixture.get("a").await;
    fixture.world.set("bad", Rule::FailForGood);
    assert_eq!(fixture.reload("a = bad").await, "failed a");
    assert_eq!(fixture.world.attempts(), 2);
    sleep(Duration::from_secs(600)).await;
    assert_eq!(fixture.world.attempts(), 2);
    assert_eq!(fixture.reload_again().await, "failed a");
    assert_eq!(fixture.world.attempts(), 3);
    fixture.world.heal("bad");
    assert_eq!(fixture.reload_again().await, "rebuilt a");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn taking_a_bad_change_back_ends_all_attempts() {
    let fixture = Fixture::new("f-back", "a = one");
    let before = fixture.get("a").await.id;
    fixture.world.set("bad", Rule::Fail);
    assert_eq!(fixture.reload("a = bad").await, "failed a");
    assert_eq!(fixture.reload("a = one").await, "unchanged a");
    let attempts = fixture.world.attempts();
    sleep(Duration::from_secs(600)).await;
    assert_eq!((fixture.world.attempts(), fixture.get("a").await.id), (attempts, before));
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_client_must_pass_a_check() {
    let fixture = Fixture::new("f-check", "a = one");
    fixture.get("a").await;
    fixture.world.set("bad", Rule::FailCheck);
    assert_eq!(fixture.reload("a = bad").await, "failed a");
    assert_eq!(fixture.value("a").await, "one");
    sleep(Duration::from_secs(1)).await;
    let made = fixture.world.clients();
    assert!(made[1..].iter().all(|fate| (fate.goodbyes, fate.dropped) == (1, 1)), "what was made is closed");
    assert_eq!(fixture.reload("a = two").await, "rebuilt a");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_update_that_goes_wrong_ends_in_a_rebuild() {
    let fixture = Fixture::new("f-update", "a = one");
    fixture.get("a").await;
    for (value, rule) in [("x", Rule::UpdateFails), ("y", Rule::UpdatePanics), ("z", Rule::UpdateHangs)] {
        fixture.world.set(value, rule);
        assert_eq!(fixture.reload(&format!("a = {value}")).await, "rebuilt a", "{value}");
        assert_eq!(fixture.value("a").await, value);
    }
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_missing_now_costs_no_client() {
    let fixture = Fixture::with_files("f-secret", "a = ${file:value}\nb = two", &[("value", "canary-in-a-file")]);
    let before = fixture.get("a").await.id;
    std::fs::remove_file(fixture.path("value")).unwrap();
    let report = fixture.connections.reload().await.unwrap();
    assert_eq!((report.failed()[0].name(), report.unchanged()), ("a", &["b".to_owned()][..]));
    let error = report.failed()[0].error();
    assert_eq!((error.kind(), error.diagnostics().len()), (ErrorKind::Configuration, 1));
    assert_eq!(fixture.get("a").await.id, before);
    fixture.file("value", "canary-in-a-file");
    assert_eq!(fixture.reload_again().await, "unchanged a,b");
    fixture.file("value", "another-canary");
    fixture.world.set("another-canary", Rule::Fail);
    let report = fixture.connections.reload().await.unwrap();
    assert!(!format!("{report} {report:?}").contains("canary"), "{report:?}");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_change_of_what_failed_forgets_the_failure() {
    let fixture = Fixture::new("f-forget", "a = bad\nlifecycle.connect_timeout = '1s'\nb = worse");
    fixture.world.set("bad", Rule::Fail);
    fixture.world.set("worse", Rule::FailForGood);
    for name in ["a", "b"] {
        assert!(fixture.connections.get::<Client>(name).await.is_err());
    }
    assert_eq!(fixture.reload("a = good\nb = worse").await, "unchanged b; updated a");
    assert_eq!(fixture.value("a").await, "good", "at once");
    fixture.world.heal("worse");
    assert_eq!(fixture.value("b").await, "worse", "what was to stay until a reload is forgotten, too");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_password_that_was_put_right_is_tried_without_a_reload() {
    let fixture = Fixture::with_files("f-rotate", "a = ${file:value}", &[("value", "revoked")]);
    fixture.world.set("revoked", Rule::FailForGood);
    let attempt = || async { fixture.connections.get::<Client>("a").await.map(|client| client.value.clone()) };
    for _ in 0..100 {
        assert!(attempt().await.is_err());
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(fixture.world.attempts(), 1, "what is refused is not tried again");
    fixture.file("value", "fresh");
    assert_eq!(attempt().await.unwrap(), "fresh");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_changes_while_it_is_used_to_connect_is_seen_by_the_next_reload() {
    let fixture = Fixture::with_files("f-race", "a = ${file:value}", &[("value", "one")]);
    let gate = Arc::new(Semaphore::new(0));
    fixture.world.set("one", Rule::Wait(Arc::clone(&gate)));
    let connections = fixture.connections.clone();
    let first = tokio::spawn(async move { connections.get::<Client>("a").await.unwrap().value.clone() });
    sleep(Duration::from_secs(1)).await;
    fixture.file("value", "two");
    gate.add_permits(1);
    assert_eq!(first.await.unwrap(), "one");
    assert_eq!(fixture.reload_again().await, "rebuilt a");
    assert_eq!(fixture.value("a").await, "two");
    fixture.end().await;
}

#[test]
fn whatever_makes_the_file_invalid_changes_nothing() {
    const VALID: &str = "a = one\nlifecycle.connect_timeout = '2s'\nb = two\nneeds = 'a'\nc = three\npassword = 'p'";
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let fixture = runtime.block_on(async { Fixture::new("f-invalid", VALID) });
    let (a, b) = runtime.block_on(async { (fixture.get("a").await.id, fixture.get("b").await.id) });
    let expected = runtime.block_on(fixture.reload_again());
    assert_eq!(expected, "unchanged a,b,c");
    let good = std::fs::read_to_string(fixture.path("connections.toml")).unwrap();
    let attempts = fixture.world.attempts();
    let mutation = (
        0..good.len(),
        prop::sample::select(vec!["", "'", "[", "\n", "=", "x", "\"", "1", "[connections.a]\n"]),
        0..9_usize,
    );
    let mut invalid = 0;
    let mut runner = proptest::test_runner::TestRunner::default();
    runner
        .run(&prop::collection::vec(mutation, 1..4), |mutations| {
            let mut text = good.clone();
            for (at, new, length) in mutations {
                let at = at.min(text.len());
                text.replace_range(at..(at + length).min(text.len()), new);
            }
            fixture.file("connections.toml", &text);
            let is_invalid = {
                let none: [(&str, &str); 0] = [];
                let builder = connection_registry::ConnectionManager::builder().environment(none);
                builder.file(fixture.path("connections.toml")).build().is_err()
            };
            if is_invalid {
                runtime.block_on(async {
                    let error = fixture.connections.reload().await.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Configuration);
                    assert_eq!((fixture.get("a").await.id, fixture.get("b").await.id), (a, b));
                    assert_eq!(fixture.connections.names(), ["a", "b", "c"]);
                    assert!(fixture.connections.try_get::<Client>("c").is_err());
                    assert_eq!(fixture.world.attempts(), attempts);
                });
            }
            Ok(())
        })
        .unwrap();
    fixture.file("connections.toml", "[");
    invalid += usize::from(runtime.block_on(fixture.connections.reload()).is_err());
    fixture.file("connections.toml", &good);
    assert_eq!((invalid, runtime.block_on(fixture.reload_again())), (1, expected));
    runtime.block_on(fixture.end());
}
