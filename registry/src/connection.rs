//! The trait that authors of connection types implement, and what they are given.

use std::{any::Any, error::Error as StdError, fmt, future::Future, path::Path, pin::Pin, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    config::Validation,
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
/// `connect` is all that has to be written. The other methods are provided: write [`check`](Self::check) and
/// [`disconnect`](Self::disconnect) where the other side has something to say to them, and set
/// [`SELF_HEALING`](Self::SELF_HEALING) for a pool. [The guide](crate::guide::lifecycle) tells when each is called.
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
    /// Do not try again in here: what fails is called again, with growing pauses, for as long as there is time. End
    /// before [`cx.deadline()`](ConnectContext::deadline) where you can, so that your own error is told.
    ///
    /// # Errors
    ///
    /// Any error; wrap it in [`ConnectError::permanent`] when trying again cannot help, as with a wrong
    /// password: it is not tried again then. Do not put a secret into its text.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped at any `await` when `lifecycle.connect_timeout` passes, which counts from the first try on, or
    /// when the attempt is given up: the connection was disconnected, or its configuration has changed. A client that it
    /// gives all the same is told goodbye.
    fn connect(&self, cx: &ConnectContext) -> impl Future<Output = Result<Self::Client, BoxError>> + Send;

    /// Asks a live client, with one round trip, whether its other side still answers. Provided: says yes.
    ///
    /// It is called every `lifecycle.check_interval`, by [`ConnectionManager::check`](crate::ConnectionManager::check), and
    /// on a new client that is to take the place of an old one. There is never more than one at a time on a client, while
    /// the application uses that client.
    ///
    /// # Errors
    ///
    /// Any error means that it does not; `lifecycle.check_fall` of them in a row make the connection degraded. Do not put
    /// a secret into its text.
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
    /// It is called by a reload, on a client whose checks pass, for example when a password was changed that a pool needs for
    /// its next connection. A type that takes one change in place compares the fields of `self` and `new`, and gives
    /// [`Update::Rebuild`] when anything else differs.
    ///
    /// # Errors
    ///
    /// Any error is a warning in the log, and the client is rebuilt. Do not put a secret into its text.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped at any `await` when `lifecycle.connect_timeout` passes; the client is rebuilt then.
    fn update(&self, client: &Self::Client, new: &Self) -> impl Future<Output = Result<Update, BoxError>> + Send {
        let _ = (client, new);
        async { Ok(Update::Rebuild) }
    }

    /// Says what is wrong with the fields beyond what each says by itself: two that exclude each other, one that lacks
    /// another, a value that no type can refuse. Provided: nothing.
    ///
    /// It is called when the configuration is loaded; what it reports is a problem of the configuration, with file, line and
    /// column. See [`Validation`] for how it deals with placeholders, which are not resolved then: it is called once more
    /// when they are.
    fn validate(&self, validation: &mut Validation) {
        let _ = validation;
    }

    /// The server that it connects to, as `host:port`. Provided: not known.
    ///
    /// Connections of one endpoint, of whatever type, do not storm it when it is down: one of them asks whether it is back,
    /// the others wait for that one, within their `lifecycle.connect_timeout`, and then come back over two seconds. It
    /// stands in errors: give none that has a secret in it.
    fn endpoint(&self) -> Option<String> {
        None
    }

    /// Says goodbye before the client is dropped. Provided: nothing, the drop alone.
    ///
    /// It is called at most once for a client. Guards of the client may still be out, when they were not waited for or were
    /// held for too long.
    ///
    /// # Errors
    ///
    /// Any error is reported; the client is dropped all the same.
    ///
    /// # Cancel safety
    ///
    /// The future is dropped at any `await` when `lifecycle.disconnect_timeout` passes, or earlier when a shutdown leaves less
    /// time.
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
    /// Trying again cannot help before somebody changes something: wrong credentials, an untrusted certificate, no such
    /// database. It is not tried again before a reload, a disconnect, or a `get` for which a placeholder of the connection
    /// stands for something else. Returned by `check`, it counts as any other failure.
    pub fn permanent(cause: impl Into<BoxError>) -> Self {
        Self { cause: cause.into(), permanent: true }
    }

    /// Trying again may help: refused, timed out, busy. An error that is not wrapped counts as this.
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

    /// When the attempt is given up: `lifecycle.connect_timeout` after its start, all its tries included, on tokio's clock.
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
