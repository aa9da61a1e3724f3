//! The command `test` against scripted fakes, with the whole of what it writes, under a paused clock.

use std::io::{self, ErrorKind, Write};

use clap::Parser;
use tempfile::TempDir;
use tokio::{runtime::Handle, sync::mpsc::UnboundedSender};

use super::*;
use crate::{
    BoxError, ConnectContext, ConnectError, Connection, Secret,
    cli::arguments::{Arguments, Command},
    config::Environment,
    connection_type,
    testing::Journal,
};

/// What a command has written, without the folder of its configuration.
struct Ran {
    code: Result<Code, Failure>,
    out: String,
    err: String,
}

impl Ran {
    #[track_caller]
    fn check(&self, code: Code, out: &str) {
        assert_eq!(self.out, out.trim_start_matches('\n'), "{}", self.err);
        assert_eq!(self.code.as_ref().ok(), Some(&code), "{}", self.err);
    }
}

/// Runs `connections test` with a configuration.
async fn run(toml: &str, arguments: &[&str]) -> Ran {
    run_with(toml, arguments, Interrupts::by_hand().1).await
}

async fn run_with(toml: &str, arguments: &[&str], interrupts: Interrupts) -> Ran {
    let mut out = anstream::StripStream::new(Vec::new());
    let (folder, code, err) = run_into(&mut out, toml, arguments, interrupts).await;
    let text = |bytes: Vec<u8>| {
        let folder = format!("{}/", folder.path().display());
        String::from_utf8(bytes).unwrap().replace(&folder, "")
    };
    Ran { code, out: text(out.into_inner()), err: text(err) }
}

async fn run_into(
    out: &mut dyn Write,
    toml: &str,
    arguments: &[&str],
    interrupts: Interrupts,
) -> (TempDir, Result<Code, Failure>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("connections.toml");
    std::fs::write(&file, toml).unwrap();
    let frame = ["connections", "--config", file.to_str().unwrap(), "test"];
    let all = frame.iter().chain(arguments);
    let Arguments { options, command } = Arguments::try_parse_from(all).unwrap();
    let Command::Test(test) = command else { panic!("it is no test") };
    let mut err = Vec::new();
    let environment = Environment::Fixed(std::sync::Arc::default());
    let mut session = Session { options, environment, is_of_process: false, out, err: &mut err };
    let imposed = Imposed { connect_timeout: test.timeout, ..Imposed::default() };
    let code = match session.manager(imposed, test.jobs.into(), &Handle::current()) {
        Ok(manager) => match test.unknown(&manager, &mut session) {
            Some(code) => Ok(code),
            None => test.test(&mut session, manager, interrupts).await,
        },
        Err(error) => Err(error.into()),
    };
    (folder, code, err)
}

#[tokio::test(start_paused = true)]
async fn each_connection_has_a_row_with_its_time_its_result_and_the_true_cause() {
    let toml = "\
connections.up = { type = 'fake', delay = '6ms' }
connections.refused = { type = 'fake', connect = ['permanent'] }
connections.sick = { type = 'fake', check = ['error'] }
connections.off = { type = 'fake', enabled = false }
connections.'tenant/{id}' = { type = 'fake' }
";
    let expected = "
disabled  off                    enabled = false at connections.toml:4:46
failed    refused            0s  fake
    connection `refused` (type `fake`, connections.toml:2:13) failed to connect (attempt 1, after 0s): \
the script says that no connect can help
template  tenant/{id}            name a connection of it to test one
failed    sick               0s  fake
    connection `sick` (type `fake`, connections.toml:3:13) failed its check (after 0s): \
the script says that this check fails
ok        up               12ms  fake
1 ok, 2 failed, 1 disabled, 1 template in 12ms
";
    run(toml, &["--jobs", "1"]).await.check(Code::Problems, expected);
    run("", &[]).await.check(Code::Fine, "there are no connections in 0s\n");
    run("connections.a = { type = 'fake' }", &[]).await.check(Code::Fine, "ok        a        0s  fake\n1 ok in 0s\n");
}

#[tokio::test(start_paused = true)]
async fn what_needs_a_failed_connection_is_blocked_and_not_tried() {
    let toml = "\
connections.app = { type = 'fake', needs = ['db', 'cache'], journal = 'cli test blocked' }
connections.db = { type = 'fake', needs = ['tunnel'], journal = 'cli test blocked' }
connections.tunnel = { type = 'fake', connect = ['permanent'] }
connections.cache = { type = 'fake' }
connections.other = { type = 'fake' }
";
    let expected = "
ok        cache         0s  fake, needed by app
failed    tunnel        0s  fake, needed by db
    connection `tunnel` (type `fake`, connections.toml:3:13) failed to connect (attempt 1, after 0s): \
the script says that no connect can help
blocked   app               it needs `tunnel`, which failed
blocked   db                it needs `tunnel`, which failed
1 ok, 1 failed, 2 blocked in 0s
";
    let ran = run(toml, &["--jobs", "1", "app"]).await;
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.trim().lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&ran.out), sorted(expected));
    assert_eq!(Journal::of("cli test blocked").connects(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failed_check_keeps_nobody_from_being_tested() {
    let toml = "connections.a = { type = 'fake', needs = ['b'] }\nconnections.b = { type = 'fake', check = ['error'] }";
    let ran = run(toml, &[]).await;
    assert!(ran.out.contains("ok        a"), "{}", ran.out);
    assert_eq!(ran.code.unwrap(), Code::Problems);
}

#[tokio::test(start_paused = true)]
async fn the_connection_that_a_placeholder_names_is_blamed_too() {
    let toml = "\
connections.a = { type = 'fake', needs = ['${env:NONE:-b}'] }
connections.b = { type = 'fake', connect = ['permanent'], journal = 'cli test placeholder' }";
    let ran = run(toml, &["a"]).await;
    ran.check(Code::Problems, "blocked   a        0s  it needs `b`, which failed\n1 blocked in 0s\n");
    assert_eq!(Journal::of("cli test placeholder").connects(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_is_none_is_refused_before_anything_is_connected() {
    let toml =
        "connections.primary = { type = 'fake', journal = 'cli test names' }\nconnections.'t/{id}' = { type = 'fake' }";
    let ran = run(toml, &["primary", "primry", "t/{id}"]).await;
    ran.check(Code::Problems, "");
    assert!(ran.err.contains("no connection is called `primry` (did you mean `primary`?)"), "{}", ran.err);
    assert!(ran.err.contains("`t/{id}` is a template: ask for a name"), "{}", ran.err);
    assert_eq!(Journal::of("cli test names").connects(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_of_a_template_is_tested_by_its_name() {
    let toml = "connections.'t/{id}' = { type = 'fake', needs = ['b'] }\nconnections.b = { type = 'fake' }";
    let expected = "ok        b          0s  fake, needed by t/7\nok        t/7        0s  fake\n2 ok in 0s\n";
    run(toml, &["t/7", "--jobs", "1"]).await.check(Code::Fine, expected);
}

#[tokio::test(start_paused = true)]
async fn a_disabled_connection_fails_only_when_it_is_named() {
    let toml = "connections.a = { type = 'fake', enabled = false }";
    let ran = run(toml, &["a"]).await;
    assert!(ran.out.starts_with("failed    a"), "{}", ran.out);
    assert!(ran.out.contains("is disabled: `enabled = false` at connections.toml:1:44"), "{}", ran.out);
    assert_eq!(ran.code.unwrap(), Code::Problems);
    assert_eq!(run(toml, &[]).await.code.unwrap(), Code::Fine);
}

#[tokio::test(start_paused = true)]
async fn a_passing_failure_is_tried_again_until_the_time_is_up_and_a_lasting_one_is_not() {
    let toml = "\
connections.again = { type = 'fake', connect = ['error', 'error', 'ok'] }
connections.never = { type = 'fake', connect = ['never'], lifecycle.connect_timeout = '1h' }
connections.wrong = { type = 'fake', connect = ['permanent', 'ok'], journal = 'cli test lasting' }";
    let ran = run(toml, &["--timeout", "3s"]).await;
    let row = |name: &str| ran.out.lines().find(|line| line.contains(name)).unwrap().to_owned();
    assert!(row("again").starts_with("ok "), "{}", ran.out);
    assert!(row("never").starts_with("failed    never        3s  fake"), "{}", ran.out);
    assert!(ran.out.contains("gave no client within its connect_timeout of 3s (attempt 1)"), "{}", ran.out);
    assert!(row("wrong").starts_with("failed"), "{}", ran.out);
    assert_eq!(Journal::of("cli test lasting").connects(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_time_limit_holds_for_checks_too() {
    let ran = run("connections.a = { type = 'fake', check = ['never'] }", &["--timeout", "200ms"]).await;
    assert!(ran.out.contains("did not answer a check within its check_timeout of 200ms"), "{}", ran.out);
}

#[tokio::test(start_paused = true)]
async fn no_more_are_tested_at_once_than_are_allowed() {
    let rows: String =
        (0..6).map(|at| format!("connections.c{at} = {{ type = 'fake', connect = ['slow'] }}\n")).collect();
    for (jobs, took) in [("1", "6s"), ("2", "3s"), ("6", "1s")] {
        let ran = run(&rows, &["--jobs", jobs]).await;
        assert!(ran.out.ends_with(&format!("6 ok in {took}\n")), "{jobs}: {}", ran.out);
    }
}

fn interrupted_after(time: Duration) -> (UnboundedSender<()>, Interrupts) {
    let (sender, interrupts) = Interrupts::by_hand();
    let later = sender.clone();
    tokio::spawn(async move {
        tokio::time::sleep(time).await;
        later.send(()).unwrap();
    });
    (sender, interrupts)
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_ends_the_test_with_a_summary_and_closes_what_is_open() {
    let toml = "\
connections.a = { type = 'fake', journal = 'cli test interrupt' }
connections.b = { type = 'fake', connect = ['never'], journal = 'cli test interrupt' }
connections.c = { type = 'fake', needs = ['b'], journal = 'cli test interrupt' }
connections.d = { type = 'fake', connect = ['permanent'] }";
    let (_sender, interrupts) = interrupted_after(Duration::from_secs(2));
    let ran = run_with(toml, &[], interrupts).await;
    let end = "untested  b        2s\nuntested  c\ninterrupted: 1 ok, 1 failed, 2 untested in 2s\n";
    assert!(ran.out.ends_with(end), "{}", ran.out);
    assert_eq!(ran.code.unwrap(), Code::Interrupted);
    let journal = Journal::of("cli test interrupt");
    assert_eq!((journal.made(), journal.disconnects(), journal.live()), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_second_interrupt_does_not_wait_for_goodbyes() {
    let (_sender, interrupts) = interrupted_after(Duration::from_secs(1));
    let toml = "connections.a = { type = 'fake', disconnect = ['never'] }";
    let ran = run_with(toml, &[], interrupts).await;
    ran.check(Code::Fine, "ok        a        0s  fake\n1 ok in 0s\n");
    assert_eq!(ran.err, "");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_close_well_is_told_and_is_no_failure() {
    let ran = run("connections.a = { type = 'fake', disconnect = ['error'] }", &[]).await;
    ran.check(Code::Fine, "ok        a        0s  fake\n1 ok in 0s\n");
    assert!(ran.err.starts_with("warning: connection `a`") && ran.err.contains("this disconnect fails"), "{}", ran.err);
}

#[tokio::test(start_paused = true)]
async fn programs_get_everything_as_one_value() {
    let toml = "\
connections.a = { type = 'fake', needs = ['b'] }
connections.b = { type = 'fake', connect = ['permanent'] }
connections.c = { type = 'fake', delay = '250ms' }";
    let ran = run(toml, &["--format", "json"]).await;
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let expected = serde_json::json!({
        "ok": false, "interrupted": false, "took_secs": 0.5, "results": [
            { "name": "a", "type": "fake", "result": "blocked", "asked": true, "needs": ["b"], "took_secs": null,
              "blocked_by": "b", "error": null },
            { "name": "b", "type": "fake", "result": "failed", "asked": true, "needs": [], "took_secs": 0.0,
              "blocked_by": null, "error": { "kind": "connect_failed", "retryable": false,
              "message": "connection `b` (type `fake`, connections.toml:2:13) failed to connect (attempt 1, after 0s): \
                          the script says that no connect can help" } },
            { "name": "c", "type": "fake", "result": "ok", "asked": true, "needs": [], "took_secs": 0.5,
              "blocked_by": null, "error": null },
        ],
    });
    assert_eq!(json, expected);
    assert_eq!(ran.code.unwrap(), Code::Problems);
}

/// A type that repeats what it was given, as careless drivers do, and what a server wrote.
#[connection_type("cli-careless")]
struct Careless {
    url: String,
    token: Secret,
}

impl Connection for Careless {
    type Client = u8;

    async fn connect(&self, _cx: &ConnectContext) -> Result<u8, BoxError> {
        let message = format!("no login at {} with {}\n\x1b[2Jok        fake", self.url, self.token.expose());
        Err(ConnectError::permanent(message).into())
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_driver_says_shows_no_secret_and_moves_no_cursor() {
    let toml = "\
connections.a = { type = 'cli-careless', url = 'db://app:c4nary@host', token = '${env:NONE:-c4nary-too}' }";
    for format in ["human", "json"] {
        let ran = run(toml, &["--format", format]).await;
        assert!(ran.out.contains("no login at db://app:***@host with ***"), "{}", ran.out);
        assert!(!ran.out.contains("c4nary") && !ran.out.contains('\x1b'), "{}", ran.out);
        assert!(!ran.out.contains("\nok "), "{}", ran.out);
    }
}

/// A pipe whose reader has gone.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_closed_pipe_is_quiet_and_everything_is_closed_first() {
    let toml = "connections.a = { type = 'fake', journal = 'cli test pipe' }";
    let (_folder, code, err) = run_into(&mut Closed, toml, &[], Interrupts::by_hand().1).await;
    assert_eq!(code.unwrap_err().report(&mut Vec::new()), Code::ClosedPipe);
    assert_eq!(err, b"");
    let journal = Journal::of("cli test pipe");
    assert_eq!((journal.made(), journal.disconnects()), (1, 1));
}
