//! The examples that need servers, against real ones.

#![allow(clippy::unwrap_used)]

use std::{
    env, fs,
    io::{self, BufRead, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Output, Stdio},
    time::{Duration, Instant},
};

use connection_registry_tests::{
    CANARY,
    service::{self, Service},
};
use reqwest::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Connection, PgConnection};

/// What `cargo test --workspace` has built beside the tests.
fn example(name: &str) -> Option<PathBuf> {
    let tests = env::current_exe().unwrap();
    let file = tests.ancestors().nth(2).unwrap().join("examples").join(name);
    if file.is_file() {
        return Some(file);
    }
    service::skip(&format!("the example `{name}` is not built: cargo build --workspace --examples"));
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_web_service_outlives_its_cache_and_its_database() {
    let Some(example) = example("web_service") else { return };
    let Some(database) = Service::launch(service::Postgres::default()).await else { return };
    let Some(cache) = Service::launch(service::Redis::default()).await else { return };
    let url = format!("postgres://postgres@{}/postgres", database.address());
    let mut served = Served::start(
        Command::new(example)
            .args(["serve", "127.0.0.1:0"])
            .env("CONNECTIONS_PROFILE", "postgres")
            .env("CONNECTIONS__NOTES__LIFECYCLE__CHECK_INTERVAL", "200ms")
            .env("CONNECTIONS__NOTES__ACQUIRE_TIMEOUT", "1s")
            .env("DATABASE_URL", &url)
            .env("REDIS_URL", format!("redis://{}", cache.address())),
    );

    assert_eq!(served.post("/notes", "buy bread").await, StatusCode::CREATED);
    let notes = || (StatusCode::OK, r#"[{"id":1,"text":"buy bread"}]"#.to_owned());
    assert_eq!(served.get("/notes").await, notes());
    let mut postgres = PgConnection::connect(&url).await.unwrap();
    let kept: String = sqlx::query_scalar("select text from notes").fetch_one(&mut postgres).await.unwrap();
    assert_eq!(kept, "buy bread", "the note is in PostgreSQL");

    // What the cache has is given out without the database.
    sqlx::query("update notes set text = 'changed behind the back of the cache'").execute(&mut postgres).await.unwrap();
    assert_eq!(served.get("/notes").await, notes());
    cache.kill().await.unwrap();
    assert!(served.get("/notes").await.1.contains("changed behind"), "without the cache the database is asked");
    assert_eq!(served.get("/readyz").await.0, StatusCode::OK, "the cache is not required");

    database.kill().await.unwrap();
    served.until("/readyz", StatusCode::SERVICE_UNAVAILABLE).await;
    assert_eq!(served.get("/livez").await.0, StatusCode::OK);
    assert_eq!(served.get("/notes").await, (StatusCode::SERVICE_UNAVAILABLE, "try again later\n".to_owned()));
    database.start().await.unwrap();
    served.until("/readyz", StatusCode::OK).await;
    served.until("/notes", StatusCode::OK).await;
    let output = served.end().await;
    assert!(output.contains("closed"), "{output}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_outbox_keeps_what_the_broker_could_not_take_and_sends_it_later() {
    let Some(example) = example("outbox") else { return };
    let Some(broker) = Service::launch(service::Nats::default()).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let run = async || {
        let mut command = Command::new(&example);
        command
            .env("CONNECTIONS__SHOP__URL", format!("sqlite://{}", folder.path().join("outbox.db").display()))
            .env("NATS_URL", format!("nats://{}", broker.address()));
        text(&tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap())
    };

    broker.kill().await.unwrap();
    let without = run().await;
    assert!(without.contains("the broker is not there") && without.contains("3 messages wait"), "{without}");
    broker.start().await.unwrap();
    let with = run().await;
    assert!(with.contains("6 messages were sent") && with.contains("0 messages wait"), "{with}");

    let client = async_nats::connect(broker.address().to_string()).await.unwrap();
    let stream = async_nats::jetstream::new(client).get_stream("ORDERS").await.unwrap();
    assert_eq!(stream.cached_info().state.messages, 6, "each message is there once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_tells_which_servers_can_be_used_and_why_not() {
    let Some(example) = example("own_cli") else { return };
    let password = Some(CANARY.to_owned());
    let Some(cache) = Service::launch(service::Redis { password, ..service::Redis::default() }).await else { return };
    let Some(database) = Service::launch(service::Postgres::default()).await else { return };
    database.kill().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("connections.toml");
    let redis = |name: &str, password: &str| {
        format!(
            "[connections.{name}]\ntype = 'redis'\nhost = '127.0.0.1'\nport = {}\npassword = '{password}'\n",
            cache.port()
        )
    };
    let dead = format!(
        "[connections.dead]\ntype = 'postgres'\nhost = '127.0.0.1'\nport = {}\nuser = 'postgres'\ndatabase = 'postgres'\n",
        database.port()
    );
    fs::write(&file, [redis("cache", CANARY), redis("intruder", "wr0ng-c4nary"), dead].concat()).unwrap();
    let run = async |names: &[&str]| {
        let mut command = Command::new(&example);
        command.arg("test").args(names).arg("--config").arg(&file).args(["--timeout", "2s"]);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    };

    let all = run(&[]).await;
    let report = [&all.stdout[..], &all.stderr].map(String::from_utf8_lossy).concat();
    assert_eq!(all.status.code(), Some(1), "{report}");
    let row = |name: &str| report.lines().find(|line| line.contains(name)).map(str::to_owned).unwrap_or_default();
    assert!(row("cache").contains("ok"), "{report}");
    assert!(row("intruder").contains("failed") && report.contains("does not accept the credentials"), "{report}");
    assert!(row("dead").contains("failed") && report.contains("refused"), "{report}");
    assert!(!report.contains("c4nary"), "{report}");
    assert_eq!(run(&["cache"]).await.status.code(), Some(0));
}

/// A running example that serves.
struct Served {
    process: Child,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Served {
    fn start(command: &mut Command) -> Self {
        // The client below has none of its own, even without TLS.
        tokio_rustls::rustls::crypto::ring::default_provider().install_default().ok();
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening at http://").expect(&line).parse().unwrap();
        Self { process, output, address }
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let answer = reqwest::get(self.url(path)).await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    }

    async fn post(&self, path: &str, body: &'static str) -> StatusCode {
        reqwest::Client::new().post(self.url(path)).body(body).send().await.unwrap().status()
    }

    /// Waits until that is the answer.
    async fn until(&self, path: &str, status: StatusCode) {
        let begin = Instant::now();
        while self.get(path).await.0 != status {
            assert!(begin.elapsed() < PATIENCE, "{path} does not answer {status}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Interrupts it, as Ctrl-C does, and gives what it printed since it began to serve.
    async fn end(&mut self) -> String {
        kill_process(self.pid(), Signal::INT).unwrap();
        let status = self.process.wait().unwrap();
        let output = io::read_to_string(&mut self.output).unwrap();
        assert!(status.success(), "{status}: {output}");
        output
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.process)
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // After `end` there is nothing left to kill.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

fn text(output: &Output) -> String {
    let text = [&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat();
    assert!(output.status.success(), "{text}");
    text
}

/// Longer than any of it takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
