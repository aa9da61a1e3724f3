//! A server of lines that can be killed and frozen, and connection types for it, with a flaw or without.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use connection_registry::{
    BoxError, Conn, ConnectContext, ConnectError, Connection, Secret, Update, connection_type, serde::Deserialize,
    testing::conformance::Server,
};
use connection_registry_tests::proxy::{Mode, Proxy};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufStream},
    net::{TcpListener, TcpStream},
    sync::Mutex as AsyncMutex,
    task::AbortHandle,
    time::timeout,
};

/// A server behind a proxy that dies and freezes in its place, since a process cannot kill a part of itself.
pub(super) struct LineServer {
    proxy: Proxy,
    task: AbortHandle,
}

impl LineServer {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(serve(listener)).abort_handle();
        Self { proxy: Proxy::to(address).await, task }
    }

    /// The fields of a connection to it.
    pub(super) fn fields(&self, password: &str) -> String {
        fields("127.0.0.1", self.proxy.address().port(), password)
    }
}

pub(super) fn fields(host: &str, port: u16, password: &str) -> String {
    format!("host = '{host}'\nport = {port}\npassword = '{password}'\n")
}

impl Server for LineServer {
    fn address(&self) -> SocketAddr {
        self.proxy.address()
    }

    async fn kill(&self) -> Result<(), BoxError> {
        self.proxy.set(Mode::Refuse).await;
        Ok(())
    }

    async fn start(&self) -> Result<(), BoxError> {
        self.proxy.set(Mode::Pass).await;
        Ok(())
    }

    async fn freeze(&self) -> Result<(), BoxError> {
        self.proxy.set(Mode::Hang).await;
        Ok(())
    }

    async fn thaw(&self) -> Result<(), BoxError> {
        self.proxy.set(Mode::Pass).await;
        Ok(())
    }
}

impl Drop for LineServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(BufStream::new(stream)));
    }
}

/// Keeps what it is told to `PUT`, and says it to a `GET`.
async fn answer(mut stream: BufStream<TcpStream>) -> io::Result<()> {
    let (mut line, mut kept) = (String::new(), String::new());
    while stream.read_line(&mut line).await? > 0 {
        let said = line.trim_end();
        if let Some(value) = said.strip_prefix("PUT ") {
            value.clone_into(&mut kept);
        }
        let answer = match said {
            "GET" => format!("+{kept}\n"),
            "AUTH wrong" => "-\n".to_owned(),
            _ => "+\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
        stream.flush().await?;
        line.clear();
    }
    Ok(())
}

/// What is wrong with a type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(crate = "connection_registry::serde", rename_all = "kebab-case")]
pub(super) enum Flaw {
    #[default]
    None,
    /// Its errors do not say which server.
    HidesHost,
    /// Its connect waits for its peer for ever.
    Patient,
    /// It says of every failure that trying again cannot help.
    Unforgiving,
    /// Its check asks nobody.
    Careless,
    /// After a new dial only every other use succeeds.
    Limps,
    /// A changed configuration breaks its client.
    BreaksByUpdate,
    /// Each connect leaves a socket open.
    LeaksSocket,
    LogsPassword,
    /// As a built-in type would do it.
    LogsPasswordInTheLibrary,
}

macro_rules! line_type {
    ($(#[doc = $doc:literal])* $type:ident, $name:literal, $self_healing:literal) => {
        $(#[doc = $doc])*
        #[connection_type($name)]
        pub(super) struct $type {
            host: String,
            port: u16,
            password: Secret,
            /// What may change.
            #[serde(default)]
            label: String,
            #[serde(default)]
            flaw: Flaw,
        }

        impl $type {
            fn target(&self) -> Target {
                let Self { host, port, password, label: _, flaw } = self;
                Target { host: host.clone(), port: *port, password: password.clone(), flaw: *flaw }
            }
        }

        impl Connection for $type {
            type Client = LineClient;

            const SELF_HEALING: bool = $self_healing;

            async fn connect(&self, cx: &ConnectContext) -> Result<LineClient, BoxError> {
                self.target().connect(cx.remaining() / 2, $self_healing).await
            }

            async fn check(&self, client: &LineClient) -> Result<(), BoxError> {
                match self.flaw {
                    // Of one that an update breaks, too: it would be replaced before anybody has used it.
                    Flaw::Careless | Flaw::BreaksByUpdate => Ok(()),
                    _ => client.say(&["PING"]).await.map(drop),
                }
            }

            async fn update(&self, client: &LineClient, new: &Self) -> Result<Update, BoxError> {
                if self.label == new.label || self.flaw != Flaw::BreaksByUpdate {
                    return Ok(Update::Rebuild);
                }
                client.is_broken.store(true, Ordering::SeqCst);
                Ok(Update::InPlace)
            }

            async fn disconnect(&self, client: &LineClient) -> Result<(), BoxError> {
                // One that is broken hears nothing.
                let _ = client.say(&["QUIT"]).await;
                Ok(())
            }
        }
    };
}

line_type!(
    /// One socket; once it is broken it stays so.
    Line, "conforming-line", false
);
line_type!(
    /// Dials again when its socket is broken.
    LinePool, "conforming-line-pool", true
);

/// Where a client dials.
struct Target {
    host: String,
    port: u16,
    password: Secret,
    flaw: Flaw,
}

type Stream = BufStream<TcpStream>;

impl Target {
    async fn connect(self, patience: Duration, redials: bool) -> Result<LineClient, BoxError> {
        let password = self.password.expose();
        match self.flaw {
            Flaw::LogsPassword => tracing::trace!(password, "connecting"),
            Flaw::LogsPasswordInTheLibrary => {
                tracing::debug!(target: "connection_registry::connectors::line", "connecting with {password}");
            }
            _ => {}
        }
        let patience = if self.flaw == Flaw::Patient { Duration::MAX } else { patience };
        let stream = match timeout(patience, self.dial()).await {
            Ok(stream) => stream?,
            Err(_) => return Err(self.failed("no answer")),
        };
        let stream = AsyncMutex::new(Some(stream));
        Ok(LineClient { target: self, redials, stream, dials: AtomicUsize::new(0), is_broken: AtomicBool::new(false) })
    }

    async fn dial(&self) -> Result<Stream, BoxError> {
        // No test asks a name server.
        if self.host.ends_with(".invalid") {
            return Err(self.failed("no such host"));
        }
        let stream = TcpStream::connect((&*self.host, self.port)).await.map_err(|cause| self.failed(cause))?;
        if self.flaw == Flaw::LeaksSocket {
            let other = TcpStream::connect((&*self.host, self.port)).await?;
            LEAKED.lock().unwrap().push(other);
        }
        let mut stream = BufStream::new(stream);
        let greeting = format!("AUTH {}", self.password.expose());
        match exchange(&mut stream, &greeting).await.map_err(|cause| self.failed(cause))? {
            welcome if welcome.starts_with('+') => Ok(stream),
            _ => Err(ConnectError::permanent("the server refused the password").into()),
        }
    }

    fn failed(&self, cause: impl std::fmt::Display) -> BoxError {
        let Self { host, port, .. } = self;
        match self.flaw {
            Flaw::HidesHost => "it failed".into(),
            Flaw::Unforgiving => ConnectError::permanent(format!("{host}:{port}: {cause}")).into(),
            _ => format!("{host}:{port}: {cause}").into(),
        }
    }
}

/// A client with one socket.
pub(super) struct LineClient {
    target: Target,
    redials: bool,
    /// Taken out while somebody is at it, so that nobody reads an answer to somebody who is gone.
    stream: AsyncMutex<Option<Stream>>,
    /// One more than the uses since it has dialled again; zero when it has not.
    dials: AtomicUsize,
    is_broken: AtomicBool,
}

impl LineClient {
    async fn say(&self, lines: &[&str]) -> Result<Vec<String>, BoxError> {
        if self.is_broken.load(Ordering::SeqCst) {
            return Err("it is broken".into());
        }
        let mut place = self.stream.lock().await;
        let mut stream = match place.take() {
            Some(stream) => stream,
            None if self.redials => {
                self.dials.store(1, Ordering::SeqCst);
                self.target.dial().await?
            }
            None => return Err("its socket is broken".into()),
        };
        let mut answers = Vec::new();
        for line in lines {
            answers.push(exchange(&mut stream, line).await?);
        }
        *place = Some(stream);
        if self.target.flaw == Flaw::Limps && self.dials.load(Ordering::SeqCst) > 0 {
            let number = self.dials.fetch_add(1, Ordering::SeqCst);
            return if number.is_multiple_of(2) { Err("it limps".into()) } else { Ok(answers) };
        }
        Ok(answers)
    }
}

async fn exchange(stream: &mut Stream, line: &str) -> io::Result<String> {
    stream.write_all(format!("{line}\n").as_bytes()).await?;
    stream.flush().await?;
    let mut answer = String::new();
    match stream.read_line(&mut answer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(answer.trim_end().to_owned()),
    }
}

/// Writes and reads back.
pub(super) async fn put_and_get(client: Conn<LineClient>) -> Result<(), BoxError> {
    let value = USES.fetch_add(1, Ordering::SeqCst);
    let answers = client.say(&[&format!("PUT {value}"), "GET"]).await?;
    if answers == ["+", &format!("+{value}")] { Ok(()) } else { Err(format!("it says {answers:?}").into()) }
}

static USES: AtomicUsize = AtomicUsize::new(0);

static LEAKED: Mutex<Vec<TcpStream>> = Mutex::new(Vec::new());
