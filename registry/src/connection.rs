//! The trait that authors of connection types implement, and what they are given.

use std::{any::Any, error::Error as StdError, fmt, future::Future, path::Path, pin::Pin, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    error::{BoxError, Error},
    lease::AnyLease,
};

/// A type of connection: its fields are the configuration, its client is what an application uses.
///
/// Put [`#[connection_type("name")]`](crate::connection_type) on the struct and implement this trait; nothing
/// else is needed for `type = "name"` to work in a configuration file.
///
/// Each method runs in a task of its own on the manager's runtime. One that panics, hangs or blocks its
/// thread concerns its own connection alone, and whoever waits for it waits no longer than its timeout (a blocked
/// thread is given back only when the code returns; use [`tokio::task::spawn_blocking`] for blocking work).
///
/// ```
/// use connection_registry::{connection_type, BoxError, ConnectContext, Connection, Secret};
///
/// /// A ticket API.
/// #[connection_type("tickets")]
/// struct Tickets {
///     base_url: String,
///     token: Secret,
/// }
///
/// struct TicketClient { base_url: String, authorization: String }
///
/// impl Connection for Tickets {
///     type Client = TicketClient;
///
///     async fn connect(&self, _cx: &ConnectContext) -> Result<TicketClient, BoxError> {
///         let authorization = format!("Bearer {}", self.token.expose());
///         Ok(TicketClient { base_url: self.base_url.clone(), authorization })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a connection",
    label = "implement `Connection` for `{Self}`",
    note = "a connection type says how to connect: `impl Connection for {Self} {{ type Client = …; async fn connect(…) … }}`"
)]
pub trait Connection: Send + Sync + 'static {
    /// What an application gets and uses: a pool, a client, a handle.
    type Client: Send + Sync + 'static;

    /// True when the client dials again by itself after a lost connection, as most pools do. Such a client is kept
    /// when its checks fail; any other one is replaced by a new one. Default: false.
    const SELF_HEALING: bool = false;

    /// Connects, and makes sure with one true round trip that the other side answers.
    ///
    /// # Errors
    ///
    /// Any error; wrap it in [`ConnectError::permanent`] when trying again cannot help, as with a wrong
    /// password. Do not put a secret into its text.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped at any `await` when the timeout passes or the connection is disconnected.
    fn connect(&self, cx: &ConnectContext) -> impl Future<Output = Result<Self::Client, BoxError>> + Send;

    /// Asks a live client, with one round trip, whether its other side still answers. Provided: says yes.
    ///
    /// It is called every `lifecycle.check_interval`, and on a new client that is to take the place of an old one.
    ///
    /// # Errors
    ///
    /// Any error means that it does not. Do not put a secret into its text.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped at any `await` when `lifecycle.check_timeout` passes. A client that is not
    /// [`SELF_HEALING`](Self::SELF_HEALING) is not handed out any more after that, since an answer may still be on its way.
    fn check(&self, client: &Self::Client) -> impl Future<Output = Result<(), BoxError>> + Send {
        let _ = client;
        async { Ok(()) }
    }

    /// Takes a changed configuration in place: `self` is what `client` was made from, `new` is what the configuration
    /// says now. Provided: [`Update::Rebuild`].
    ///
    /// It is called by a reload, for example when a password was changed that a pool needs for its next connection.
    ///
    /// # Errors
    ///
    /// Any error is reported, and the client is rebuilt.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped at any `await` when `lifecycle.connect_timeout` passes; the client is rebuilt then.
    fn update(&self, client: &Self::Client, new: &Self) -> impl Future<Output = Result<Update, BoxError>> + Send {
        let _ = (client, new);
        async { Ok(Update::Rebuild) }
    }

    /// The server that it connects to, as `host:port`. Provided: not known.
    ///
    /// Connections of one endpoint do not storm it when it is down: one of them asks whether it is back, the others wait
    /// for that one. Give no endpoint that has a secret in it.
    fn endpoint(&self) -> Option<String> {
        None
    }

    /// Says goodbye before the client is dropped. Provided: nothing, the drop alone.
    ///
    /// # Errors
    ///
    /// Any error is reported; the client is dropped all the same.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped at any `await` when `lifecycle.disconnect_timeout` passes.
    fn disconnect(&self, client: &Self::Client) -> impl Future<Output = Result<(), BoxError>> + Send {
        let _ = client;
        async { Ok(()) }
    }
}

/// What came of [`Connection::update`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// The client works by the new configuration from now on: it is kept.
    InPlace,
    /// The client cannot take the change: a new one is made and takes its place.
    Rebuild,
}

/// What [`connect`](Connection::connect) and [`check`](Connection::check) may return to say whether trying
/// again can help. An error that is not wrapped counts as transient.
///
/// ```
/// use connection_registry::{BoxError, ConnectError};
///
/// fn login(answer: u16) -> Result<(), BoxError> {
///     match answer {
///         200 => Ok(()),
///         401 => Err(ConnectError::permanent("the server refused the credentials").into()),
///         other => Err(format!("the server answered {other}").into()),
///     }
/// }
/// # assert!(login(401).is_err());
/// ```
#[derive(Debug)]
pub struct ConnectError {
    cause: BoxError,
    permanent: bool,
}

impl ConnectError {
    /// Trying again cannot help before somebody changes something: wrong credentials, an untrusted
    /// certificate, no such database.
    pub fn permanent(cause: impl Into<BoxError>) -> Self {
        Self { cause: cause.into(), permanent: true }
    }

    /// Trying again may help: refused, timed out, busy.
    pub fn transient(cause: impl Into<BoxError>) -> Self {
        Self { cause: cause.into(), permanent: false }
    }

    /// What was given to be returned.
    pub(crate) fn cause(&self) -> &(dyn StdError + 'static) {
        &*self.cause
    }

    /// Whether it was made by [`permanent`](Self::permanent).
    pub fn is_permanent(&self) -> bool {
        self.permanent
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl StdError for ConnectError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.source()
    }
}

/// What [`connect`](Connection::connect) knows beside its own fields.
///
/// [`get`](Self::get) gives the live client of a connection that a field refers to.
pub struct ConnectContext {
    name: Arc<str>,
    config_dir: Arc<Path>,
    deadline: Instant,
    pub(crate) references: Arc<dyn References>,
}

impl ConnectContext {
    pub(crate) fn new(
        name: Arc<str>,
        config_dir: Arc<Path>,
        deadline: Instant,
        references: Arc<dyn References>,
    ) -> Self {
        Self { name, config_dir, deadline, references }
    }

    /// The name of the connection that is being made.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder of the configuration file: relative paths in fields are meant from here.
    pub fn config_dir(&self) -> &Path {
        &self.config_dir
    }

    /// When the attempt is given up: `lifecycle.connect_timeout` after its start, on tokio's clock.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The time left until [`deadline`](Self::deadline); zero when it has passed.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

impl fmt::Debug for ConnectContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, config_dir, deadline, references: _ } = self;
        f.debug_struct("ConnectContext")
            .field("name", name)
            .field("config_dir", config_dir)
            .field("deadline", deadline)
            .finish_non_exhaustive()
    }
}

/// How a context reaches the other connections; the manager answers it.
pub(crate) trait References: Send + Sync {
    /// The registry's own entry of the connection called `name`, behind `Any`, once it is connected.
    fn connected(&self, name: &str) -> BoxFuture<'static, Result<Arc<dyn Any + Send + Sync>, Error>>;
}

/// The lease that owns a client whose type is known only at run time.
pub(crate) type AnyClient = Arc<dyn AnyLease>;

/// A boxed future that can move between threads.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
