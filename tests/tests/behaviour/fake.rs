//! The scripted fake does what its script says, and its journal tells it.

use std::time::{Duration, Instant as RealInstant};

use connection_registry::{
    Connection, ConnectionFactory, ConnectionManager, ErrorKind, Instance, Update,
    testing::{Fake, FakeClient, FakePool, Journal, JournalEvent},
};
use connection_registry_tests::{manager, refused};
use tokio::time::Instant;

/// One connection `a` with a journal of its own.
fn fake(journal: &str, fields: &str) -> (ConnectionManager, Journal) {
    let toml = format!("[connections.a]\ntype = 'fake'\njournal = '{journal}'\n{fields}");
    (manager(&toml), Journal::of(journal))
}

fn create(fields: &str) -> Instance {
    let fields: toml::Table = toml::from_str(fields).unwrap();
    ConnectionFactory::linked().unwrap().create("fake", fields, ".").unwrap()
}

fn texts(journal: &Journal) -> Vec<String> {
    journal.events().iter().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn a_connect_does_what_its_step_says() {
    let steps = [
        ("ok", None, 50),
        ("slow", None, 1_050),
        ("block", None, 50),
        ("error", Some((ErrorKind::ConnectFailed, true)), 50),
        ("permanent", Some((ErrorKind::ConnectFailed, false)), 50),
        ("panic", Some((ErrorKind::ConnectPanicked, true)), 50),
        ("never", Some((ErrorKind::ConnectTimeout, true)), 10_000),
    ];
    for (step, expected, took) in steps {
        let once = "lifecycle.retry = { base = '20s', max = '20s' }";
        let fields = format!("connect = ['{step}']\ndelay = '50ms'\nblock = '10ms'\n{once}");
        let (connections, journal) = fake(&format!("the step {step}"), &fields);
        let (start, really) = (Instant::now(), RealInstant::now());
        let result = connections.get::<FakeClient>("a").await;
        let failed = result.as_ref().err().map(|error| (error.kind(), error.is_retryable()));
        assert_eq!((failed, start.elapsed().as_millis()), (expected, took), "{step}");
        assert!(step != "block" || really.elapsed() >= Duration::from_millis(10));
        let made = usize::from(expected.is_none());
        assert_eq!((journal.connects(), journal.made(), journal.live()), (1, made, made), "{step}");
        let end = if made == 1 { "connected a 1" } else { "failed to connect a" };
        assert_eq!(texts(&journal), ["connecting a", end], "{step}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_a_check_and_an_update_follow_their_own_scripts() {
    let fields = "disconnect = ['error', 'ok']";
    let (connections, journal) = fake("own scripts", fields);
    let client = connections.get::<FakeClient>("a").await.unwrap();
    let made = create("check = ['error', 'ok']\npassword = 'old'\njournal = 'own scripts'");
    let old = made.downcast_ref::<Fake>().unwrap();
    let new = create("update = ['rebuild', 'permanent', 'ok']\npassword = 'new'");
    let new = new.downcast_ref::<Fake>().unwrap();
    assert!(old.check(&client).await.is_err() && old.check(&client).await.is_ok());
    assert_eq!(old.update(&client, new).await.unwrap(), Update::Rebuild);
    assert!(old.update(&client, new).await.is_err());
    assert_eq!(client.password().expose(), "", "only an update in place takes the password");
    assert_eq!(old.update(&client, new).await.unwrap(), Update::InPlace);
    assert_eq!(client.password().expose(), "new");
    assert_eq!(connections.disconnect("a").await.unwrap_err().kind(), ErrorKind::DisconnectFailed);
    assert_eq!(journal.live(), 1, "the guard holds it");
    drop(client);
    connections.get::<FakeClient>("a").await.unwrap();
    connections.disconnect("a").await.unwrap();
    let expected = [
        "connecting a",
        "connected a 1",
        "failed to check a 1",
        "checked a 1",
        "asked to rebuild a 1",
        "failed to update a 1",
        "updated a 1",
        "disconnecting a 1",
        "failed to disconnect a 1",
        "dropped a 1",
        "connecting a",
        "connected a 2",
        "disconnecting a 2",
        "disconnected a 2",
        "dropped a 2",
    ];
    assert_eq!(texts(&journal), expected);
    assert_eq!((journal.checks(), journal.updates(), journal.disconnects(), journal.live()), (2, 3, 2, 0));
}

#[tokio::test(start_paused = true)]
async fn an_update_without_a_script_asks_for_a_new_client() {
    let (connections, _) = fake("no script", "");
    let client = connections.get::<FakeClient>("a").await.unwrap();
    let made = create("");
    let plain = made.downcast_ref::<Fake>().unwrap();
    assert_eq!(plain.update(&client, plain).await.unwrap(), Update::Rebuild);
}

#[tokio::test(start_paused = true)]
async fn the_last_step_goes_on_and_a_changed_script_begins_anew() {
    let outcomes = |journal: &'static str, script: &'static str| async move {
        let (connections, _) = fake(journal, &format!("connect = {script}"));
        let mut outcomes = Vec::new();
        for _ in 0..3 {
            outcomes.push(connections.get::<FakeClient>("a").await.is_ok());
            connections.disconnect("a").await.unwrap();
        }
        outcomes
    };
    assert_eq!(outcomes("changed", "['permanent', 'ok']").await, [false, true, true]);
    assert_eq!(outcomes("changed", "['ok', 'permanent']").await, [true, false, false], "the script is another one");
    assert_eq!(outcomes("changed", "['permanent', 'ok']").await, [true; 3], "and the old one goes on");
    assert_eq!(outcomes("unchanged", "['permanent', 'ok']").await, [false, true, true], "in a journal of its own");
    assert_eq!(outcomes("empty", "[]").await, [true; 3]);
}

#[tokio::test(start_paused = true)]
async fn random_steps_are_the_same_for_the_same_seed() {
    for seed in [0, 1, u64::MAX / 2] {
        let first = random_checks(&format!("random {seed}"), seed).await;
        assert_eq!(first, random_checks(&format!("random {seed} again"), seed).await, "SEED={seed}");
        for outcome in ["passed", "failed", "panicked", "never ended"] {
            assert!(first.contains(&outcome), "SEED={seed} has none that {outcome}: {first:?}");
        }
    }
    assert_ne!(random_checks("random 2", 2).await, random_checks("random 3", 3).await);
}

/// What comes of the first hundred random checks of a connection.
async fn random_checks(journal: &str, seed: u64) -> Vec<&'static str> {
    let (connections, _) = fake(journal, "");
    let client = connections.get::<FakeClient>("a").await.unwrap();
    let made = create(&format!("check = ['random']\nseed = {seed}\nblock = '0s'"));
    let mut outcomes = Vec::new();
    for _ in 0..100 {
        let (made, client) = (made.clone(), client.clone());
        let check = tokio::spawn(async move { made.downcast_ref::<Fake>().unwrap().check(&client).await });
        outcomes.push(match tokio::time::timeout(Duration::from_secs(2), check).await {
            Ok(Ok(Ok(()))) => "passed",
            Ok(Ok(Err(_))) => "failed",
            Ok(Err(_)) => "panicked",
            Err(_) => "never ended",
        });
    }
    outcomes
}

#[tokio::test(start_paused = true)]
async fn what_a_fake_needs_is_connected_before_it_and_is_checked_at_load() {
    let toml = "[connections.top]\ntype = 'fake'\njournal = 'needs others'\nneeds = ['left', 'right']\n\
                [connections.left]\ntype = 'fake-pool'\njournal = 'needs others'\n\
                [connections.right]\ntype = 'fake'\njournal = 'needs others'\nendpoint = 'db.example.com:5432'";
    let connections = manager(toml);
    connections.get::<FakeClient>("top").await.unwrap();
    let expected = [
        "connecting left",
        "connected left 1",
        "connecting right",
        "connected right 1",
        "connecting top",
        "connected top 1",
    ];
    assert_eq!(texts(&Journal::of("needs others")), expected);
    for (needs, code) in [("['absent']", "CR013"), ("['left', 'top']", "CR014")] {
        let error = refused(&toml.replace("['left', 'right']", needs));
        assert_eq!(error.diagnostics()[0].code(), code, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_journal_tells_the_most_connects_at_one_moment() {
    let names = ["a", "b", "c"];
    let one = |name: &&str| format!("[connections.{name}]\ntype = 'fake'\njournal = 'overlap'\nconnect = ['slow']\n");
    let connections = manager(&names.iter().map(one).collect::<String>());
    connections.get::<FakeClient>("a").await.unwrap();
    let journal = Journal::of("overlap");
    assert_eq!(journal.overlap(), 1);
    let (b, c) = tokio::join!(connections.get::<FakeClient>("b"), connections.get::<FakeClient>("c"));
    assert_eq!((b.unwrap().number(), c.unwrap().number()), (1, 1), "each connection counts its own");
    assert_eq!((journal.overlap(), journal.live(), journal.connects()), (2, 3, 3));
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_is_given_up_has_failed() {
    let (connections, journal) = fake("given up", "connect = ['never', 'ok']");
    let asking = connections.clone();
    let asked = tokio::spawn(async move { asking.get::<FakeClient>("a").await.map(drop) });
    while journal.connects() == 0 {
        tokio::task::yield_now().await;
    }
    connections.disconnect("a").await.unwrap();
    assert_eq!(asked.await.unwrap().unwrap_err().kind(), ErrorKind::Disconnected);
    assert_eq!(connections.get::<FakeClient>("a").await.unwrap().number(), 1);
    let connected = JournalEvent::Connected { connection: "a".into(), number: 1 };
    assert_eq!(journal.events().last(), Some(&connected));
    assert_eq!(texts(&journal)[..2], ["connecting a", "failed to connect a"]);
    assert_eq!(journal.overlap(), 1);
}

#[tokio::test]
async fn a_journal_without_a_name_has_that_of_its_connection() {
    let connections = manager("connections.named-like-its-journal = { type = 'fake' }");
    let client = connections.get::<FakeClient>("named-like-its-journal").await.unwrap();
    assert_eq!((client.name(), client.journal().made()), ("named-like-its-journal", 1));
    assert_eq!(Journal::of("named-like-its-journal").live(), 1);
}

#[tokio::test]
async fn a_journal_keeps_the_last_events_and_counts_all() {
    let (connections, journal) = fake("long", "");
    let client = connections.get::<FakeClient>("a").await.unwrap();
    let made = create("");
    let checks = Journal::CAPACITY + 10;
    for _ in 0..checks {
        made.downcast_ref::<Fake>().unwrap().check(&client).await.unwrap();
    }
    let events = journal.events();
    assert_eq!((journal.checks(), events.len()), (checks, Journal::CAPACITY));
    assert!(events.iter().all(|event| (event.connection(), event.number()) == ("a", Some(1))));
}

#[tokio::test]
async fn the_password_of_a_fake_is_in_its_client_and_nowhere_else() {
    const CANARY: &str = "c4nary of a fake";
    let (connections, journal) = fake(
        "canary of a fake",
        &format!("password = '{CANARY}'\nconnect = ['ok', 'permanent']\ndisconnect = ['error']"),
    );
    let client = connections.get::<FakeClient>("a").await.unwrap();
    assert_eq!(client.password().expose(), CANARY);
    let made = create(&format!("password = '{CANARY}'"));
    let mut outputs = vec![format!("{:?} {client:?} {journal:?} {connections:?}", &*client)];
    outputs.push(format!("{:?}", made.downcast_ref::<Fake>()));
    outputs.push(connections.disconnect("a").await.unwrap_err().to_string());
    outputs.push(format!("{:?}", connections.get::<FakeClient>("a").await.unwrap_err()));
    assert!(outputs.iter().all(|output| !output.contains("c4nary")), "{outputs:?}");
}

#[test]
fn a_step_that_there_is_not_is_found_at_load() {
    for (field, step) in [("connect", "fine"), ("connect", "rebuild"), ("check", "rebuild"), ("update", "rebuilt")] {
        let error = refused(&format!("connections.a = {{ type = 'fake', {field} = ['ok', '{step}'] }}"));
        assert_eq!(error.diagnostics().len(), 1, "{error}");
        assert_eq!(error.diagnostics()[0].key_path(), Some(format!("connections.a.{field}[1]").as_str()), "{error}");
    }
}

#[test]
fn the_two_types_differ_in_whether_they_heal_themselves() {
    const { assert!(!Fake::SELF_HEALING && FakePool::SELF_HEALING) };
    let factory = ConnectionFactory::linked().unwrap();
    let (fake, pool) = (factory.find("fake").unwrap(), factory.find("fake-pool").unwrap());
    assert_eq!(fake.fields(), pool.fields());
    assert_eq!(fake.client_type_name(), pool.client_type_name());
    let made = create("endpoint = 'db.example.com:5432'");
    assert_eq!(made.downcast_ref::<Fake>().unwrap().endpoint().as_deref(), Some("db.example.com:5432"));
}
