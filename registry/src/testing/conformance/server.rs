//! [`Server`]: what a connection type connects to, and how it dies and returns.

use std::{future::Future, net::SocketAddr, pin::Pin, sync::Arc};

use super::trial::Verdict;
use crate::BoxError;

/// A real server that a [`Suite`](super::Suite) kills, starts, freezes and thaws: a process, a container, or something in
/// the test's own process.
///
/// It runs when the suite is given it, and runs again after each trial. No other test may use it meanwhile.
///
/// ```
/// use std::net::SocketAddr;
///
/// use connection_registry::{BoxError, testing::conformance::Server};
///
/// /// What a test knows of the process of a server.
/// struct Process { address: SocketAddr }
///
/// impl Process {
///     async fn signal(&self, _signal: &str) -> Result<(), BoxError> { Ok(()) }
///     async fn spawn_and_wait_until_ready(&self) -> Result<(), BoxError> { Ok(()) }
/// }
///
/// impl Server for Process {
///     fn address(&self) -> SocketAddr { self.address }
///     async fn kill(&self) -> Result<(), BoxError> { self.signal("KILL").await }
///     async fn start(&self) -> Result<(), BoxError> { self.spawn_and_wait_until_ready().await }
///     async fn freeze(&self) -> Result<(), BoxError> { self.signal("STOP").await }
///     async fn thaw(&self) -> Result<(), BoxError> { self.signal("CONT").await }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a server of the conformance suite",
    label = "implement `conformance::Server` for `{Self}`",
    note = "a server says where it listens, and how it is killed, started, frozen and thawed"
)]
pub trait Server: Send + Sync + 'static {
    /// Where it listens; the same after each [`start`](Self::start).
    fn address(&self) -> SocketAddr;

    /// Ends it at once, as a power cut does, and returns when it is gone.
    ///
    /// # Errors
    ///
    /// When it could not be ended. The trial fails with that.
    ///
    /// # Cancel safety
    ///
    /// Dropped only when the suite is: the server may be up or down then.
    fn kill(&self) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Starts it again at the same address, and returns when it is ready to serve.
    ///
    /// # Errors
    ///
    /// When it did not get ready. The trial fails with that.
    ///
    /// # Cancel safety
    ///
    /// Dropped only when the suite is: the server may be up or down then.
    fn start(&self) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Whether it can be frozen. Provided: yes. With no the trials that need it are skipped.
    fn can_freeze(&self) -> bool {
        true
    }

    /// Stops it in the middle of whatever it does, as `SIGSTOP` does: its connections stay open, new ones are taken by the
    /// system, and nothing is answered. Provided: an error, so that a trial does not pass without it.
    ///
    /// # Errors
    ///
    /// When it could not be stopped. The trial fails with that.
    ///
    /// # Cancel safety
    ///
    /// Dropped only when the suite is: the server may be frozen then.
    fn freeze(&self) -> impl Future<Output = Result<(), BoxError>> + Send {
        async { Err(NOT_FROZEN.into()) }
    }

    /// Lets it go on where it was [frozen](Self::freeze), as `SIGCONT` does. Provided: an error.
    ///
    /// # Errors
    ///
    /// When it could not be let go on. The trial fails with that.
    ///
    /// # Cancel safety
    ///
    /// Dropped only when the suite is: the server may be frozen then.
    fn thaw(&self) -> impl Future<Output = Result<(), BoxError>> + Send {
        async { Err(NOT_FROZEN.into()) }
    }
}

const NOT_FROZEN: &str = "this server cannot be frozen; let `can_freeze` say so";

/// A server of any type.
#[derive(Clone)]
pub(super) struct AnyServer(Arc<dyn Obeys>);

impl AnyServer {
    pub(super) fn new<S: Server>(server: Arc<S>) -> Self {
        Self(server)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.0.address()
    }

    pub(super) fn can_freeze(&self) -> bool {
        self.0.can_freeze()
    }

    pub(super) async fn kill(&self) -> Verdict {
        self.order(Order::Kill, "killed").await
    }

    pub(super) async fn start(&self) -> Verdict {
        self.order(Order::Start, "started").await
    }

    pub(super) async fn freeze(&self) -> Verdict {
        self.order(Order::Freeze, "frozen").await
    }

    pub(super) async fn thaw(&self) -> Verdict {
        self.order(Order::Thaw, "thawed").await
    }

    async fn order(&self, order: Order, what: &str) -> Verdict {
        self.0.obey(order).await.map_err(|error| format!("the server could not be {what}: {error}").into())
    }
}

#[derive(Clone, Copy)]
enum Order {
    Kill,
    Start,
    Freeze,
    Thaw,
}

/// [`Server`], but that it can be a trait object.
trait Obeys: Send + Sync {
    fn address(&self) -> SocketAddr;
    fn can_freeze(&self) -> bool;
    fn obey(&self, order: Order) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + '_>>;
}

impl<S: Server> Obeys for S {
    fn address(&self) -> SocketAddr {
        Server::address(self)
    }

    fn can_freeze(&self) -> bool {
        Server::can_freeze(self)
    }

    fn obey(&self, order: Order) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + '_>> {
        match order {
            Order::Kill => Box::pin(self.kill()),
            Order::Start => Box::pin(self.start()),
            Order::Freeze => Box::pin(self.freeze()),
            Order::Thaw => Box::pin(self.thaw()),
        }
    }
}
