//! [`AmqpConnection`]: the driver's connection, and the line below it.

use std::{
    fmt,
    future::{Future, poll_fn},
    io,
    net::{Ipv4Addr, TcpListener},
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
    line: CutOnDrop,
    endpoint: String,
}

impl AmqpConnection {
    /// Dials, and goes through the handshake.
    pub(super) async fn open(settings: Settings) -> Result<Self, BoxError> {
        let properties = settings.properties();
        let Settings { endpoint, uri, encryption, .. } = settings;
        let runtime = default_runtime()?;
        let guard = CutOnDrop(Arc::new(Line::new()));
        let dial = {
            let (line, runtime) = (Arc::clone(&guard.0), runtime.clone());
            let address = (uri.authority.host.clone(), uri.authority.port);
            async move || {
                let addresses = runtime.to_socket_addrs(address.clone());
                let stream = AsyncTcpStream::connect(&runtime, addresses).await?;
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
        let (first, line) = (Mutex::new(Some(first)), Arc::clone(&guard.0));
        let handshake = Connection::connector(
            uri,
            runtime,
            async move |_, runtime| {
                if let Some(stream) = first.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    return Ok(stream);
                }
                // This runs in the thread of the connection, which has nothing else to do.
                while line.may_dial() {
                    match timeout(DIAL, dial()).await {
                        Ok(Ok(stream)) => return Ok(stream),
                        Ok(Err(error)) => line.pause(Reason::of(&error)),
                        Err(_) => line.pause(Reason::Silent(DIAL)),
                    }
                }
                // The driver tries an error again; a connection that nobody answers it gives up in order.
                let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
                Ok(AsyncTcpStream::connect(&runtime, nobody.local_addr()?).await?)
            },
            properties,
        );
        let connection = until_lost(&guard.0, handshake).await;
        let connection = connection.map_err(|error| failure::reason(&error).at(&endpoint, Some(error.into())))?;
        guard.0.establish();
        Ok(Self { connection, line: guard, endpoint })
    }

    /// `host:port` of the broker.
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
        let goodbye = async { self.close(OK, "OK".into()).await.map_err(|error| self.explain(error)) };
        let result = match self.status().connected() {
            true => patience::within(GOODBYE, &self.endpoint, goodbye).await,
            false => Ok(()),
        };
        self.line.0.cut();
        result
    }

    /// While the driver dials again, why its last dial failed is the cause.
    fn explain(&self, error: Error) -> BoxError {
        let reason = match failure::reason(&error) {
            Reason::HungUp => self.line.0.failure().unwrap_or(Reason::HungUp),
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

/// A line that ends with its owner.
struct CutOnDrop(Arc<Line>);

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        self.0.cut();
    }
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

/// How long a dial may take once the connection was lost.
const DIAL: Duration = Duration::from_secs(5);

/// How long the broker has to answer the goodbye.
const GOODBYE: Duration = Duration::from_secs(2);
