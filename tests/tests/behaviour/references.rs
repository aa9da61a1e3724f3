//! Connections that need other connections.

use connection_registry::{ConnectionManager, ErrorKind};
use connection_registry_tests::{ProbeClient, Record, manager, refused};

#[tokio::test(start_paused = true)]
async fn what_a_connection_needs_is_connected_first_and_once() {
    let connections = manager(
        "[connections.left]\ntype = 'probe'\nrecord = 'needs'\nneeds = 'base'\n\
         [connections.right]\ntype = 'probe'\nrecord = 'needs'\nneeds = 'base'\n\
         [connections.base]\ntype = 'probe'\nrecord = 'needed'\ndelay = '1s'",
    );
    let (left, right) = tokio::join!(connections.get::<ProbeClient>("left"), connections.get::<ProbeClient>("right"));
    assert!(left.is_ok() && right.is_ok());
    assert_eq!(Record::of("needed").attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_failure_of_a_needed_connection_is_the_cause_of_the_other_one() {
    let connections = manager(
        "[connections.top]\ntype = 'probe'\nrecord = 'top of a failure'\nneeds = 'base'\n\
         [connections.base]\ntype = 'probe'\nrecord = 'base of a failure'\nconnect = ['fail']",
    );
    let error = connections.get::<ProbeClient>("top").await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("`top`") && text.contains("`base`") && text.contains("the other side said no"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn time_spent_on_a_needed_connection_counts() {
    let connections = manager(
        "[connections.top]\ntype = 'probe'\nrecord = 'waits'\nneeds = 'base'\nlifecycle.connect_timeout = '1s'\n\
         [connections.base]\ntype = 'probe'\nrecord = 'is slow'\ndelay = '3s'",
    );
    let error = connections.get::<ProbeClient>("top").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectTimeout);
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(connections.try_get::<ProbeClient>("base").unwrap().attempt, 1, "the needed one goes on");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_help_the_needed_connection_cannot_help_the_other_one() {
    for (step, retryable) in [("fail", true), ("fail-for-good", false)] {
        let connections = manager(&format!(
            "[connections.top]\ntype = 'probe'\nrecord = 'top {step}'\nneeds = 'base'\n\
             [connections.base]\ntype = 'probe'\nrecord = 'base {step}'\nconnect = ['{step}']"
        ));
        let error = connections.get::<ProbeClient>("top").await.unwrap_err();
        assert_eq!(error.is_retryable(), retryable, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cycle_that_only_placeholders_close_is_told_at_once_and_as_a_path() {
    let cycles = [
        ("a → a", "[connections.a]\ntype = 'probe'\nrecord = 'cycle of one'\nneeds = '${env:A}'\n"),
        (
            "a → b → a",
            "[connections.a]\ntype = 'probe'\nrecord = 'cycle of two'\nneeds = 'b'\n\
             [connections.b]\ntype = 'probe'\nrecord = 'cycle of two'\nneeds = '${env:A}'\n",
        ),
        (
            "a → b → c → a",
            "[connections.a]\ntype = 'probe'\nrecord = 'cycle of three'\nneeds = '${env:B}'\n\
             [connections.b]\ntype = 'probe'\nrecord = 'cycle of three'\nneeds = 'c'\n\
             [connections.c]\ntype = 'probe'\nrecord = 'cycle of three'\nneeds = '${env:A}'\n",
        ),
    ];
    for (path, toml) in cycles {
        let variables = [("A", "a"), ("B", "b")];
        let connections = ConnectionManager::builder().toml(toml).environment(variables).build().unwrap();
        let start = tokio::time::Instant::now();
        let error = connections.get::<ProbeClient>("a").await.unwrap_err();
        let names: Vec<_> = path.split(" → ").collect();
        let rotated = |at: usize| {
            let ring = &names[..names.len() - 1];
            ring.iter().cycle().skip(at).take(names.len()).copied().collect::<Vec<_>>().join(" → ")
        };
        let text = error.to_string();
        assert!((0..names.len()).any(|at| text.contains(&rotated(at))), "{path} is not in: {text}");
        assert!(!error.is_retryable(), "{text}");
        assert_eq!(start.elapsed().as_millis(), 0, "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_says_which_needed_connection_it_waited_for() {
    let connections = manager(
        "[connections.top]\ntype = 'probe'\nrecord = 'names it'\nneeds = 'base'\nlifecycle.connect_timeout = '1s'\n\
         [connections.base]\ntype = 'probe'\nrecord = 'is named'\nconnect = ['never']",
    );
    let error = connections.get::<ProbeClient>("top").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectTimeout);
    assert!(error.to_string().contains("waiting for connection `base`"), "{error}");
}

#[track_caller]
fn check(toml: &str, code: &str, line: usize, parts: &[&str]) {
    let error = refused(toml);
    let [diagnostic] = error.diagnostics() else { panic!("not one problem: {error}") };
    assert_eq!((diagnostic.code(), diagnostic.line()), (code, line), "{error}");
    for part in parts {
        assert!(error.to_string().contains(part), "`{part}` is not in: {error}");
    }
}

#[test]
fn references_are_checked_when_the_configuration_is_loaded() {
    let probe =
        |name: &str, needs: &str| format!("[connections.{name}]\ntype = 'probe'\nrecord = 'x'\nneeds = '{needs}'\n");
    check(&probe("a", "absent"), "CR013", 4, &["absent"]);
    check(&probe("a", "a"), "CR014", 4, &["a → a"]);
    let cycle = [probe("a", "b"), probe("b", "c"), probe("c", "a")].concat();
    check(&cycle, "CR014", 4, &["a → b → c → a"]);
    let other = format!("{}[connections.other]\ntype = 'text'\n", probe("a", "other"));
    check(&other, "CR015", 4, &["ProbeClient", "alloc::string::String"]);
    let disabled = format!("{}[connections.b]\ntype = 'text'\nenabled = false\n", probe("a", "b"));
    check(&disabled, "CR013", 4, &["disabled"]);
}

mod text {
    //! A type with another client.

    use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

    #[connection_type("text")]
    struct Text;

    impl Connection for Text {
        type Client = String;

        async fn connect(&self, _cx: &ConnectContext) -> Result<String, BoxError> {
            Ok(String::new())
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_refers_to_a_connection_follows_it_after_it_was_closed_and_connected_again() {
    let connections = manager(
        "[connections.base]\ntype = 'probe'\nrecord = 'followed base'\n\
         [connections.top]\ntype = 'probe'\nrecord = 'followed top'\nneeds = 'base'\n",
    );
    assert_eq!(connections.get::<ProbeClient>("top").await.unwrap().attempt, 1);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    connections.disconnect("base").await.unwrap();
    assert_eq!(connections.get::<ProbeClient>("base").await.unwrap().attempt, 2);
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(
        connections.get::<ProbeClient>("top").await.unwrap().attempt,
        2,
        "it was made with the client of before"
    );
}
