//! `ssh-tunnel` through OpenSSH's server, and `postgres` behind it.
#![allow(clippy::unwrap_used)]

use std::{
    fmt::Display,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use connection_registry::{
    BoxError, Conn, ConnectionManager, ConnectionState, Error,
    connectors::{self, SshTunnel, Tunnel},
    testing::conformance::{Fault, LogCapture, Suite},
};
use connection_registry_tests::{
    CANARY, manager,
    proof::assert_proven,
    service::{Postgres, Service, Sshd, Tls, User, find},
};
use russh::{
    keys::{Algorithm, PrivateKey},
    server::{self, Auth},
};
use sqlx::PgPool;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy, split},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::sleep,
};

#[tokio::test]
async fn conforms() {
    LogCapture::install().unwrap();
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let echo = Echo::start().await;
    let (key, stranger) = (encrypted_key(&sshd), new_key(sshd.folder(), "stranger"));
    let (host_key, other) = (Sshd::host_key(&sshd), public_key(&stranger));
    let user = User::current().name;
    let fields = move |host: &str, port: u16, key: &Path, host_key: &str| {
        let key = format!("key = '{}'\npassphrase = '{CANARY}'", key.display());
        format!("host = '{host}'\nport = {port}\nuser = '{user}'\n{key}\nhost_key = '{host_key}'\n")
    };
    let good = fields("127.0.0.1", sshd.port(), &key, &host_key);
    let no_hosts = sshd.folder().join("no_known_hosts");
    let unknown = good.replace(&format!("host_key = '{host_key}'"), &format!("known_hosts = '{}'", no_hosts.display()));
    let stranger = fields("127.0.0.1", sshd.port(), &stranger, &host_key);
    let stranger = stranger.replace("passphrase", "# passphrase");
    let changed = fields("127.0.0.1", sshd.port(), &key, &other);
    let address = echo.address;
    let suite = Suite::<SshTunnel>::new(&good)
        .with_use(move |tunnel| round_trip(tunnel, address))
        .with_peers(move |host, port| fields(host, port, &key, &host_key))
        .with_change(format!("{good}keep_alive_interval = '9s'\n"))
        .with_broken("a key that the server does not know", stranger, Fault::Permanent)
        .with_broken("an unknown host key", unknown, Fault::Permanent)
        .with_broken("a changed host key", changed, Fault::Permanent)
        .with_broken("a key without its passphrase", good.replace("passphrase", "# passphrase"), Fault::Permanent)
        .with_broken("another passphrase", good.replace(CANARY, "another"), Fault::Permanent)
        .with_broken("no such key", good.replace("encrypted_key", "none"), Fault::Permanent)
        .with_server(Arc::new(sshd))
        .canary(CANARY);
    let report = suite.run().await;
    assert_proven("ssh-tunnel", &report);
}

#[tokio::test]
async fn postgres_conforms_when_its_tunnel_dies() {
    let Some((sshd, postgres)) = both(Sshd::default(), with_password()).await else { return };
    let fields = behind(&sshd, &postgres);
    let suite = Suite::<connectors::Postgres>::new(&fields)
        .with_type::<SshTunnel>()
        .with_use(query)
        .with_change(format!("{fields}keep_alive_interval = '9s'\n"))
        .with_server(Arc::new(sshd))
        .canary(CANARY);
    let report = suite.run().await;
    report.assert_clean();
}

#[tokio::test]
async fn postgres_conforms_when_it_dies_behind_its_tunnel() {
    let Some((sshd, postgres)) = both(Sshd::default(), with_password()).await else { return };
    let fields = behind(&sshd, &postgres);
    let (peers, port) = (fields.clone(), postgres.port());
    let suite = Suite::<connectors::Postgres>::new(&fields)
        .with_type::<SshTunnel>()
        .with_use(query)
        .with_peers(move |host, other| {
            let moved = peers.replacen("'127.0.0.1'", &format!("'{host}'"), 1);
            moved.replacen(&format!("port = {port}"), &format!("port = {other}"), 1)
        })
        .with_change(fields.replacen("max_connections = 5", "max_connections = 4", 1))
        .with_broken("another password", fields.replacen(CANARY, "another", 1), Fault::Permanent)
        .with_server(Arc::new(postgres))
        .canary(CANARY);
    let report = suite.run().await;
    report.assert_clean();
}

#[tokio::test]
async fn what_is_behind_a_tunnel_works_again_by_itself_after_its_server_returns() {
    let Some((sshd, postgres)) = both(Sshd::default(), with_password()).await else { return };
    let connections = manager(&connections(&sshd, &postgres));
    let db = connections.get::<PgPool>("db").await.unwrap();
    query(db.clone()).await.unwrap();
    sshd.kill().await.unwrap();
    assert!(query(db.clone()).await.is_err());
    // A check names the server, and not the local end of its tunnel.
    let error = text_of(&connections.check("db").await.unwrap_err());
    assert!(error.contains(&format!("127.0.0.1:{} through bastion", postgres.port())), "{error}");
    sshd.start().await.unwrap();
    let begun = Instant::now();
    wait_until("the pool of before works", async || query(db.clone()).await.is_ok()).await;
    say(format!("a pool behind a tunnel was back after {:?}", begun.elapsed()));
    connections.check("bastion").await.unwrap();
    connections.shutdown(Duration::from_secs(10)).await;
}

#[tokio::test]
async fn a_frozen_server_is_noticed_and_the_tunnel_dialled_again() {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let echo = Echo::start().await;
    let connections = manager(&format!("{}keep_alive_interval = '200ms'\n", bastion(&sshd)));
    let tunnel = connections.get::<Tunnel>("bastion").await.unwrap();
    let mut stream = through(&tunnel, echo.address).await;
    sshd.freeze().await.unwrap();
    // The tunnel is cut, and with it what goes through.
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut [0; 1])).await;
    assert!(matches!(read, Ok(Ok(0) | Err(_))), "{read:?}");
    sshd.thaw().await.unwrap();
    wait_until("the tunnel leads on", async || round_trip(tunnel.clone(), echo.address).await.is_ok()).await;
}

#[tokio::test]
async fn a_server_may_be_known_by_its_file_its_key_or_its_fingerprint() {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let host_key = Sshd::host_key(&sshd);
    let known = |line: &str| {
        fs::write(sshd.folder().join("known_hosts"), line).unwrap();
        format!("known_hosts = '{}'", sshd.folder().join("known_hosts").display())
    };
    let print = fingerprint(&sshd.folder().join("host_key.pub"));
    let good = [format!("host_key = '{print}'"), known(&format!("[127.0.0.1]:{} {host_key}\n", sshd.port()))];
    for trust in good {
        manager(&bastion_by(&sshd, &trust)).get::<Tunnel>("bastion").await.unwrap();
    }
    // Both ways to allow it, and whose fingerprint it is.
    let error = refusal(&bastion_by(&sshd, &known(""))).await;
    let line = format!("add the line `[127.0.0.1]:{} {}", sshd.port(), without_comment(&host_key));
    assert!(error.contains(&line) && error.contains(&format!("host_key = \"{print}\"")), "{error}");
    let stranger = public_key(&new_key(sshd.folder(), "stranger"));
    let error = refusal(&bastion_by(&sshd, &known(&format!("[127.0.0.1]:{} {stranger}", sshd.port())))).await;
    assert!(error.contains("not the one of line 1") && error.contains(&print), "{error}");
}

#[tokio::test]
async fn a_tunnel_that_may_not_lead_on_says_so() {
    let sshd = Sshd { forwarding: false, ..Sshd::default() };
    let Some((sshd, postgres)) = both(sshd, with_password()).await else { return };
    let toml = connections(&sshd, &postgres);
    let connections = manager(&toml);
    connections.get::<Tunnel>("bastion").await.unwrap();
    let error = connections.get::<PgPool>("db").await.unwrap_err();
    let text = text_of(&error);
    assert!(text.contains("does not let this user connect to") && text.contains("AllowTcpForwarding"), "{text}");
    assert!(text.contains(&format!("`127.0.0.1:{}`", postgres.port())) && !error.is_retryable(), "{text}");
    let target = format!("{}target = '127.0.0.1:{}'\n", bastion(&sshd), postgres.port());
    let text = refusal(&target).await;
    assert!(text.contains("does not let this user connect to"), "{text}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_by_its_own_name() {
    let Some((sshd, postgres)) = both(Sshd::default(), with_password()).await else { return };
    let toml = connections(&sshd, &postgres).replacen("host = '127.0.0.1'", "host = 'no-such-host.invalid'", 1);
    let connections = manager(&format!("defaults.lifecycle.connect_timeout = '3s'\n{toml}"));
    let text = text_of(&connections.get::<PgPool>("db").await.unwrap_err());
    let server = format!("cannot connect to `no-such-host.invalid:{}`", postgres.port());
    assert!(text.contains(&server) && text.contains(&format!("127.0.0.1:{}", sshd.port())), "{text}");
}

#[tokio::test]
async fn a_target_has_a_local_address() {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let echo = Echo::start().await;
    let connections = manager(&format!("{}target = '{}'\n", bastion(&sshd), echo.address));
    let tunnel = connections.get::<Tunnel>("bastion").await.unwrap();
    let local = tunnel.local_address().expect("it has a target");
    let host = echo.address.ip().to_string();
    assert_eq!(tunnel.forward(&host, echo.address.port()).await.unwrap(), local);
    assert!(local.ip().is_loopback() && local != echo.address);
    // Also a lot, with an end: half of it closes before the other half.
    let mut stream = TcpStream::connect(local).await.unwrap();
    let sent = vec![7; 1 << 20];
    let (mut reader, mut writer) = stream.split();
    let mut received = Vec::new();
    let write = async {
        writer.write_all(&sent).await.unwrap();
        writer.shutdown().await.unwrap();
    };
    let (_, read) = tokio::join!(write, reader.read_to_end(&mut received));
    read.unwrap();
    assert_eq!(received.len(), sent.len());
}

#[tokio::test]
async fn many_go_through_at_once_and_none_is_held_up() {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let echo = Echo::start().await;
    let connections = manager(&bastion(&sshd));
    let tunnel = connections.get::<Tunnel>("bastion").await.unwrap();
    let mut users = JoinSet::new();
    for _ in 0..8 {
        let (tunnel, address) = (tunnel.clone(), echo.address);
        users.spawn(async move {
            let mut longest = Duration::ZERO;
            for _ in 0..100 {
                let begun = Instant::now();
                round_trip(tunnel.clone(), address).await.unwrap();
                longest = longest.max(begun.elapsed());
            }
            let mut stream = through(&tunnel, address).await;
            for _ in 0..500 {
                let begun = Instant::now();
                stream.write_all(b"?").await.unwrap();
                stream.read_exact(&mut [0; 1]).await.unwrap();
                longest = longest.max(begun.elapsed());
            }
            longest
        });
    }
    let longest = users.join_all().await.into_iter().max().unwrap();
    say(format!("the longest of 4800 round trips through a tunnel took {longest:?}"));
    assert!(longest < Duration::from_secs(5), "{longest:?}");
}

#[tokio::test]
async fn a_shutdown_ends_dependents_first_and_leaves_no_port() {
    let Some((sshd, postgres)) = both(Sshd::default(), with_password()).await else { return };
    let connections = manager(&connections(&sshd, &postgres));
    query(connections.get::<PgPool>("db").await.unwrap()).await.unwrap();
    let tunnel = connections.get::<Tunnel>("bastion").await.unwrap();
    let local = tunnel.forward("127.0.0.1", postgres.port()).await.unwrap();
    drop(tunnel);
    let (begun, mut events) = (Instant::now(), connections.subscribe());
    let report = connections.shutdown(Duration::from_secs(10)).await;
    assert!(report.is_clean(), "{report}");
    let closed = std::iter::from_fn(|| events.try_next()).filter(|event| event.state == ConnectionState::Closed);
    assert_eq!(closed.map(|event| event.connection).collect::<Vec<_>>(), ["db", "bastion"]);
    assert!(begun.elapsed() < Duration::from_secs(2), "nobody was there to be waited for: {:?}", begun.elapsed());
    assert!(TcpStream::connect(local).await.is_err());
}

#[tokio::test]
async fn a_tunnel_that_is_dropped_leaves_nothing() {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let echo = Echo::start().await;
    let connections = manager(&bastion(&sshd));
    let tunnel = connections.get::<Tunnel>("bastion").await.unwrap();
    let mut stream = through(&tunnel, echo.address).await;
    let local = stream.peer_addr().unwrap();
    drop((tunnel, connections));
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut [0; 1])).await;
    assert!(matches!(read, Ok(Ok(0) | Err(_))), "{read:?}");
    wait_until("the port is closed", async || TcpStream::connect(local).await.is_err()).await;
}

#[tokio::test]
async fn tls_goes_through_a_tunnel() {
    let Some((sshd, postgres)) = both(Sshd::default(), Postgres { tls: Tls::Server, ..with_password() }).await else {
        return;
    };
    let toml = |ca: &Path| {
        let tls = format!("tls = {{ mode = 'verify-ca', ca = '{}' }}\ntunnel", ca.display());
        connections(&sshd, &postgres).replacen("tunnel", &tls, 1)
    };
    query(manager(&toml(&postgres.authority().certificate())).get::<PgPool>("db").await.unwrap()).await.unwrap();
    let error = manager(&toml(&postgres.authority().stranger())).get::<PgPool>("db").await.unwrap_err();
    assert!(!error.is_retryable(), "{error}");
}

#[tokio::test]
async fn an_agent_logs_in() {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    if find("ssh-agent").is_none() || find("ssh-add").is_none() {
        return;
    }
    let agent = Agent::start(sshd.folder());
    let toml = bastion(&sshd).replace(&key_line(&sshd), &format!("agent = '{}'", agent.socket.display()));
    let text = refusal(&toml).await;
    assert!(text.contains("does not accept the credentials") && text.contains("the agent has no key"), "{text}");
    agent.add(&new_key(sshd.folder(), "stranger"));
    agent.add(&Sshd::client_key(&sshd));
    manager(&toml).get::<Tunnel>("bastion").await.unwrap();
    drop(agent);
    let error = manager(&format!("defaults.lifecycle.connect_timeout = '1s'\n{toml}")).get::<Tunnel>("bastion").await;
    assert!(text_of(&error.unwrap_err()).contains("no agent answers at"));
}

#[tokio::test]
async fn a_password_of_any_characters_logs_in() {
    let server = PasswordServer::start().await;
    let toml = |password: &str| {
        let address = format!("host = '{}'\nport = {}", server.address.ip(), server.address.port());
        let trust = format!("host_key = '{}'", server.host_key);
        format!("[connections.bastion]\ntype = 'ssh-tunnel'\n{address}\nuser = 'u'\npassword = '{password}'\n{trust}\n")
    };
    manager(&toml(CANARY)).get::<Tunnel>("bastion").await.unwrap();
    let text = refusal(&toml("another")).await;
    assert!(text.contains("does not accept the credentials"), "{text}");
}

/// Writes to a server behind the tunnel and reads it back.
async fn round_trip(tunnel: Conn<Tunnel>, server: SocketAddr) -> Result<(), BoxError> {
    let local = tunnel.forward(&server.ip().to_string(), server.port()).await?;
    let mut stream = TcpStream::connect(local).await?;
    stream.write_all(b"hello").await?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await?;
    if &answer == b"hello" { Ok(()) } else { Err("another answer".into()) }
}

/// An open connection through the tunnel.
async fn through(tunnel: &Tunnel, server: SocketAddr) -> TcpStream {
    let local = tunnel.forward(&server.ip().to_string(), server.port()).await.unwrap();
    let mut stream = TcpStream::connect(local).await.unwrap();
    stream.write_all(b"!").await.unwrap();
    stream.read_exact(&mut [0; 1]).await.unwrap();
    stream
}

async fn query(pool: Conn<PgPool>) -> Result<(), BoxError> {
    let one: i32 = sqlx::query_scalar("select 1").fetch_one(&*pool).await?;
    if one == 1 { Ok(()) } else { Err("another number".into()) }
}

async fn both(sshd: Sshd, postgres: Postgres) -> Option<(Service, Service)> {
    Some((Service::launch(sshd).await?, Service::launch(postgres).await?))
}

fn with_password() -> Postgres {
    Postgres { password: Some(CANARY.to_owned()), ..Postgres::default() }
}

/// A database behind a tunnel.
fn connections(sshd: &Service, postgres: &Service) -> String {
    format!("[connections.db]\ntype = 'postgres'\n{}", behind(sshd, postgres))
}

/// The fields of a database, and the tunnel behind them.
fn behind(sshd: &Service, postgres: &Service) -> String {
    let port = postgres.port();
    format!(
        "host = '127.0.0.1'\nport = {port}\nuser = 'postgres'\npassword = '{CANARY}'\nmax_connections = 5\n\
         acquire_timeout = '2s'\ntunnel = 'bastion'\n{}",
        bastion(sshd)
    )
}

/// A tunnel with all that it needs; more of its fields may follow.
pub(crate) fn bastion(sshd: &Service) -> String {
    bastion_by(sshd, &format!("host_key = '{}'", Sshd::host_key(sshd)))
}

fn bastion_by(sshd: &Service, trust: &str) -> String {
    let (port, user, key) = (sshd.port(), User::current().name, key_line(sshd));
    format!(
        "[connections.bastion]\ntype = 'ssh-tunnel'\nhost = '127.0.0.1'\nport = {port}\nuser = '{user}'\n{key}\n{trust}\n"
    )
}

fn key_line(sshd: &Service) -> String {
    format!("key = '{}'", Sshd::client_key(sshd).display())
}

/// The permanent error of the connection `bastion`.
async fn refusal(toml: &str) -> String {
    let connections: ConnectionManager = manager(toml);
    let error = connections.get::<Tunnel>("bastion").await.unwrap_err();
    let text = text_of(&error);
    assert!(!error.is_retryable() && !text.contains("c4nary"), "{text}");
    text
}

pub(crate) fn text_of(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

pub(crate) async fn wait_until(what: &str, is_so: impl AsyncFn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is_so().await {
        assert!(Instant::now() < end, "not within 20 seconds: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// The key of a client that the server lets in, encrypted with the canary.
fn encrypted_key(sshd: &Service) -> PathBuf {
    let key = sshd.folder().join("encrypted_key");
    fs::copy(Sshd::client_key(sshd), &key).unwrap();
    keygen(["-p", "-a", "1", "-P", "", "-N", CANARY, "-f"], &key);
    key
}

fn new_key(folder: &Path, name: &str) -> PathBuf {
    let key = folder.join(name);
    keygen(["-t", "ed25519", "-N", "", "-C", "", "-f"], &key);
    key
}

fn public_key(key: &Path) -> String {
    fs::read_to_string(key.with_extension("pub")).unwrap().trim().to_owned()
}

fn without_comment(key: &str) -> String {
    key.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

fn fingerprint(public_key: &Path) -> String {
    let output = keygen(["-l", "-E", "sha256", "-f"], public_key);
    output.split(' ').nth(1).expect("it shows the fingerprint").to_owned()
}

fn keygen<const N: usize>(arguments: [&str; N], file: &Path) -> String {
    let output = Command::new(find("ssh-keygen").unwrap()).args(arguments).arg(file).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// For whoever runs the tests with `--nocapture`.
#[allow(clippy::print_stdout)]
fn say(text: impl Display) {
    println!("{text}");
}

/// A server that says what it is told.
struct Echo {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Echo {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut reader, mut writer) = split(stream);
                    copy(&mut reader, &mut writer).await.ok();
                    writer.shutdown().await.ok();
                });
            }
        });
        Self { address, task }
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An agent of keys that ends with the test.
struct Agent {
    process: Child,
    socket: PathBuf,
}

impl Agent {
    fn start(folder: &Path) -> Self {
        let socket = folder.join("agent");
        let mut command = Command::new(find("ssh-agent").unwrap());
        command.arg("-D").arg("-a").arg(&socket).stdin(Stdio::null()).stdout(Stdio::null());
        let process = command.spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(10);
        while !socket.exists() {
            assert!(Instant::now() < end, "the agent did not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        Self { process, socket }
    }

    fn add(&self, key: &Path) {
        let mut add = Command::new(find("ssh-add").unwrap());
        let output = add.arg("-q").arg(key).env("SSH_AUTH_SOCK", &self.socket).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// A server of SSH that lets in who knows the canary, and leads nowhere.
struct PasswordServer {
    address: SocketAddr,
    host_key: String,
    task: JoinHandle<()>,
}

impl PasswordServer {
    async fn start() -> Self {
        let key = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).unwrap();
        let host_key = key.public_key().to_openssh().unwrap();
        let rejection = Duration::from_millis(10);
        let config = server::Config { keys: vec![key], auth_rejection_time: rejection, ..server::Config::default() };
        let (config, listener) = (Arc::new(config), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let config = Arc::clone(&config);
                tokio::spawn(async move {
                    if let Ok(session) = server::run_stream(config, stream, KnowsTheCanary).await {
                        session.await.ok();
                    }
                });
            }
        });
        Self { address, host_key, task }
    }
}

impl Drop for PasswordServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct KnowsTheCanary;

impl server::Handler for KnowsTheCanary {
    type Error = russh::Error;

    async fn auth_password(&mut self, _: &str, password: &str) -> Result<Auth, russh::Error> {
        Ok(if password == CANARY { Auth::Accept } else { Auth::reject() })
    }
}
