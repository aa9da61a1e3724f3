//! A protocol of lines over TCP: a server of it, and a connection type whose clients do not heal themselves.

use std::{
    collections::HashMap,
    fmt, io,
    net::SocketAddr,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use connection_registry::{
    BoxError, ConnectContext, ConnectError, Connection, ConnectionManager, Error, Secret, connection_type,
};
use connection_registry_tests::{manager, proxy::Proxy};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufStream},
    net::{TcpListener, TcpStream},
    sync::Mutex as AsyncMutex,
    task::AbortHandle,
};

/// Says `+` and something to each line, and `-` to a wrong password. It ends when it is dropped.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    logins: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Server {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let logins = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn(serve(listener, Arc::clone(&logins))).abort_handle();
        Self { address, logins, task }
    }

    /// How often somebody tried to log in.
    pub(super) fn logins(&self) -> usize {
        self.logins.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, logins: Arc<AtomicUsize>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(BufStream::new(stream), Arc::clone(&logins)));
    }
}

async fn answer(mut stream: BufStream<TcpStream>, logins: Arc<AtomicUsize>) -> io::Result<()> {
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let said = line.trim_end();
        if said.starts_with("AUTH ") {
            logins.fetch_add(1, Ordering::SeqCst);
        }
        let answer = match said.strip_prefix("AUTH ") {
            // As careless servers do.
            Some(password) if password != PASSWORD => format!("-no login with {password}\n"),
            _ => format!("+{}\n", "a long answer ".repeat(20)),
        };
        stream.write_all(answer.as_bytes()).await?;
        stream.flush().await?;
        line.clear();
    }
    Ok(())
}

/// A connection to such a server.
#[connection_type("line")]
struct Line {
    /// An address, or a name that [`resolve_to`] knows.
    host: String,
    port: u16,
    password: Secret,
}

/// A client: one socket. Once it is broken it stays so.
pub(super) struct LineClient {
    pub(super) peer: SocketAddr,
    stream: AsyncMutex<BufStream<TcpStream>>,
}

impl Connection for Line {
    type Client = LineClient;

    async fn connect(&self, _: &ConnectContext) -> Result<LineClient, BoxError> {
        CONNECTS.fetch_add(1, Ordering::SeqCst);
        let client = self.reach().await.map_err(|cause| self.unreachable(cause))?;
        let answer = client.say(&format!("AUTH {}", self.password.expose())).await;
        match answer.map_err(|cause| self.unreachable(cause))? {
            welcome if welcome.starts_with(b"+") => Ok(client),
            refusal if refusal.starts_with(b"-") => {
                Err(ConnectError::permanent(String::from_utf8_lossy(&refusal).into_owned()).into())
            }
            _ => Err(ConnectError::permanent(format!("{} does not speak the protocol", self.server())).into()),
        }
    }

    async fn check(&self, client: &LineClient) -> Result<(), BoxError> {
        client.ping().await.map_err(|cause| self.unreachable(cause).into())
    }

    async fn disconnect(&self, client: &LineClient) -> Result<(), BoxError> {
        match client.say("QUIT").await.map_err(|cause| self.unreachable(cause))? {
            answer if answer.starts_with(b"+") => Ok(()),
            _ => Err("it did not say goodbye".into()),
        }
    }

    fn endpoint(&self) -> Option<String> {
        Some(self.server())
    }
}

impl Line {
    fn server(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The first address that answers.
    async fn reach(&self) -> io::Result<LineClient> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "no such host");
        for address in self.addresses() {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    return Ok(LineClient { peer: address, stream: AsyncMutex::new(BufStream::new(stream)) });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        match self.host.parse() {
            Ok(ip) => vec![SocketAddr::new(ip, self.port)],
            Err(_) => hosts().get(&self.host).cloned().unwrap_or_default(),
        }
    }

    fn unreachable(&self, cause: io::Error) -> Unreachable {
        Unreachable { server: self.server(), cause }
    }
}

impl LineClient {
    /// One round trip.
    pub(super) async fn ping(&self) -> io::Result<()> {
        let answer = self.say("PING").await?;
        if answer.starts_with(b"+") { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    async fn say(&self, line: &str) -> io::Result<Vec<u8>> {
        let mut stream = self.stream.lock().await;
        stream.write_all(format!("{line}\n").as_bytes()).await?;
        stream.flush().await?;
        let mut answer = Vec::new();
        stream.read_until(b'\n', &mut answer).await?;
        if answer.pop() == Some(b'\n') { Ok(answer) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// What went wrong on the way to the server.
#[derive(Debug)]
struct Unreachable {
    server: String,
    cause: io::Error,
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no answer from {}", self.server)
    }
}

impl std::error::Error for Unreachable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

/// From now on the name `host` stands for these addresses. Use a name of the test's own.
pub(super) fn resolve_to(host: &str, addresses: &[SocketAddr]) {
    hosts().insert(host.to_owned(), addresses.to_vec());
}

/// How often a connect was begun in this process.
pub(super) fn connects() -> usize {
    CONNECTS.load(Ordering::SeqCst)
}

/// A manager of one connection `line` through `proxy`, with timeouts of a second and short pauses.
pub(super) fn through(proxy: &Proxy, more: &str) -> ConnectionManager {
    let (host, port) = (proxy.address().ip(), proxy.address().port());
    manager(&declaration("line", &host.to_string(), port, more))
}

/// The declaration of one such connection.
pub(super) fn declaration(name: &str, host: &str, port: u16, more: &str) -> String {
    format!(
        "[connections.{name}]\ntype = 'line'\nhost = '{host}'\nport = {port}\npassword = '{PASSWORD}'\n\
         lifecycle.connect_timeout = '1s'\nlifecycle.disconnect_timeout = '1s'\n\
         lifecycle.retry = {{ base = '20ms', max = '100ms' }}\n{more}\n"
    )
}

/// No text of the error has the password, in no encoding.
#[track_caller]
pub(super) fn shows_no_password(error: &Error) {
    let mut text = format!("{error} {error:?} {error:#?} {}", error.render());
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text.push_str(&format!(" {cause} {cause:?}"));
        next = cause.source();
    }
    for canary in [PASSWORD, PERCENT_ENCODED, BASE64] {
        assert!(!text.contains(canary), "{text}");
    }
}

fn hosts() -> std::sync::MutexGuard<'static, HashMap<String, Vec<SocketAddr>>> {
    HOSTS.lock().unwrap_or_else(PoisonError::into_inner)
}

const PASSWORD: &str = "canary/of the line?";

const PERCENT_ENCODED: &str = "canary%2Fof%20the%20line%3F";

const BASE64: &str = "Y2FuYXJ5L29mIHRoZSBsaW5lPw";

static CONNECTS: AtomicUsize = AtomicUsize::new(0);

static HOSTS: LazyLock<Mutex<HashMap<String, Vec<SocketAddr>>>> = LazyLock::new(Mutex::default);
