//! [`Tunnel`]: addresses of this machine that lead to servers behind the SSH server.

use std::{
    collections::HashMap,
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use russh::{Channel, ChannelOpenFailure, Error, client::Msg};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::{self, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    entrance::Entrance,
    failure::{explain, reason},
    session::{Dialer, Session},
};
use crate::{
    BoxError, ConnectError,
    connectors::shared::{
        address,
        failure::{Reason, settings},
        redial::Redial,
    },
};

/// A tunnel to an SSH server, and through it to others.
///
/// ```no_run
/// # async fn example(connections: connection_registry::ConnectionManager) -> Result<(), connection_registry::BoxError> {
/// use connection_registry::connectors::Tunnel;
///
/// let bastion = connections.get::<Tunnel>("bastion").await?;
/// let local = bastion.forward("db.internal", 5432).await?; // such as 127.0.0.1:40123
/// # drop(local);
/// # Ok(())
/// # }
/// ```
///
/// An address leads to its server for as long as the connection has this client, also after the tunnel was cut and dialled
/// again. Whoever runs a program on this machine can connect to it: it is as open as the port of the server itself would be.
pub struct Tunnel {
    link: Arc<Link>,
    forwards: sync::Mutex<Forwards>,
    local: Option<SocketAddr>,
}

#[derive(Default)]
struct Forwards {
    targets: HashMap<(String, u16, Entrance), (SocketAddr, Arc<Target>)>,
    /// What accepts at their addresses. Dropped with the tunnel, and all that was accepted with it.
    tasks: JoinSet<()>,
}

impl Tunnel {
    /// Dials, and makes sure that the server leads to `target`. Nothing more is asked of a server that has just let this user
    /// in: it answers the first question after that late, by a delayed acknowledgement of its greeting.
    pub(super) async fn open(dialer: Dialer, target: Option<(String, u16)>) -> Result<Self, BoxError> {
        let session = dialer.dial().await?;
        let link = Arc::new(Link::new(dialer, session));
        let mut tunnel = Self { link, forwards: sync::Mutex::default(), local: None };
        if let Some((host, port)) = target {
            let opened = tunnel.link.open(&host, port).await.map_err(|refusal| refusal.explain(&host, port))?;
            drop(opened.channel.into_stream());
            tunnel.local = Some(tunnel.forward(&host, port).await?);
        }
        Ok(tunnel)
    }

    /// An address of this machine that leads to `port` of `host`, a name or an address as the SSH server knows it. The same
    /// for the same server.
    ///
    /// Nothing is asked of the server yet: a connection to the address that the SSH server does not lead on is closed.
    ///
    /// # Errors
    ///
    /// When this machine has no free port, or the tunnel was closed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is left behind but, perhaps, the address for the next one who asks.
    pub async fn forward(&self, host: &str, port: u16) -> Result<SocketAddr, BoxError> {
        self.enter(host, port, Entrance::Direct).await
    }

    /// As [`forward`](Self::forward), for a driver that knows the way through a proxy of SOCKS 5 alone: such a one listens at the
    /// address, and leads to that server and nowhere else.
    pub(in crate::connectors) async fn proxy(&self, host: &str, port: u16) -> Result<SocketAddr, BoxError> {
        self.enter(host, port, Entrance::Socks).await
    }

    async fn enter(&self, host: &str, port: u16, entrance: Entrance) -> Result<SocketAddr, BoxError> {
        let host = address::without_brackets(host);
        let mut forwards = self.forwards.lock().await;
        if self.link.sessions.is_closed() {
            return Err(CLOSED.into());
        }
        let key = (host.to_owned(), port, entrance);
        if let Some((address, _)) = forwards.targets.get(&key) {
            return Ok(*address);
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let target = Arc::new(Target { host: host.to_owned(), port, entrance, refusal: Mutex::default() });
        forwards.tasks.spawn(accept(listener, Arc::clone(&self.link), Arc::clone(&target)));
        forwards.targets.insert(key, (address, target));
        Ok(address)
    }

    /// The address that leads to the `target` of the configuration, if it has one.
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.local
    }

    /// Why the last connection to one of these addresses did not come about; none when it did.
    pub(in crate::connectors) async fn refusal(&self, address: SocketAddr) -> Option<BoxError> {
        let forwards = self.forwards.lock().await;
        let (_, target) = forwards.targets.values().find(|(own, _)| *own == address)?;
        let refusal = target.refusal().clone();
        refusal.map(|refusal| refusal.explain(&target.host, target.port))
    }

    /// Asks the server for an answer; dials again first if it has to.
    pub(super) async fn ping(&self) -> Result<(), BoxError> {
        let session = self.link.session().await.map_err(Refusal::into_error)?;
        session.ping(self.link.dialer.endpoint()).await
    }

    /// Waits for a moment for those who are on their way out, and ends all.
    pub(super) async fn close(&self) {
        // Also when this is cut off.
        let closing = Closing(&self.link);
        // After a reload what goes through is being replaced as well, and ends its connections by itself.
        let mut through = self.link.through.subscribe();
        let _ = timeout(LAST_CALL, through.wait_for(|through| *through == 0)).await;
        let mut forwards = self.forwards.lock().await;
        drop(closing);
        let session = self.link.sessions.close().await;
        forwards.tasks.shutdown().await;
        forwards.targets.clear();
        if let Some(session) = session {
            session.close().await;
        }
    }
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tunnel").field("server", &self.link.dialer.endpoint()).finish_non_exhaustive()
    }
}

/// The conversation with the server, whichever it is at the moment.
struct Link {
    dialer: Dialer,
    sessions: Redial<Session>,
    /// How many connections go through.
    through: watch::Sender<usize>,
}

/// A connection of the SSH server to another one.
struct Opened {
    session: Arc<Session>,
    channel: Channel<Msg>,
}

impl Link {
    fn new(dialer: Dialer, session: Session) -> Self {
        Self { dialer, sessions: Redial::new(session), through: watch::Sender::new(0) }
    }

    /// The conversation under way, or a new one.
    async fn session(&self) -> Result<Arc<Session>, Refusal> {
        let dial = async {
            let session = self.dialer.dial_again().await?;
            tracing::debug!(server = self.dialer.endpoint(), "dialled again");
            Ok(session)
        };
        match self.sessions.session(|session| !session.is_over(), dial).await {
            Some(session) => session.map_err(|error| Refusal::no_server(&error)),
            None => Err(Refusal::other(CLOSED)),
        }
    }

    /// Has the server connect to another one. A conversation that ends meanwhile is no answer.
    async fn open(&self, host: &str, port: u16) -> Result<Opened, Refusal> {
        let mut is_last = false;
        loop {
            let session = self.session().await?;
            match session.open(host, port).await {
                Ok(channel) => return Ok(Opened { session, channel }),
                Err(error) if reason(&error) == Reason::HungUp && !is_last => is_last = true,
                Err(error) => return Err(Refusal::of(error, self.dialer.endpoint())),
            }
        }
    }
}

/// Sees to it that a tunnel which is to be closed is never dialled again.
struct Closing<'a>(&'a Link);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.sessions.shut();
    }
}

/// A server behind the tunnel.
struct Target {
    host: String,
    port: u16,
    entrance: Entrance,
    /// Why the last connection to it did not come about.
    refusal: Mutex<Option<Refusal>>,
}

impl Target {
    fn refusal(&self) -> MutexGuard<'_, Option<Refusal>> {
        self.refusal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a connection through the tunnel did not come about.
#[derive(Clone, Debug)]
struct Refusal {
    kind: RefusalKind,
    /// What the SSH server is called, or what is wrong with it.
    text: String,
}

#[derive(Clone, Copy, Debug)]
enum RefusalKind {
    /// The SSH server may not lead there.
    Prohibited,
    /// It cannot connect there.
    Unreachable,
    /// There is no tunnel. True when nothing changes before somebody changes something.
    NoServer { permanent: bool },
}

impl Refusal {
    fn of(error: Error, endpoint: &str) -> Self {
        let text = endpoint.to_owned();
        match error {
            Error::ChannelOpenFailure(ChannelOpenFailure::AdministrativelyProhibited) => {
                Self { kind: RefusalKind::Prohibited, text }
            }
            Error::ChannelOpenFailure(_) => Self { kind: RefusalKind::Unreachable, text },
            error => Self::no_server(&explain(error, endpoint)),
        }
    }

    fn no_server(error: &BoxError) -> Self {
        let permanent = error.downcast_ref::<ConnectError>().is_some_and(ConnectError::is_permanent);
        Self { kind: RefusalKind::NoServer { permanent }, text: with_causes(&**error) }
    }

    fn other(text: &str) -> Self {
        Self { kind: RefusalKind::NoServer { permanent: false }, text: text.to_owned() }
    }

    /// The error of a connection to `port` of `host`.
    fn explain(self, host: &str, port: u16) -> BoxError {
        let (target, text) = (address::endpoint(host, port), &self.text);
        match self.kind {
            RefusalKind::Prohibited => settings(format!(
                "the SSH server `{text}` does not let this user connect to `{target}` through it (`AllowTcpForwarding` and \
                 `PermitOpen` of an OpenSSH server say who may)"
            )),
            RefusalKind::Unreachable => {
                ConnectError::transient(format!("the SSH server `{text}` cannot connect to `{target}`")).into()
            }
            RefusalKind::NoServer { .. } => self.into_error(),
        }
    }

    fn into_error(self) -> BoxError {
        match self.kind {
            RefusalKind::NoServer { permanent: true } => ConnectError::permanent(self.text).into(),
            _ => ConnectError::transient(self.text).into(),
        }
    }
}

/// Takes the connections to one address of this machine.
async fn accept(listener: TcpListener, link: Arc<Link>, target: Arc<Target>) {
    let mut through = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    through.spawn(carry(stream, Arc::clone(&link), Arc::clone(&target)));
                }
                // Such as too many open files, which passes.
                Err(error) => {
                    tracing::warn!(server = link.dialer.endpoint(), %error, "a tunnel cannot take a connection");
                    sleep(PAUSE).await;
                }
            },
            Some(_) = through.join_next() => {}
        }
    }
}

/// Carries one connection, until one of the two sides ends it or the tunnel is cut.
async fn carry(mut stream: TcpStream, link: Arc<Link>, target: Arc<Target>) {
    let _through = Through::new(&link);
    let Target { host, port, entrance, .. } = &*target;
    // Whoever wants elsewhere was told so.
    let Ok(true) = entrance.admits(&mut stream, host, *port).await else { return };
    match link.open(host, *port).await {
        Ok(Opened { session, channel }) => {
            *target.refusal() = None;
            tokio::select! {
                _ = copy(&mut stream, channel, *entrance) => {}
                () = session.ended() => {}
            }
        }
        // Noted before the connection is closed, so that who finds it closed finds the reason.
        Err(refusal) => {
            let error = refusal.clone().explain(host, *port);
            tracing::debug!(server = link.dialer.endpoint(), %error, "not connected through a tunnel");
            *target.refusal() = Some(refusal);
            // Who has gone meanwhile need not be told.
            let _ = entrance.refuse(&mut stream).await;
        }
    }
}

async fn copy(stream: &mut TcpStream, channel: Channel<Msg>, entrance: Entrance) -> io::Result<()> {
    // First of all, since a channel is closed by the drop of its stream alone.
    let mut through = channel.into_stream();
    stream.set_nodelay(true)?;
    entrance.open(stream).await?;
    copy_bidirectional(stream, &mut through).await.map(drop)
}

/// Counts a connection that goes through.
struct Through<'a>(&'a Link);

impl<'a> Through<'a> {
    fn new(link: &'a Link) -> Self {
        link.through.send_modify(|through| *through += 1);
        Self(link)
    }
}

impl Drop for Through<'_> {
    fn drop(&mut self) {
        self.0.through.send_modify(|through| *through -= 1);
    }
}

fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

const CLOSED: &str = "the tunnel was closed";

/// How long a port that cannot take a connection is left alone.
const PAUSE: Duration = Duration::from_millis(250);

/// How long the goodbye waits for what still goes through.
const LAST_CALL: Duration = Duration::from_secs(3);
