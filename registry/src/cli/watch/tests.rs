//! The command `watch` against scripted fakes, under a paused clock.

use std::{
    fs,
    io::Write,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use clap::Parser;
use tempfile::TempDir;
use tokio::{
    runtime::Handle,
    sync::mpsc::UnboundedSender,
    task::{JoinHandle, LocalSet, spawn_blocking, spawn_local},
    time::sleep,
};

use super::*;
use crate::{
    cli::{
        arguments::{Arguments, Command},
        screen::{Screen, Size},
    },
    config::Environment,
    testing::Journal,
};

/// What is written, for both ends to see.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A terminal, or a pipe, that is gone.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `connections watch`, in a task of its own.
struct Watching {
    folder: TempDir,
    out: Written,
    interrupt: UnboundedSender<()>,
    command: JoinHandle<Result<Code, Failure>>,
}

impl Watching {
    fn begin(toml: &str, arguments: &[&str], screen: Option<fn(Written) -> Screen>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("connections.toml");
        fs::write(&file, toml).unwrap();
        let (interrupt, interrupts) = Interrupts::by_hand();
        let out = Written::default();
        let arguments: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        let command = spawn_local(run(file, arguments, out.clone(), screen, interrupts));
        Self { folder, out, interrupt, command }
    }

    fn rewrite(&self, toml: &str) {
        fs::write(self.folder.path().join("connections.toml"), toml).unwrap();
    }

    /// Looks until something is written.
    async fn until(&self, text: &str) {
        for _ in 0..100_000 {
            if self.out.text().contains(text) {
                return;
            }
            sleep(Duration::from_millis(10)).await;
            // The clock is paused, and what a disk does takes its time.
            spawn_blocking(|| std::thread::sleep(Duration::from_micros(100))).await.unwrap();
        }
        panic!("{text} is not written:\n{}", self.out.text());
    }

    /// Interrupts it; gives what it wrote, without its folder.
    async fn end(self) -> (Code, String) {
        self.interrupt.send(()).unwrap();
        let code = self.command.await.unwrap().unwrap();
        (code, self.out.text().replace(&format!("{}/", self.folder.path().display()), ""))
    }
}

async fn run(
    file: PathBuf,
    arguments: Vec<String>,
    mut out: Written,
    screen: Option<fn(Written) -> Screen>,
    interrupts: Interrupts,
) -> Result<Code, Failure> {
    let frame = ["connections", "--config", file.to_str().unwrap(), "watch"].map(str::to_owned);
    let Arguments { options, command } = Arguments::try_parse_from(frame.into_iter().chain(arguments)).unwrap();
    let Command::Watch(watch) = command else { panic!("it does not watch") };
    let view = screen.map_or_else(View::lines, |screen| View::table(screen(out.clone())));
    let environment = Environment::Fixed(Arc::default());
    let mut err = Vec::new();
    let mut session = Session { options, environment, is_of_process: false, out: &mut out, err: &mut err };
    let manager = session.manager(watch.imposed(), AT_ONCE, &Handle::current())?;
    watch.watch(&mut session, manager, view, interrupts).await
}

/// High and wide enough.
fn screen(out: Written) -> Screen {
    Screen::fake(out, || Size { rows: 30, columns: 200 })
}

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn each_event_is_a_line_with_its_time() {
    let toml = "\
[connections.eager]
type = 'fake'
delay = '250ms'
journal = 'cli watch lines'
lifecycle.start = 'eager'
[connections.lazy]
type = 'fake'
journal = 'cli watch lines'
";
    let test = async {
        let watching = Watching::begin(toml, &[], None);
        sleep(SECOND).await;
        watching.end().await
    };
    let (code, out) = LocalSet::new().run_until(test).await;
    let lines: Vec<_> = out.lines().map(|line| line.trim_start().split_once("s  ").unwrap_or((line, ""))).collect();
    let [(first, connecting), (second, connected), (closed, "")] = lines[..] else { panic!("{out}") };
    assert_eq!(connecting, "connection `eager` connecting (generation 0)");
    assert_eq!(connected, "connection `eager` connected (generation 1)");
    let seconds = |text: &str| text.parse::<f64>().unwrap();
    assert!(seconds(second) - seconds(first) >= 0.249, "{out}");
    assert!(code == Code::Fine && closed.starts_with("1 connection closed in 25"), "{out}");
    let journal = Journal::of("cli watch lines");
    assert_eq!((journal.connects(), journal.disconnects(), journal.live()), (1, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn lazy_connections_are_kept_up_when_all_are_asked_for() {
    let test = async {
        let watching = Watching::begin("connections.lazy = { type = 'fake' }", &["--all"], None);
        sleep(SECOND).await;
        watching.end().await
    };
    let (_, out) = LocalSet::new().run_until(test).await;
    assert!(out.contains("connection `lazy` connected (generation 1)"), "{out}");
}

#[tokio::test(start_paused = true)]
async fn a_watch_may_have_an_end() {
    let watch = async { Watching::begin("", &["--for", "1m"], None).command.await.unwrap() };
    let began = Instant::now();
    assert_eq!(LocalSet::new().run_until(watch).await.unwrap(), Code::Fine);
    assert_eq!(began.elapsed(), Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn the_table_shows_states_checks_and_causes() {
    let toml = "\
[defaults.lifecycle]
start = 'eager'
check_interval = '4s'
[connections.good]
type = 'fake'
[connections.bad]
type = 'fake'
connect = ['permanent']
[connections.off]
type = 'fake'
enabled = false
";
    let test = async {
        let watching = Watching::begin(toml, &[], Some(screen));
        // Between two ticks.
        sleep(SECOND * 30 + SECOND / 2).await;
        watching.end().await
    };
    let (code, out) = LocalSet::new().run_until(test).await;
    assert_eq!(code, Code::Fine);
    let last = out.rsplit("\x1b[?7l").next().unwrap().replace("\x1b[K", "");
    let row = |name: &str| last.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(last.contains("not ready, 1 of 3 up, for 30s\n\n"), "{last}");
    let cause = "not tried again: connection `bad` (type `fake`, connections.toml:6:14) failed to connect";
    assert!(row("bad").contains("failed") && row("bad").contains(cause), "{last}");
    assert!(row("good").contains("connected") && row("good").contains("ok "), "{last}");
    assert!(row("off").contains("disabled"), "{last}");
    assert!(last.ends_with("1 connection closed in 0s\n"), "{last}");
}

#[tokio::test(start_paused = true)]
async fn a_changed_file_is_reloaded_and_an_invalid_one_is_told() {
    let toml = |seed: &str| format!("[connections.a]\ntype = 'fake'\nseed = {seed}\nlifecycle.start = 'eager'");
    let test = async {
        let watching = Watching::begin(&toml("1"), &[], None);
        watching.until("connection `a` connected (generation 1)").await;
        watching.rewrite(&toml("2"));
        watching.until("1 rebuilt").await;
        watching.rewrite(&toml("'c4nary'"));
        watching.until("not reloaded, the configuration of before stays in force").await;
        watching.end().await
    };
    let (code, out) = LocalSet::new().run_until(test).await;
    assert_eq!(code, Code::Fine);
    assert!(out.contains("connection `a` replaced (generation 2)"), "{out}");
    assert!(out.contains("connections.toml:3:8: error[") && !out.contains("c4nary"), "{out}");
}

#[tokio::test(start_paused = true)]
async fn a_terminal_that_is_gone_ends_the_command_and_closes_everything() {
    let toml = "connections.a = { type = 'fake', journal = 'cli watch gone', lifecycle.start = 'eager' }";
    let gone = |_: Written| Screen::fake(Gone, || Size { rows: 30, columns: 200 });
    let test = async { Watching::begin(toml, &[], Some(gone)).command.await.unwrap() };
    let failure = LocalSet::new().run_until(test).await.unwrap_err();
    assert_eq!(failure.report(&mut Vec::new()), Code::ClosedPipe);
    let journal = Journal::of("cli watch gone");
    assert_eq!((journal.made(), journal.live()), (journal.disconnects(), 0));
}
