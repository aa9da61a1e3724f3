//! What starts the servers of the other tests: each of them is started, ended in every way, and leaves nothing.

use std::{
    collections::BTreeSet,
    env, fs,
    io::{self, BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use connection_registry_tests::service::{
    Etcd, Kafka, MariaDb, Memcached, Mosquitto, Nats, NatsLogin, Plan, Postgres, RabbitMq, Recipe, Redis, S3, Service,
    Site, Slapd, Smtp, Sshd, Tls,
};

/// Through a life of a server.
async fn check<R: Recipe>(recipe: R) {
    let Some(server) = Service::launch(recipe).await else { return };
    assert!(accepts(&server));

    server.freeze().await.expect("it runs");
    assert!(states(&server).iter().all(|state| *state == 'T'), "{:?}", states(&server));
    server.thaw().await.expect("it runs");
    assert!(!states(&server).contains(&'T'), "{:?}", states(&server));

    let (port, killed) = (server.port(), server.processes());
    server.kill().await.expect("it runs");
    assert!(!accepts(&server));
    assert_eq!(running(&killed), [0; 0]);

    server.start().await.expect("it starts again");
    assert_eq!(server.port(), port);
    assert!(accepts(&server));

    let (folder, last) = (server.folder().to_owned(), server.processes());
    assert!(!last.is_empty());
    drop(server);
    assert_eq!(running(&last), [0; 0]);
    assert!(!folder.exists());
}

/// A polite end, and another start.
async fn check_stop<R: Recipe>(recipe: R) {
    let Some(server) = Service::launch(recipe).await else { return };
    let processes = server.processes();
    let begun = Instant::now();
    server.stop().await.expect("it runs");
    assert!(begun.elapsed() < Duration::from_secs(20), "it did not end by itself: {:?}", begun.elapsed());
    assert!(!accepts(&server));
    assert_eq!(running(&processes), [0; 0]);
    assert!(server.stop().await.is_err() && server.kill().await.is_err() && server.freeze().await.is_err());
}

fn accepts(server: &Service) -> bool {
    // A connection from a random port can meet itself.
    TcpStream::connect(server.address()).is_ok_and(|stream| stream.local_addr().ok() != Some(server.address()))
}

/// The states of its processes, as `/proc` has them.
fn states(server: &Service) -> Vec<char> {
    server.processes().into_iter().filter_map(state).collect()
}

fn state(process: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Those of these processes that have not ended.
fn running(processes: &[u32]) -> Vec<u32> {
    processes.iter().copied().filter(|&process| state(process).is_some_and(|state| state != 'Z')).collect()
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "not within half a minute: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn secret() -> Option<String> {
    Some("secret".to_owned())
}

fn user() -> Option<(String, String)> {
    Some(("app".to_owned(), "secret".to_owned()))
}

/// Each server with two sets of options: as it is by default, and as strict as it can be.
macro_rules! servers {
    ($($name:ident: $default:expr, $strict:expr;)*) => {
        mod life {
            use super::*;
            $(
                #[tokio::test]
                async fn $name() {
                    check($default).await;
                }
            )*
        }
        mod stop {
            use super::*;
            $(
                #[tokio::test]
                async fn $name() {
                    check_stop($strict).await;
                }
            )*
        }
    };
}

servers! {
    postgres: Postgres::default(), Postgres { password: secret(), tls: Tls::Mutual, ..Postgres::default() };
    mariadb: MariaDb::default(), MariaDb { password: "secret".to_owned(), tls: Tls::Mutual, ..MariaDb::default() };
    redis: Redis::default(), Redis { password: secret(), user: user(), tls: Tls::Mutual };
    rabbitmq: RabbitMq::default(), RabbitMq { vhost: "app".to_owned(), tls: Tls::Mutual, ..RabbitMq::default() };
    nats: Nats::default(), Nats { login: NatsLogin::Token("secret".to_owned()), tls: Tls::Mutual };
    mosquitto: Mosquitto::default(), Mosquitto { user: user(), tls: Tls::Mutual };
    memcached: Memcached, Memcached;
    etcd: Etcd::default(), Etcd { user: user(), tls: Tls::Mutual };
    slapd: Slapd::default(), Slapd { tls: Tls::Mutual, starttls: true, ..Slapd::default() };
    sshd: Sshd::default(), Sshd { forwarding: false, ..Sshd::default() };
    smtp: Smtp::default(), Smtp { user: user(), tls: Tls::Mutual, implicit: true };
    s3: S3::default(), S3 { key: user() };
    kafka: Kafka, Kafka;
}

#[tokio::test]
async fn the_sockets_of_an_s3_server_in_the_common_folder_go_with_it() {
    let before = dead_sockets();
    let Some(server) = Service::launch(S3::default()).await else { return };
    assert!(server.folder().join("s3.sock").exists());
    drop(server);
    // Those of another test may be dead for a moment.
    let end = Instant::now() + Duration::from_secs(10);
    while !dead_sockets().is_subset(&before) {
        assert!(Instant::now() < end, "{:?}", dead_sockets());
        thread::sleep(Duration::from_millis(20));
    }
}

/// The sockets of S3 servers in the common folder at which nobody listens.
fn dead_sockets() -> BTreeSet<PathBuf> {
    let files = fs::read_dir("/tmp").expect("there is one").filter_map(|entry| Some(entry.ok()?.path()));
    let ours =
        files.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("seaweedfs-")));
    ours.filter(|path| UnixStream::connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused))
        .collect()
}

/// Ends at once and says why.
struct Broken;

impl Recipe for Broken {
    const NAME: &'static str = "the cellar";
    const PROGRAMS: &'static [&'static str] = &["sh"];
    const PACKAGE: &'static str = "Debian package dash";

    fn prepare(&self, site: &Site) -> Plan {
        let mut command = site.command("sh");
        command.args(["-c", "echo 'it is flooded' >&2; exit 3"]);
        Plan::new(command)
    }
}

/// Nobody has it.
struct Missing;

impl Recipe for Missing {
    const NAME: &'static str = "the attic";
    const PROGRAMS: &'static [&'static str] = &["no-program-of-this-name"];
    const PACKAGE: &'static str = "Debian package attic";

    fn prepare(&self, _site: &Site) -> Plan {
        unreachable!("it is not installed")
    }
}

/// The message with which a launch panics.
async fn panic_of<R: Recipe>(recipe: R) -> Option<String> {
    let panic = tokio::spawn(Service::launch(recipe)).await.err()?.into_panic();
    panic.downcast_ref::<String>().cloned()
}

#[tokio::test]
async fn a_server_that_does_not_start_shows_its_log() {
    let message = panic_of(Broken).await.expect("it cannot start");
    assert!(message.contains("the cellar ended at once") && message.contains("it is flooded"), "{message}");
}

#[tokio::test]
async fn a_server_that_is_not_installed_is_skipped_unless_it_is_required() {
    let expected = env::var("REQUIRE_SERVICES").is_ok_and(|value| value == "1");
    let message = panic_of(Missing).await;
    assert_eq!(message.is_some(), expected);
    assert!(message.is_none_or(|message| message.contains("Debian package attic")));
}

#[tokio::test]
async fn a_start_waits_for_a_port_that_somebody_else_has() {
    let Some(server) = Service::launch(Memcached).await else { return };
    server.kill().await.unwrap();
    let somebody = TcpListener::bind(server.address()).unwrap();
    let log = server.folder().join("server.log");
    let leave = tokio::task::spawn_blocking(move || {
        wait_until("a start fails", || fs::read_to_string(&log).is_ok_and(|log| log.contains("in use")));
        drop(somebody);
    });
    server.start().await.unwrap();
    leave.await.unwrap();
    assert!(accepts(&server));
}

/// Set for the process that is to be killed.
const VICTIM: &str = "CONNECTION_REGISTRY_TEST_VICTIM";

/// Not a test: what is killed by the next one.
#[tokio::test]
async fn victim() {
    if env::var_os(VICTIM).is_none() {
        return;
    }
    let Some(server) = Service::launch(Postgres::default()).await else { return };
    server.freeze().await.unwrap();
    let processes: Vec<_> = server.processes().iter().map(u32::to_string).collect();
    writeln!(io::stdout(), "\nvictim: {} {}", server.folder().display(), processes.join(" ")).unwrap();
    std::future::pending::<()>().await;
}

#[test]
fn a_test_process_that_is_killed_leaves_nothing() {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "harness::victim"]).env(VICTIM, "1").stdout(Stdio::piped());
    let mut victim = command.spawn().unwrap();
    let said = read_victim(victim.stdout.take().unwrap());
    victim.kill().unwrap();
    victim.wait().unwrap();
    let Some((folder, processes)) = said else { return };
    assert!(processes.len() > 3, "PostgreSQL has many processes: {processes:?}");
    wait_until("nothing is left", || running(&processes).is_empty() && !folder.exists());
}

/// The folder and the processes of its server; `None` when that is not installed.
fn read_victim(output: impl io::Read) -> Option<(PathBuf, Vec<u32>)> {
    let line = BufReader::new(output).lines().map_while(Result::ok).find(|line| line.starts_with("victim: "))?;
    let mut words = line.split(' ').skip(1);
    let folder = Path::new(words.next()?).to_owned();
    Some((folder, words.filter_map(|word| word.parse().ok()).collect()))
}
