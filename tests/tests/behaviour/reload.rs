//! A reload changes what has changed, and nothing else.

mod failing;
mod storm;
mod together;
mod world;

use std::time::Duration;

use connection_registry::{ConnectionManager, ErrorKind};
use tokio::time::sleep;
use world::{Client, Fixture};

#[tokio::test(start_paused = true)]
async fn what_says_the_same_keeps_its_client() {
    let fixture = Fixture::new("r-same", "a = one\nlifecycle = { connect_timeout = '5s' }\nb = two");
    let before = fixture.get("a").await;
    let text = "# a comment\nb = two\n\n[connections.a]\nvalue = \"\\u006fne\"\ntype = 'reloaded'\nworld = 'r-same'\n\
                lifecycle.connect_timeout = '5s'";
    assert_eq!(fixture.reload(text).await, "unchanged a,b");
    assert_eq!(fixture.get("a").await.id, before.id);
    assert_eq!(fixture.world.events(), ["connected a one"]);
    drop(before);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_changed_connection_is_rebuilt_beside_the_old_client_which_drains() {
    let fixture = Fixture::new("r-rebuilt", "a = one\nb = two");
    let before = fixture.get("a").await;
    fixture.get("b").await;
    assert_eq!(fixture.reload("a = other\nb = two").await, "unchanged b; rebuilt a");
    assert_eq!(fixture.value("a").await, "other");
    assert_eq!(before.value, "one", "a guard keeps its client");
    sleep(Duration::from_secs(10)).await;
    assert_eq!(fixture.world.events(), ["connected a one", "connected b two", "connected a other"]);
    drop(before);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(fixture.world.events(), ["goodbye a one"]);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_held_for_ever_is_told_goodbye_after_its_drain_timeout() {
    let fixture = Fixture::new("r-drain", "a = one\nlifecycle.drain_timeout = '3s'");
    let held = fixture.get("a").await;
    assert_eq!(fixture.reload("a = two\nlifecycle.drain_timeout = '3s'").await, "rebuilt a");
    fixture.world.events();
    sleep(Duration::from_millis(2900)).await;
    assert_eq!(fixture.world.events(), [""; 0]);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(fixture.world.events(), ["goodbye a one"]);
    drop(held);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_change_of_lifecycle_alone_keeps_the_client() {
    let fixture = Fixture::new("r-lifecycle", "a = one\nb = two");
    let before = fixture.get("a").await.id;
    let settings = "lifecycle = { idle_timeout = '1h', check_interval = '1s' }";
    assert_eq!(fixture.reload(&format!("a = one\n{settings}\nb = two\n{settings}")).await, "updated a,b");
    assert_eq!(fixture.get("a").await.id, before);
    assert_eq!(fixture.reload(&format!("a = one\n{settings}\nb = two\n{settings}")).await, "unchanged a,b");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_disconnect_setting_holds_for_the_client_that_is_there() {
    let fixture = Fixture::new("r-lifecycle-live", "a = one");
    let held = fixture.get("a").await;
    assert_eq!(fixture.reload("a = one\nlifecycle.drain_timeout = '1s'").await, "updated a");
    assert_eq!(fixture.reload("").await, "removed a");
    sleep(Duration::from_millis(1100)).await;
    assert_eq!(fixture.world.events(), ["connected a one", "goodbye a one"]);
    drop(held);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_password_is_changed_in_place() {
    let fixture = Fixture::new("r-in-place", "a = one\npassword = 'first'");
    let client = fixture.get("a").await;
    assert_eq!(fixture.reload("a = one\npassword = 'second'").await, "updated a");
    assert_eq!((fixture.get("a").await.id, client.password().as_str()), (client.id, "second"));
    assert_eq!(fixture.reload("a = one\npassword = 'second'").await, "unchanged a");
    assert_eq!(fixture.reload("a = one\npassword = 'third'").await, "updated a");
    assert_eq!(client.password(), "third");
    assert_eq!(fixture.reload("a = two\npassword = 'third'").await, "rebuilt a");
    assert_eq!(fixture.value("a").await, "two");
    drop(client);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn the_old_client_is_gone_before_the_next_where_only_one_can_be() {
    let text = |value: &str| format!("a = {value}\nlifecycle = {{ replace = 'break-first', drain_timeout = '2s' }}");
    let fixture = Fixture::new("r-break-first", &text("one"));
    let held = fixture.get("a").await;
    assert_eq!(fixture.reload(&text("two")).await, "rebuilt a");
    assert_eq!(fixture.world.events(), ["connected a one", "goodbye a one", "connected a two"]);
    assert_eq!(fixture.value("a").await, "two");
    drop(held);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_may_get_another_type() {
    let fixture = Fixture::new("r-type", "a = one\nb = two");
    fixture.get("a").await;
    let twin = |name: &str| format!("[connections.{name}]\ntype = 'reloaded-twin'\nworld = 'r-type'\nvalue = 'twin'");
    assert_eq!(fixture.reload(&format!("{}\n{}", twin("a"), twin("b"))).await, "rebuilt a; updated b");
    assert_eq!(fixture.value("a").await, "twin");
    let other = |name: &str| format!("[connections.{name}]\ntype = 'reloaded-other'\nvalue = 'text'");
    let handle = fixture.connections.handle::<Client>("a").unwrap();
    handle.get().await.unwrap();
    assert_eq!(fixture.reload(&format!("{}\n{}", other("a"), other("b"))).await, "rebuilt a; updated b");
    for name in ["a", "b"] {
        assert_eq!(*fixture.connections.get::<String>(name).await.unwrap(), "text");
        assert_eq!(fixture.connections.get::<Client>(name).await.err().unwrap().kind(), ErrorKind::WrongType);
    }
    assert_eq!(handle.get().await.err().unwrap().kind(), ErrorKind::WrongType);
    drop(handle);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn what_has_no_client_is_made_by_the_new_declaration() {
    let fixture = Fixture::new("r-lazy", "a = one");
    assert_eq!(fixture.reload("a = two").await, "updated a");
    assert_eq!(fixture.world.attempts(), 0, "nobody has asked");
    assert_eq!(fixture.value("a").await, "two");
    fixture.connections.disconnect("a").await.unwrap();
    assert_eq!(fixture.reload("a = three").await, "updated a");
    assert_eq!(fixture.value("a").await, "three");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn connections_come_and_go() {
    let fixture = Fixture::new("r-come-and-go", "a = one");
    let (get, has) = (|name| fixture.connections.get::<Client>(name), |name| fixture.connections.has(name));
    assert_eq!(fixture.reload("a = one\nb = two").await, "unchanged a; added b");
    let held = get("b").await.unwrap();
    assert_eq!(fixture.reload("a = one\nb = two\nenabled = false").await, "unchanged a; removed b");
    assert_eq!(get("b").await.err().unwrap().kind(), ErrorKind::Disabled);
    assert_eq!(fixture.reload("a = one").await, "unchanged a");
    assert_eq!((get("b").await.err().unwrap().kind(), has("b")), (ErrorKind::NotFound, false));
    assert_eq!(fixture.reload("a = one\nb = two").await, "unchanged a; added b");
    assert_ne!(get("b").await.unwrap().id, held.id);
    assert_eq!(held.value, "two");
    fixture.world.events();
    drop(held);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(fixture.world.events(), ["goodbye b two"]);
    fixture.connections.registry().remove("a");
    assert_eq!(fixture.reload("a = one\nb = two").await, "unchanged b; added a");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_inserted_client_stays_whatever_the_file_says() {
    let fixture = Fixture::new("r-inserted", "a = one\nb = two");
    for name in ["a", "b", "c", "d"] {
        fixture.connections.insert(name, 7_u8).unwrap();
    }
    assert_eq!(fixture.reload("a = other\nc = three").await, "updated a; added c; removed b");
    for name in ["a", "b", "c", "d"] {
        assert_eq!(*fixture.connections.get::<u8>(name).await.unwrap(), 7, "{name}");
    }
    fixture.connections.disconnect("c").await.unwrap();
    assert_eq!(fixture.value("c").await, "three");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_rotated_secret_rebuilds_exactly_what_uses_it() {
    let text = "a = ${file:value}\nb = two\nc = ${file:value}-${env:GONE:-x}\nd = ${file:unread}";
    let fixture = Fixture::with_files("r-rotated", text, &[("value", "one"), ("unread", "one")]);
    for name in ["a", "b", "c"] {
        fixture.get(name).await;
    }
    assert_eq!(fixture.reload_again().await, "unchanged a,b,c,d");
    fixture.file("value", "two\n");
    fixture.file("unread", "two");
    assert_eq!(fixture.reload_again().await, "unchanged b,d; rebuilt a,c");
    assert_eq!((fixture.value("a").await, fixture.value("c").await), ("two".to_owned(), "two-x".to_owned()));
    fixture.file("value", "two");
    assert_eq!(fixture.reload_again().await, "unchanged a,b,c,d");
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_configuration_given_as_text_is_loaded_again() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("value"), "one").unwrap();
    let text = "connections.a = { type = 'reloaded-other', value = '${file:value}${env:MORE:-}' }";
    let builder = ConnectionManager::builder().toml(text).config_dir(folder.path());
    let connections = builder.environment([("MORE", "!")]).build().unwrap();
    assert_eq!(*connections.get::<String>("a").await.unwrap(), "one!");
    std::fs::write(folder.path().join("value"), "two").unwrap();
    assert_eq!(connections.reload().await.unwrap().rebuilt(), ["a"]);
    assert_eq!(*connections.get::<String>("a").await.unwrap(), "two!");
}

#[tokio::test(start_paused = true)]
async fn the_last_reload_is_remembered() {
    let fixture = Fixture::new("r-last", "a = one");
    assert!(fixture.connections.last_reload().is_none());
    fixture.reload("a = two").await;
    sleep(Duration::from_secs(7)).await;
    let last = fixture.connections.last_reload().unwrap();
    assert_eq!(last.age(), Duration::from_secs(7));
    assert_eq!((last.report().unwrap().updated(), last.error().is_none()), (&["a".to_owned()][..], true));
    fixture.write("a = two\nnonsense = 1");
    let error = fixture.connections.reload().await.unwrap_err();
    let last = fixture.connections.last_reload().unwrap();
    assert_eq!((last.age(), last.report().is_none()), (Duration::ZERO, true));
    assert_eq!(last.error().unwrap().to_string(), error.to_string());
    assert!(error.diagnostics()[0].message().contains("nonsense"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_report_is_plain_data() {
    let fixture = Fixture::new("r-report", "a = one\nb = two");
    fixture.get("a").await;
    fixture.world.set("bad", world::Rule::FailForGood);
    fixture.write("a = bad\nb = two\nc = three");
    let report = fixture.connections.reload().await.unwrap();
    assert!(!report.is_clean());
    assert!(report.to_string().contains("1 added, 1 failed, 1 unchanged\nconnection `a`"), "{report}");
    let text = toml::to_string(&report).unwrap();
    assert!(text.contains("unchanged = [\"b\"]") && text.contains("name = \"a\""), "{text}");
    fixture.end().await;
}
