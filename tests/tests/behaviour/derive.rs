//! Structs of connections: all of them at once, and all errors together.

use std::{path::Path, time::Duration};

use connection_registry::{Conn, ConnectionManager, ConnectionManagerBuilder, Connections, ErrorKind, Handle};
use connection_registry_tests::{CANARY, Probe, ProbeClient, Record, canary_forms, manager};
use tokio::time::{Instant, sleep, timeout};

/// Whose names are looked up when the program runs.
#[derive(Clone, Connections, Debug)]
struct Three {
    first: Conn<ProbeClient>,
    #[connection(name = "the second")]
    second: Conn<ProbeClient>,
    third: Option<Conn<ProbeClient>>,
}

#[derive(Connections)]
struct Lasting {
    db: Handle<ProbeClient>,
    r#type: Option<Handle<ProbeClient>>,
}

/// Whose names were looked up when it was compiled.
#[derive(Connections)]
#[connections(file = "tests/behaviour/derive/connections.toml")]
struct Checked {
    #[connection(type = Probe)]
    primary_db: Conn<ProbeClient>,
    #[connection(name = "cache-eu", type = Probe)]
    cache: Conn<ProbeClient>,
    #[connection(name = "tenant/42", type = Probe)]
    tenant: Conn<ProbeClient>,
    search: Option<Conn<ProbeClient>>,
    #[connection(type = Probe)]
    switched: Option<Conn<ProbeClient>>,
}

/// What only a profile has.
#[derive(Connections)]
#[connections(file = "tests/behaviour/derive/connections.toml")]
struct OfProfile {
    switched: Conn<ProbeClient>,
    #[connection(type = Probe)]
    only_live: Conn<ProbeClient>,
}

#[derive(Connections)]
struct Nothing {}

#[derive(Connections)]
struct Generic<T: Send + Sync + 'static, U>
where
    U: Send + Sync + 'static,
{
    one: Conn<T>,
    other: Option<Conn<U>>,
}

/// A probe called `name` that notes what happens in the record of the test and the name.
fn probe(test: &str, name: &str, settings: &str) -> String {
    format!("[connections.'{name}']\ntype = 'probe'\nrecord = '{test} {name}'\n{settings}\n")
}

fn three(test: &str, settings: [&str; 3]) -> ConnectionManager {
    let names = ["first", "the second", "third"];
    manager(&names.into_iter().zip(settings).map(|(name, settings)| probe(test, name, settings)).collect::<String>())
}

#[tokio::test(start_paused = true)]
async fn all_are_connected_at_the_same_time() {
    let connections = three("at once", ["delay = '1s'", "delay = '3s'", "delay = '2s'"]);
    let started = Instant::now();
    let three = Three::connect(&connections).await.unwrap();
    assert_eq!(started.elapsed(), Duration::from_secs(3), "as long as the slowest");
    assert_eq!((three.first.attempt, three.second.attempt, three.third.unwrap().attempt), (1, 1, 1));
    let started = Instant::now();
    Three::connect(&connections).await.unwrap();
    assert_eq!(started.elapsed(), Duration::ZERO, "they are connected");
    assert_eq!(Record::of("at once the second").attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_errors_of_all_come_together_when_all_have_ended() {
    let slow = "lifecycle.connect_timeout = '4s'\nconnect = ['never']";
    let connections = three("together", [slow, "delay = '2s'", "connect = ['fail-for-good']"]);
    let started = Instant::now();
    let error = Three::connect(&connections).await.unwrap_err();
    assert_eq!(started.elapsed(), Duration::from_secs(4));
    assert_eq!(error.kind(), ErrorKind::StartFailed);
    assert!(!error.is_retryable(), "one of them is permanent");
    let kinds: Vec<_> = error.errors().iter().map(|error| (error.connection(), error.kind())).collect();
    assert_eq!(kinds, [(Some("first"), ErrorKind::ConnectTimeout), (Some("third"), ErrorKind::ConnectFailed)]);
    let text = error.to_string();
    assert!(text.starts_with("2 of 3 connections of `Three` are not up\n"), "{text}");
    assert!(text.contains("the password is wrong"), "{text}");
    assert!(connections.try_get::<ProbeClient>("the second").is_ok(), "it stays connected");
}

#[tokio::test(start_paused = true)]
async fn unresolved_placeholders_and_wrong_clients_are_among_the_errors() {
    let toml = probe("kinds", "first", "url = '${env:NOT_SET}'") + &probe("kinds", "third", "password = '${file:/no}'");
    let connections = manager(&toml);
    connections.insert("the second", String::new()).unwrap();
    let error = Three::connect(&connections).await.unwrap_err();
    let kinds: Vec<_> = error.errors().iter().map(|error| (error.kind(), error.diagnostics().len())).collect();
    assert_eq!(kinds, [(ErrorKind::Configuration, 1), (ErrorKind::WrongType, 0), (ErrorKind::Configuration, 1)]);
    let text = error.to_string();
    for part in ["NOT_SET", "/no", "alloc::string::String", "ProbeClient", "connections.first.url"] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_error_of_all_has_no_secret_in_it() {
    let leak = format!("password = '{CANARY}'\nurl = 'probe://user:{CANARY}@host'\nconnect = ['leak']");
    let error = Three::connect(&three("leak", [&leak; 3])).await.unwrap_err();
    assert_eq!(error.errors().len(), 3, "{error}");
    for output in [error.to_string(), format!("{error:?}"), error.render(), error.to_json()] {
        assert!(output.contains("no login at"), "{output}");
        assert!(canary_forms().iter().all(|form| !output.contains(form)), "{output}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_declared_or_disabled_is_none_where_it_may_be() {
    for third in ["", "[connections.third]\ntype = 'probe'\nrecord = 'none'\nenabled = false"] {
        let toml = probe("none", "first", "") + &probe("none", "the second", "") + third;
        let three = Three::connect(&manager(&toml)).await.unwrap();
        assert!(three.third.is_none());
        let lasting = Lasting::connect(&manager(&probe("none", "db", ""))).await.unwrap();
        assert!(lasting.r#type.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_declared_and_down_is_an_error_also_where_it_may_be_none() {
    let connections = three("down", ["", "", "connect = ['fail-for-good']"]);
    let error = Three::connect(&connections).await.unwrap_err();
    assert!(error.to_string().starts_with("1 of 3 connections of `Three` is not up\n"), "{error}");
    assert_eq!(error.errors()[0].connection(), Some("third"));
}

#[tokio::test(start_paused = true)]
async fn one_that_refers_to_a_missing_one_is_not_taken_for_missing() {
    let toml = probe("needy", "first", "")
        + &probe("needy", "the second", "")
        + &probe("needy", "thir{x}", "needs = 'nothing/${name:x}'");
    let error = Three::connect(&manager(&toml)).await.unwrap_err();
    assert_eq!(error.errors()[0].connection(), Some("third"), "{error}");
    assert!(error.to_string().contains("nothing/d"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn required_ones_that_are_missing_or_disabled_are_all_named() {
    let toml = probe("missing", "the second", "enabled = false");
    let error = Three::connect(&manager(&toml)).await.unwrap_err();
    let kinds: Vec<_> = error.errors().iter().map(|error| (error.connection(), error.kind())).collect();
    assert_eq!(kinds, [(Some("first"), ErrorKind::NotFound), (Some("the second"), ErrorKind::Disabled)]);
}

#[tokio::test(start_paused = true)]
async fn attempts_go_on_without_a_caller_who_has_left() {
    let connections = three("left", ["", "delay = '2s'", "delay = '2s'"]);
    assert!(timeout(Duration::from_secs(1), Three::connect(&connections)).await.is_err());
    sleep(Duration::from_millis(1500)).await;
    for name in ["first", "the second", "third"] {
        assert!(connections.try_get::<ProbeClient>(name).is_ok(), "{name}");
        assert_eq!(Record::of(&format!("left {name}")).attempts(), 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_guard_stays_with_its_client_and_a_handle_follows_the_connection() {
    let connections = manager(&(probe("lasting", "db", "") + &probe("lasting", "type", "")));
    let lasting = Lasting::connect(&connections).await.unwrap();
    assert_eq!(Record::of("lasting db").attempts(), 1, "it is connected already");
    connections.disconnect_all().await.unwrap();
    assert_eq!(lasting.db.get().await.unwrap().attempt, 2);
    assert_eq!(lasting.r#type.unwrap().get().await.unwrap().attempt, 2);
    assert_eq!(Lasting::NAMES, ["db", "type"]);
}

#[tokio::test(start_paused = true)]
async fn a_struct_is_sent_cloned_and_printed_without_its_clients() {
    let connections = three("sent", ["", "", ""]);
    let three = tokio::spawn(async move { Three::connect(&connections).await }).await.unwrap().unwrap();
    let printed = format!("{:?}", three.clone());
    assert!(printed.starts_with("Three { first: Conn<connection_registry_tests::ProbeClient>"), "{printed}");
    assert_eq!(Three::NAMES, ["first", "the second", "third"]);
}

#[tokio::test(start_paused = true)]
async fn a_struct_may_be_empty_or_generic() {
    let connections = manager(&probe("generic", "one", ""));
    Nothing::connect(&connections).await.unwrap();
    assert!(Nothing::NAMES.is_empty());
    let generic = Generic::<ProbeClient, u8>::connect(&connections).await.unwrap();
    assert_eq!((generic.one.attempt, generic.other.is_none()), (1, true));
}

fn of_file(profile: Option<&str>) -> ConnectionManager {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/behaviour/derive/connections.toml");
    let nothing: [(&str, &str); 0] = [];
    let builder = ConnectionManager::builder().file(file).environment(nothing);
    profile.into_iter().fold(builder, ConnectionManagerBuilder::profile).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_was_checked_in_a_file_connects_with_that_file() {
    let connections = of_file(None);
    let checked = Checked::connect(&connections).await.unwrap();
    assert!(checked.search.is_none() && checked.switched.is_none());
    for conn in [&checked.primary_db, &checked.cache, &checked.tenant] {
        assert!(conn.attempt > 0);
    }
    assert_eq!(OfProfile::connect(&connections).await.map(drop).unwrap_err().errors().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_only_a_profile_has_connects_with_that_profile() {
    let connections = of_file(Some("live"));
    let of_profile = OfProfile::connect(&connections).await.unwrap();
    assert!(of_profile.switched.attempt > 0 && of_profile.only_live.attempt > 0);
    assert!(Checked::connect(&connections).await.unwrap().switched.is_some());
    let file =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/behaviour/derive/connections.toml"));
    assert!(file.unwrap().contains(CANARY), "the file has a secret that the program must not have");
}
