//! What is told of changes that only the rooms inside can bring about.

use std::time::Duration;

use tokio::time::advance;

use super::{
    super::{connections::ConnectionManager, retry::Patience},
    *,
};
use crate::{BoxError, ConnectContext, Connection, connection_type, error::ErrorKind, registry::LastCheck};

/// Connects, but for the attempts that it is told to fail.
#[connection_type("told")]
struct Switch {
    /// Names the file whose presence makes it fail.
    unless: std::path::PathBuf,
}

impl Connection for Switch {
    type Client = u32;

    async fn connect(&self, _: &ConnectContext) -> Result<u32, BoxError> {
        if self.unless.exists() { Err("no\n  answer".into()) } else { Ok(7) }
    }
}

struct Setup {
    connections: ConnectionManager,
    entry: Arc<Entry>,
    folder: tempfile::TempDir,
}

impl Setup {
    async fn connected() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let unless = folder.path().join("down").display().to_string();
        let toml =
            format!("[connections.a]\ntype = 'told'\nunless = '{unless}'\nlifecycle.check_interval = '10000h'\n");
        let connections = ConnectionManager::builder().toml(toml).build().unwrap();
        connections.get::<u32>("a").await.unwrap();
        let entry = connections.shared.registry.entry("a").unwrap();
        Self { connections, entry, folder }
    }

    fn goes_down(&self) {
        std::fs::write(self.folder.path().join("down"), "").unwrap();
    }

    /// As a health check does it.
    fn checked(&self, passed: bool) {
        let shared = &self.connections.shared;
        let failure = Error::new(ErrorKind::CheckFailed, "connection `a` failed its check").for_connection("a");
        let mut state = self.entry.lock();
        let last_failure = state.slot.failure().cloned();
        let generation = state.slot.generation();
        state.slot.checked(generation, if passed { Ok(()) } else { Err(failure) }, 1, 1);
        state.last_check = Some(LastCheck { at: shared.now(), took: Duration::from_millis(20), passed });
        let news = shared.tell(&self.entry, &mut state);
        drop(state);
        drop(last_failure);
        news.log();
    }

    async fn replace(&self) {
        let pending = self.connections.shared.begin_beside(&self.entry, Patience::OneTry).unwrap();
        pending.ended().await.unwrap();
    }
}

fn line(event: &Event) -> String {
    let Event { from, state, generation, replaced, .. } = event;
    format!("{from} {state} {generation}{}", if *replaced { " replaced" } else { "" })
}

#[tokio::test(start_paused = true)]
async fn events_come_in_the_order_of_what_happened_and_each_once() {
    let setup = Setup::connected().await;
    let connections = &setup.connections;
    connections.disconnect("a").await.unwrap();
    let mut events = connections.subscribe();
    connections.get::<u32>("a").await.unwrap();
    for passed in [false, false, true, true, false] {
        setup.checked(passed);
    }
    setup.replace().await;
    setup.replace().await;
    connections.disconnect("a").await.unwrap();
    setup.goes_down();
    connections.get::<u32>("a").await.unwrap_err();
    let seen: Vec<_> = std::iter::from_fn(|| events.try_next()).collect();
    let expected = [
        "closed connecting 1",
        "connecting connected 2",
        "connected degraded 2",
        "degraded connected 2",
        "connected degraded 2",
        "degraded connected 3 replaced",
        "connected connected 4 replaced",
        "connected draining 4",
        "draining closed 4",
        "closed connecting 4",
        "connecting failed 4",
    ];
    assert_eq!(seen.iter().map(line).collect::<Vec<_>>(), expected);
    assert!(seen.windows(2).all(|pair| pair[0].state == pair[1].from));
    assert!(seen.iter().all(|event| event.connection == "a" && event.connection_type.as_deref() == Some("told")));
    let causes: Vec<_> = seen.iter().map(|event| event.cause.is_some()).collect();
    let bad = [ConnectionState::Degraded, ConnectionState::Failed];
    assert_eq!(causes, seen.iter().map(|event| bad.contains(&event.state)).collect::<Vec<_>>());
    assert_eq!(seen[2].cause.as_deref(), Some("connection `a` failed its check"));
    assert_eq!(seen[3].to_string(), "connection `a` recovered (generation 2)");
    assert_eq!(seen[5].to_string(), "connection `a` replaced (generation 3)");
    assert_eq!(seen[2].to_string(), "connection `a` degraded (generation 2): connection `a` failed its check");
    assert!(seen[10].to_string().ends_with(": no; answer"), "one line: {}", seen[10]);
    assert_eq!(events.missed(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_status_tells_of_checks_of_trouble_and_of_an_attempt_to_replace_the_client() {
    let setup = Setup::connected().await;
    advance(Duration::from_secs(3)).await;
    setup.checked(false);
    advance(Duration::from_secs(2)).await;
    let status = || setup.connections.status().get("a").unwrap().clone();
    let degraded = status();
    assert_eq!((degraded.state, degraded.since), (ConnectionState::Degraded, Duration::from_secs(2)));
    assert_eq!((degraded.generation, degraded.age), (1, Some(Duration::from_secs(5))));
    assert_eq!(degraded.cause.as_deref(), Some("connection `a` failed its check"));
    let check = degraded.last_check.unwrap();
    assert_eq!((check.age, check.took, check.passed), (Duration::from_secs(2), Duration::from_millis(20), false));
    assert_eq!((degraded.replacing, degraded.next_retry, degraded.permanent), (false, None, false));

    setup.goes_down();
    let pending = setup.connections.shared.begin_beside(&setup.entry, Patience::OneTry).unwrap();
    assert!(status().replacing);
    pending.ended().await.unwrap();
    let kept = status();
    assert_eq!((kept.replacing, kept.failures, kept.generation), (false, 1, 1));
    assert!(kept.cause.unwrap().contains("failed to connect"), "the last cause is that of the attempt");

    std::fs::remove_file(setup.folder.path().join("down")).unwrap();
    advance(Duration::from_secs(1)).await;
    setup.replace().await;
    let replaced = status();
    assert_eq!((replaced.state, replaced.cause, replaced.failures), (ConnectionState::Connected, None, 0));
    assert_eq!((replaced.generation, replaced.age, replaced.since), (2, Some(Duration::ZERO), Duration::ZERO));
    advance(Duration::from_secs(4)).await;
    setup.replace().await;
    let again = status();
    assert_eq!((again.generation, again.age), (3, Some(Duration::ZERO)));
    assert_eq!(again.since, Duration::from_secs(4), "it was connected all the time");
}

#[track_caller]
fn check_line(text: &str, expected: &str) {
    assert_eq!(OneLine(text).to_string(), expected);
}

#[test]
fn a_text_of_many_lines_is_logged_as_one() {
    check_line("refused", "refused");
    check_line("refused\n  key: a\r\n\n  help: b\n", "refused; key: a; help: b");
    check_line("a\rWARN b\u{1b}[2Jc", "a WARN b [2Jc");
    check_line("", "");
}
