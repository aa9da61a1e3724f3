//! Reloads with callers, with other reloads, and of connections that refer to each other.

use std::{sync::Arc, time::Duration};

use connection_registry::ErrorKind;
use tokio::{runtime::Handle, sync::Semaphore, task::yield_now, time::sleep};

use super::world::{Client, Fixture, Rule};

#[tokio::test(start_paused = true)]
async fn callers_of_an_attempt_that_is_outdated_get_the_newer_client() {
    let fixture = Fixture::new("t-outdated", "a = old");
    let gate = Arc::new(Semaphore::new(0));
    fixture.world.set("old", Rule::Wait(Arc::clone(&gate)));
    let callers: Vec<_> = (0..10)
        .map(|_| {
            let connections = fixture.connections.clone();
            tokio::spawn(async move { connections.get::<Client>("a").await.map(|client| client.value.clone()) })
        })
        .collect();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(fixture.reload("a = new").await, "updated a");
    gate.add_permits(1);
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap(), "new");
    }
    assert_eq!(fixture.value("a").await, "new");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_attempt_with_a_secret_that_was_rotated_is_begun_anew() {
    let fixture = Fixture::with_files("t-rotated", "a = ${file:value}", &[("value", "old")]);
    fixture.world.set("old", Rule::Wait(Arc::new(Semaphore::new(0))));
    let connections = fixture.connections.clone();
    let caller = tokio::spawn(async move { connections.get::<Client>("a").await.map(|client| client.value.clone()) });
    sleep(Duration::from_secs(1)).await;
    assert_eq!(fixture.reload_again().await, "unchanged a");
    fixture.file("value", "new");
    assert_eq!(fixture.reload_again().await, "updated a");
    assert_eq!(caller.await.unwrap().unwrap(), "new");
    assert_eq!(fixture.world.attempts(), 2);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn callers_of_a_connection_that_is_taken_out_are_told_so() {
    for (text, kind) in [("", ErrorKind::NotFound), ("a = one\nenabled = false", ErrorKind::Disabled)] {
        let fixture = Fixture::new("t-removed", "a = one");
        fixture.world.set("one", Rule::Wait(Arc::new(Semaphore::new(0))));
        let connections = fixture.connections.clone();
        let caller = tokio::spawn(async move { connections.get::<Client>("a").await.map(drop) });
        sleep(Duration::from_secs(1)).await;
        assert_eq!(fixture.reload(text).await, "removed a");
        assert_eq!(caller.await.unwrap().unwrap_err().kind(), kind);
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_does_not_leave_half_a_reload() {
    let fixture = Fixture::new("t-leaves", "a = one\nb = two");
    for name in ["a", "b"] {
        fixture.get(name).await;
    }
    let gate = Arc::new(Semaphore::new(0));
    fixture.world.set("new", Rule::Wait(Arc::clone(&gate)));
    fixture.write("a = new\nb = new");
    let connections = fixture.connections.clone();
    let caller = tokio::spawn(async move { connections.reload().await.map(drop) });
    sleep(Duration::from_secs(1)).await;
    caller.abort();
    gate.add_permits(2);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(fixture.connections.last_reload().unwrap().report().unwrap().rebuilt(), ["a", "b"]);
    assert_eq!((fixture.value("a").await, fixture.value("b").await), ("new".to_owned(), "new".to_owned()));
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn reloads_run_one_after_the_other() {
    let fixture = Fixture::new("t-turns", "a = one");
    fixture.get("a").await;
    let gate = Arc::new(Semaphore::new(0));
    fixture.world.set("two", Rule::Wait(Arc::clone(&gate)));
    fixture.write("a = two");
    let reload = || {
        let connections = fixture.connections.clone();
        tokio::spawn(async move { connections.reload().await.unwrap() })
    };
    let first = reload();
    sleep(Duration::from_secs(1)).await;
    fixture.write("a = three");
    let second = reload();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(fixture.value("a").await, "one");
    gate.add_permits(1);
    assert_eq!((first.await.unwrap().rebuilt(), second.await.unwrap().rebuilt().len()), (&["a".to_owned()][..], 1));
    assert_eq!(fixture.value("a").await, "three");
    fixture.world.events();
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn those_that_hold_a_rebuilt_client_are_rebuilt_after_it() {
    let text =
        |a: &str| format!("a = {a}\nb = mid\nneeds = 'a'\nc = top\nneeds = 'b'\nd = apart\ne = lazy\nneeds = 'a'");
    let fixture = Fixture::new("t-dependents", &text("one"));
    for name in ["c", "d"] {
        fixture.get(name).await;
    }
    fixture.world.events();
    assert_eq!(fixture.reload(&text("two")).await, "unchanged d,e; rebuilt a,b,c");
    let top = fixture.get("c").await;
    let mid = top.needed.as_ref().unwrap();
    assert_eq!(mid.needed.as_ref().unwrap().value, "two");
    drop(top);
    sleep(Duration::from_secs(60)).await;
    let mut events = fixture.world.events();
    let goodbyes: Vec<_> = events.extract_if(.., |event| event.starts_with("goodbye")).collect();
    assert_eq!(events, ["connected a two", "connected b mid", "connected c top"]);
    assert_eq!(goodbyes, ["goodbye c top", "goodbye b mid", "goodbye a one"]);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn those_that_hold_a_client_which_stays_are_left_alone() {
    let text = |a: &str, password: &str| format!("a = {a}\npassword = '{password}'\nb = mid\nneeds = 'a'");
    let fixture = Fixture::new("t-stays", &text("one", "p"));
    let before = fixture.get("b").await.id;
    assert_eq!(fixture.reload(&text("one", "q")).await, "unchanged b; updated a");
    fixture.world.set("bad", Rule::Fail);
    assert_eq!(fixture.reload(&text("bad", "q")).await, "unchanged b; failed a");
    assert_eq!(fixture.get("b").await.id, before);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_replaced_in_the_background_is_followed_by_those_that_hold_it() {
    let text = |a: &str| format!("a = {a}\nb = mid\nneeds = 'a'\nc = top\nneeds = 'b'\nd = apart");
    let fixture = Fixture::new("t-background", &text("one"));
    for name in ["c", "d"] {
        fixture.get(name).await;
    }
    let apart = fixture.get("d").await.id;
    fixture.world.set("late", Rule::Fail);
    assert_eq!(fixture.reload(&text("late")).await, "unchanged b,c,d; failed a");
    fixture.world.heal("late");
    sleep(Duration::from_secs(60)).await;
    let top = fixture.get("c").await;
    assert_eq!(top.needed.as_ref().unwrap().needed.as_ref().unwrap().value, "late");
    assert_eq!(fixture.get("d").await.id, apart);
    let attempts = fixture.world.attempts();
    drop(top);
    sleep(Duration::from_secs(600)).await;
    assert_eq!(fixture.world.attempts(), attempts, "once");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_holds_a_client_that_follows_late_follows_it() {
    let text = |a: &str| format!("a = {a}\nb = mid\nneeds = 'a'\nc = top\nneeds = 'b'");
    let fixture = Fixture::new("t-late", &text("one"));
    fixture.get("c").await;
    fixture.world.set("mid", Rule::Fail);
    assert_eq!(fixture.reload(&text("two")).await, "unchanged c; rebuilt a; failed b");
    fixture.world.heal("mid");
    sleep(Duration::from_secs(60)).await;
    let top = fixture.get("c").await;
    assert_eq!(top.needed.as_ref().unwrap().needed.as_ref().unwrap().value, "two");
    let attempts = fixture.world.attempts();
    drop(top);
    assert_eq!(fixture.reload_again().await, "unchanged a,b,c");
    sleep(Duration::from_secs(600)).await;
    assert_eq!(fixture.world.attempts(), attempts, "once");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn who_could_not_follow_for_good_is_tried_again_by_the_next_reload() {
    let text = |a: &str| format!("a = {a}\nb = mid\nneeds = 'a'\nc = top\nneeds = 'b'");
    let fixture = Fixture::new("t-late-reload", &text("one"));
    fixture.get("c").await;
    fixture.world.set("mid", Rule::FailForGood);
    assert_eq!(fixture.reload(&text("two")).await, "unchanged c; rebuilt a; failed b");
    assert_eq!(fixture.reload_again().await, "unchanged a,c; failed b");
    fixture.world.heal("mid");
    assert_eq!(fixture.reload_again().await, "unchanged a; rebuilt b,c");
    assert_eq!(fixture.get("c").await.needed.as_ref().unwrap().needed.as_ref().unwrap().value, "two");
    assert_eq!(fixture.reload_again().await, "unchanged a,b,c");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_change_that_fails_leaves_the_order_of_closing_as_it_was() {
    let fixture = Fixture::new("t-order", "a = one\nb = two\nneeds = 'a'");
    fixture.get("b").await;
    fixture.world.set("bad", Rule::FailForGood);
    assert_eq!(fixture.reload("a = one\nb = bad").await, "unchanged a; failed b");
    fixture.world.events();
    fixture.connections.disconnect_all().await.unwrap();
    assert_eq!(fixture.world.events(), ["goodbye b two", "goodbye a one"]);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_reference_is_followed_in_the_right_order() {
    let fixture = Fixture::new("t-new-reference", "a = one\nb = two");
    for name in ["a", "b"] {
        fixture.get(name).await;
    }
    assert_eq!(fixture.reload("a = one\nneeds = 'b'\nb = new").await, "rebuilt a,b");
    assert_eq!(fixture.get("a").await.needed.as_ref().unwrap().value, "new");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn many_are_rebuilt_at_once() {
    let text = |value: &str| {
        "abcdefghijklmnopqrstuvwxyz".chars().fold(String::new(), |text, name| format!("{text}{name} = {value}\n"))
    };
    let fixture = Fixture::new("t-many", &text("one"));
    for name in "abcdefghijklmnopqrstuvwxyz".chars() {
        fixture.get(&name.to_string()).await;
    }
    fixture.world.set("hang", Rule::Wait(Arc::new(Semaphore::new(0))));
    fixture.write(&text("hang"));
    let report = fixture.connections.reload().await.unwrap();
    assert_eq!(report.failed().len(), 26);
    assert!(report.took() < Duration::from_secs(11), "{:?}", report.took());
    fixture.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_get_fails_while_connections_change() {
    let text = |round: usize| format!("a = one\nb = v{round}\nc = w{}", round / 2);
    let fixture = Fixture::new("t-hammer", &text(0));
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let callers: Vec<_> = ["a", "b", "c", "b"]
        .map(|name| {
            let (connections, stop) = (fixture.connections.clone(), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut gets = 0_usize;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let client = connections.get::<Client>(name).await.unwrap();
                    assert!(client.password().is_empty());
                    gets += 1;
                    if gets.is_multiple_of(64) {
                        yield_now().await;
                    }
                }
                gets
            })
        })
        .into();
    let mut first = None;
    for round in 1..50 {
        fixture.reload(&text(round)).await;
        let id = fixture.get("a").await.id;
        assert_eq!(*first.get_or_insert(id), id, "what does not change keeps its client");
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for caller in callers {
        assert!(caller.await.unwrap() > 0);
    }
    assert_eq!(fixture.value("b").await, "v49");
}

#[tokio::test(start_paused = true)]
async fn a_thousand_reloads_leave_nothing_behind() {
    let fixture = Fixture::new("t-flat", "a = v0\nb = two");
    for name in ["a", "b"] {
        fixture.get(name).await;
    }
    let mut tasks = Vec::new();
    for round in 0..1000 {
        fixture.reload(&format!("a = v{}\nb = two\nlifecycle.check_interval = '{}s'", round % 7, 1 + round % 3)).await;
        sleep(Duration::from_secs(1)).await;
        tasks.push(Handle::current().metrics().num_alive_tasks());
    }
    let (early, late) = (tasks[20..500].iter().max(), tasks[500..].iter().max());
    assert!(late <= early, "{early:?} tasks, then {late:?}");
    assert!(*late.unwrap() < 10, "{late:?}");
    let alive = fixture.world.clients().iter().filter(|fate| fate.dropped == 0).count();
    assert_eq!(alive, 2);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_added_and_eager_is_connected_without_a_caller() {
    let fixture = Fixture::new("t-eager", "a = one\nlifecycle.start = 'eager'");
    let (lazy, eager) = ("b = two\n", "b = two\nlifecycle.start = 'eager'\n");
    assert_eq!(fixture.reload(&format!("a = one\nlifecycle.start = 'eager'\n{eager}")).await, "unchanged a; added b");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(fixture.world.attempts(), 0, "nothing was started yet");
    assert_eq!(fixture.reload(lazy).await, "updated b; removed a");
    fixture.connections.start().await.unwrap();
    assert_eq!(fixture.reload(&format!("c = three\nlifecycle.start = 'eager'\n{eager}")).await, "updated b; added c");
    sleep(Duration::from_secs(1)).await;
    let mut events = fixture.world.events();
    events.sort_unstable();
    assert_eq!(events, ["connected b two", "connected c three"]);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn whether_a_connected_one_is_to_be_up_is_what_the_last_reload_says() {
    for (world, before, after) in [("t-start-eager", "lazy", "eager"), ("t-start-lazy", "eager", "lazy")] {
        let text = |start: &str| {
            let checks = "replace = 'break-first', check_interval = '1s', check_fall = 1";
            format!("a = one\nlifecycle = {{ start = '{start}', {checks} }}")
        };
        let fixture = Fixture::new(world, &text(before));
        fixture.connections.start().await.unwrap();
        let guard = fixture.get("a").await;
        assert_eq!(fixture.reload(&text(after)).await, "updated a");
        assert!(fixture.connections.ready());
        // It is closed to be made anew, and waits for the guard.
        fixture.world.set("one", Rule::FailCheck);
        sleep(Duration::from_secs(5)).await;
        assert_eq!(fixture.connections.try_get::<Client>("a").map(drop).unwrap_err().kind(), ErrorKind::NotConnected);
        assert_eq!(fixture.connections.ready(), after == "lazy");
        fixture.world.heal("one");
        drop(guard);
        sleep(Duration::from_secs(5)).await;
        assert!(fixture.connections.ready());
        fixture.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_under_way_holds_no_shutdown_up() {
    let text = |password: &str| format!("a = one\npassword = '{password}'");
    let fixture = Fixture::new("t-update-shutdown", &text("p"));
    fixture.get("a").await;
    fixture.world.set("one", Rule::UpdateHangs);
    fixture.write(&text("q"));
    let connections = fixture.connections.clone();
    let reload = tokio::spawn(async move { connections.reload().await.map(drop) });
    sleep(Duration::from_secs(1)).await;
    assert_eq!(fixture.connections.status().connections[0].guards, 0);
    let report = fixture.connections.shutdown(Duration::from_secs(8)).await;
    assert!(report.is_clean() && report.took() < Duration::from_secs(1), "{report}");
    assert_eq!(reload.await.unwrap().unwrap_err().kind(), ErrorKind::ShutDown);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_to_be_up_and_failed_for_good_is_tried_again_by_a_reload() {
    let text = |value: &str| format!("a = {value}\nlifecycle = {{ start = 'eager', required = false }}");
    let fixture = Fixture::new("t-eager-again", &text("bad"));
    fixture.world.set("bad", Rule::FailForGood);
    drop(fixture.connections.start().await);
    sleep(Duration::from_secs(600)).await;
    assert_eq!(fixture.world.attempts(), 1);
    assert_eq!(fixture.reload_again().await, "unchanged a");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(fixture.world.attempts(), 2);
    assert_eq!(fixture.reload(&text("good")).await, "updated a");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(fixture.connections.try_get::<Client>("a").unwrap().value, "good", "nobody has asked");
    fixture.end().await;
}
