//! What an application uses: a pool of the driver's connections, none of which comes back after a failure.

use std::{
    error::Error as StdError,
    fmt,
    ops::{Deref, DerefMut},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use async_memcached::{Client, Error};
use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, RecycleError, RecycleResult};
use tokio::time::timeout;

/// A pool of connections to one memcached server. A clone is the same pool.
///
/// [`run`](Self::run) is all that most need: it takes a connection, does something with it, gives it back, and does not wait
/// for ever. [`get`](Self::get) lends a connection for as long as the caller likes.
///
/// ```no_run
/// # use connection_registry::{BoxError, ConnectionManager, connectors::MemcachedPool};
/// use async_memcached::AsciiProtocol;
///
/// # async fn example(connections: ConnectionManager) -> Result<(), BoxError> {
/// let cache = connections.get::<MemcachedPool>("cache").await?;
/// cache.run(async |connection| connection.set("greeting", "hello", Some(60), None).await).await?;
/// let greeting = cache.run(async |connection| connection.get("greeting").await).await?;
/// # let _ = greeting;
/// # Ok(()) }
/// ```
///
/// The protocol has no number by which an answer is known for that of a question. So a connection whose command failed, timed
/// out, or was dropped before its end is closed: what it has still to say must not be taken for the answer to the next
/// question. One that has been at rest for a second, or since another one failed, is asked for the server's version before it
/// is lent again: after a restart of the server nobody is given what is left of the old connections.
#[derive(Clone)]
pub struct MemcachedPool {
    pool: Pool<Dialer>,
    acquire_timeout: Duration,
    request_timeout: Duration,
}

/// A connection that is lent by [`MemcachedPool::get`], and given back when it is dropped.
///
/// Nothing limits how long its commands wait: where the server may stop in the middle, put a
/// [`timeout`](tokio::time::timeout) around them.
pub struct MemcachedConnection {
    lent: Object<Dialer>,
}

/// Why a [`MemcachedPool`] has no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum MemcachedError {
    /// No connection could be had for so long.
    Busy(Duration),
    /// The server did not answer for so long.
    Silent(Duration),
    /// The pool was closed: the connection was disconnected, or its configuration has changed.
    Closed,
    /// What the driver says.
    Driver(Error),
}

impl MemcachedPool {
    pub(super) fn new(source: String, limits: Limits) -> Self {
        let dialer =
            Dialer { source, patience: limits.connect, failures: AtomicU64::default(), stale: AtomicU64::default() };
        let built = Pool::builder(dialer).max_size(limits.connections as usize).build();
        let pool = built.expect("a pool without timeouts of its own needs no runtime");
        Self { pool, acquire_timeout: limits.acquire, request_timeout: limits.request }
    }

    /// Lends a connection.
    ///
    /// # Errors
    ///
    /// When none is free within the `acquire_timeout` of the configuration, and when none can be made.
    ///
    /// # Cancel safety
    ///
    /// Safe: a caller that goes away loses its place in the queue, and nothing else.
    pub async fn get(&self) -> Result<MemcachedConnection, MemcachedError> {
        match timeout(self.acquire_timeout, self.pool.get()).await {
            Ok(Ok(lent)) => Ok(MemcachedConnection { lent }),
            Ok(Err(PoolError::Backend(error))) => Err(error),
            // It has neither timeouts nor hooks of its own.
            Ok(Err(_)) => Err(MemcachedError::Closed),
            Err(_) => Err(MemcachedError::Busy(self.acquire_timeout)),
        }
    }

    /// Lends a connection to `work`, and waits for it no longer than the `request_timeout` of the configuration.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get); when `work` fails; and when it does not end in time.
    ///
    /// # Cancel safety
    ///
    /// Whether the server has done what it was sent is not known. The connection is closed if an answer is still to come.
    pub async fn run<T>(&self, work: impl AsyncFnOnce(&mut Client) -> Result<T, Error>) -> Result<T, MemcachedError> {
        let mut connection = self.get().await?;
        match timeout(self.request_timeout, work(&mut connection)).await {
            Ok(done) => done.map_err(MemcachedError::Driver),
            Err(_) => Err(MemcachedError::Silent(self.request_timeout)),
        }
    }

    /// Asks the server for its version.
    pub(super) async fn ping(&self) -> Result<(), MemcachedError> {
        let mut connection = self.get().await?;
        connection.version().await.map(drop).map_err(MemcachedError::Driver)
    }

    /// Makes a connection beside the pool, and closes it.
    pub(super) async fn dial(&self) -> Result<(), MemcachedError> {
        self.pool.manager().create().await.map(drop)
    }

    /// Closes what is at rest; what is lent is closed when it comes back.
    pub(super) fn close(&self) {
        self.pool.close();
    }
}

impl fmt::Debug for MemcachedPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.pool.status();
        f.debug_struct("MemcachedPool")
            .field("server", &self.pool.manager().source)
            .field("open", &status.size)
            .field("most", &status.max_size)
            .finish_non_exhaustive()
    }
}

impl Deref for MemcachedConnection {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.lent.client
    }
}

impl DerefMut for MemcachedConnection {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.lent.client
    }
}

impl Drop for MemcachedConnection {
    fn drop(&mut self) {
        if self.lent.client.is_closed()
            && let Some(pool) = Object::pool(&self.lent)
        {
            pool.manager().failures.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl fmt::Debug for MemcachedConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemcachedConnection").field("is_closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl fmt::Display for MemcachedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(patience) => write!(f, "no connection of the pool could be had within {patience:.1?}"),
            Self::Silent(patience) => write!(f, "the server did not answer within {patience:.1?}"),
            Self::Closed => write!(f, "the pool is closed"),
            Self::Driver(error) => error.fmt(f),
        }
    }
}

impl StdError for MemcachedError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            // The driver gives the one and not the other as its source.
            Self::Driver(Error::Connect(cause) | Error::Io(cause)) => Some(cause),
            _ => None,
        }
    }
}

/// What a pool keeps to.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) connections: u32,
    pub(super) acquire: Duration,
    pub(super) connect: Duration,
    pub(super) request: Duration,
}

/// Makes the connections of a pool, and says which may be lent again.
struct Dialer {
    source: String,
    patience: Duration,
    /// How many connections have come back closed.
    failures: AtomicU64,
    /// How many have not answered before they were to be lent again.
    stale: AtomicU64,
}

/// A connection, and what was known when it last answered.
struct Dialled {
    client: Client,
    failures: u64,
    stale: u64,
}

impl Manager for Dialer {
    type Type = Dialled;
    type Error = MemcachedError;

    async fn create(&self) -> Result<Dialled, MemcachedError> {
        let (failures, stale) = (self.failures.load(Ordering::Relaxed), self.stale.load(Ordering::Relaxed));
        let first = async {
            let mut client = Client::new(&self.source).await?;
            client.version().await?;
            Ok(client)
        };
        match timeout(self.patience, first).await {
            Ok(client) => client.map(|client| Dialled { client, failures, stale }).map_err(MemcachedError::Driver),
            Err(_) => Err(MemcachedError::Silent(self.patience)),
        }
    }

    async fn recycle(&self, dialled: &mut Dialled, metrics: &Metrics) -> RecycleResult<MemcachedError> {
        let (failures, stale) = (self.failures.load(Ordering::Relaxed), self.stale.load(Ordering::Relaxed));
        if dialled.client.is_closed() || dialled.stale != stale {
            return Err(RecycleError::message("it was closed, or is as old as one that does not answer any more"));
        }
        if dialled.failures != failures || metrics.last_used() > REST {
            let answer = timeout(self.patience.min(REST), dialled.client.version()).await;
            if !matches!(answer, Ok(Ok(_))) {
                self.stale.fetch_add(1, Ordering::Relaxed);
                return Err(RecycleError::message("it does not answer any more"));
            }
            dialled.failures = failures;
        }
        Ok(())
    }
}

/// How long a connection may be at rest without a question before it is lent again; and how long that may take.
const REST: Duration = Duration::from_secs(1);
