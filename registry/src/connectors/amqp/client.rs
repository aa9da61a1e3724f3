//! [`AmqpConnection`]: the driver's connection, and the line below it.

use std::{
    fmt,
    future::{Future, pending, poll_fn},
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    ops::Deref,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    task::Poll,
    time::Duration,
};

use lapin::{AsyncTcpStream, Connection, Error, ErrorKind, runtime::default_runtime};
use tokio::time::timeout;

use super::{
    failure,
    line::{Line, duplicate},
    options::Settings,
};
use crate::{
    BoxError,
    connectors::shared::{failure::Reason, patience},
};

/// A connection to a broker that opens channels: all methods of [`lapin::Connection`] can be called on it.
///
/// A `lapin::Connection` alone would go on for ever in two cases: closed while it dials again, and closed while the broker
/// does not answer. This one ends for good when it is closed or dropped, and its channels with it.
pub struct AmqpConnection {
    connection: Connection,
    line: Arc<Line>,
    endpoint: String,
}

impl AmqpConnection {
    /// Dials and goes through the handshake. Its last step is the broker's answer that this user has the virtual host.
    pub(super) async fn open(settings: Settings) -> Result<Self, BoxError> {
        let line = Arc::new(Line::new());
        let guard = CutOnDrop::new(&line);
        let endpoint = settings.endpoint.clone();
        let connection = connect(settings, &line).await?;
        if !line.establish() {
            return Err(Reason::HungUp.at(&endpoint, None));
        }
        guard.disarm();
        Ok(Self { connection, line, endpoint })
    }

    /// What the broker is called in errors.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Opens a channel and closes it.
    pub(super) async fn round_trip(&self) -> Result<(), BoxError> {
        if self.status().connected() && self.status().blocked() {
            // The broker has said that it takes nothing for now, so nothing is sent before it says otherwise.
            return Ok(());
        }
        let trip = async { self.create_channel().await?.close(OK, "OK".into()).await };
        match trip.await {
            // The application has them all, and its heartbeats watch the line.
            Err(error) if matches!(error.kind(), ErrorKind::ChannelsLimitReached) => Ok(()),
            result => result.map_err(|error| self.explain(error)),
        }
    }

    /// Closes the connection in order, where the broker answers, and ends it in any case.
    pub(super) async fn say_goodbye(&self) -> Result<(), BoxError> {
        let _in_any_case = CutOnDrop::new(&self.line);
        let goodbye = async { self.close(OK, "OK".into()).await.map_err(|error| self.explain(error)) };
        match self.status().connected() {
            true => patience::within(GOODBYE, &self.endpoint, goodbye).await,
            false => Ok(()),
        }
    }

    /// While the driver dials again, why its last dial failed is the cause.
    fn explain(&self, error: Error) -> BoxError {
        let reason = match failure::reason(&error) {
            Reason::HungUp => self.line.failure().unwrap_or(Reason::HungUp),
            reason => reason,
        };
        reason.at(&self.endpoint, Some(error.into()))
    }
}

impl Deref for AmqpConnection {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl fmt::Debug for AmqpConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connection, line: _, endpoint } = self;
        f.debug_struct("AmqpConnection")
            .field("endpoint", endpoint)
            .field("status", connection.status())
            .finish_non_exhaustive()
    }
}

impl Drop for AmqpConnection {
    fn drop(&mut self) {
        // The driver closes a connection that is dropped while it lives, and knows when the runtime has ended.
        self.line.retire();
    }
}

/// Cuts a line however its scope is left.
struct CutOnDrop(Option<Arc<Line>>);

impl CutOnDrop {
    fn new(line: &Arc<Line>) -> Self {
        Self(Some(Arc::clone(line)))
    }

    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        if let Some(line) = &self.0 {
            line.cut();
        }
    }
}

/// The first dial and handshake, and what the driver does when it loses the line.
async fn connect(settings: Settings, line: &Arc<Line>) -> Result<Connection, BoxError> {
    let properties = settings.properties();
    let Settings { endpoint, address, uri, encryption, .. } = settings;
    let runtime = default_runtime()?;
    let dial = {
        let (line, runtime) = (Arc::clone(line), runtime.clone());
        async move || {
            let stream = AsyncTcpStream::connect(&runtime, runtime.to_socket_addrs(address.clone())).await?;
            if let AsyncTcpStream::Plain(socket) = &stream {
                line.hold(duplicate(socket.get_ref())?)?;
            }
            match &encryption {
                Some(encryption) => stream.into_rustls(&encryption.connector, &encryption.server_name).await,
                None => Ok(stream),
            }
        }
    };
    // The first dial is not left to the driver, so that nothing of it is there when nobody answers.
    let first = dial().await.map_err(|error| Reason::of(&error).at(&endpoint, Some(error.into())))?;
    let (first, redialled) = (Mutex::new(Some(first)), Arc::clone(line));
    // The driver calls it in the thread of the connection, which has nothing else to do.
    let handshake = Connection::connector(
        uri,
        runtime,
        async move |_, runtime| {
            let first = first.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(stream) = first {
                return Ok(stream);
            }
            if let Some(stream) = redial(&redialled, &dial).await {
                return Ok(stream);
            }
            match another_protocol(|address| AsyncTcpStream::connect(&runtime, address)).await {
                // The driver would wait by the clock of a runtime that has ended, which panics.
                Err(error) if runtime.is_runtime_shutdown_error(&error) => pending().await,
                stream => Ok(stream?),
            }
        },
        properties,
    );
    let connection = until_lost(line, handshake).await;
    connection.map_err(|error| failure::reason(&error).at(&endpoint, Some(error.into())))
}

/// Dials until somebody answers; none when the line was cut.
async fn redial<S>(line: &Line, dial: &impl AsyncFn() -> io::Result<S>) -> Option<S> {
    while line.may_dial() {
        match timeout(DIAL, dial()).await {
            Ok(Ok(stream)) => return Some(stream),
            Ok(Err(error)) => line.pause(Reason::of(&error)),
            Err(_) => line.pause(Reason::Silent(DIAL)),
        }
    }
    None
}

/// A line on which another protocol is spoken: the driver gives up for good then, while it tries any error again.
async fn another_protocol<S, F>(connect: impl FnOnce(SocketAddr) -> F) -> io::Result<S>
where
    F: Future<Output = io::Result<S>>,
{
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let stream = connect(other.local_addr()?).await?;
    other.accept()?.0.write_all(ANOTHER_PROTOCOL)?;
    Ok(stream)
}

/// The outcome of the first handshake; the driver itself would go on with it on another line.
async fn until_lost(
    line: &Line,
    handshake: impl Future<Output = lapin::Result<Connection>>,
) -> lapin::Result<Connection> {
    let (mut handshake, mut lost) = (pin!(handshake), pin!(line.lost()));
    poll_fn(|cx| match handshake.as_mut().poll(cx) {
        Poll::Ready(outcome) => Poll::Ready(outcome),
        Poll::Pending => lost.as_mut().poll(cx).map(|()| Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())),
    })
    .await
}

/// `REPLY_SUCCESS` of AMQP.
const OK: u16 = 200;

/// The header by which a broker says that it speaks no version that was asked for.
const ANOTHER_PROTOCOL: &[u8] = b"AMQP\0\0\0\0";

/// How long a dial may take once the connection was lost.
const DIAL: Duration = Duration::from_secs(5);

/// How long the broker has to answer the goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
