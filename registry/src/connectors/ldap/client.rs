//! [`LdapClient`]: gives handles of a connection that lives.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use ldap3::Ldap;
use tokio::{sync::Mutex, time::Instant};

use super::{
    dialer::{Dialer, Session},
    failure,
};
use crate::{BoxError, ConnectError, connectors::shared::patience};

/// A directory, bound.
///
/// ```no_run
/// # async fn find(connections: connection_registry::ConnectionManager) -> Result<(), connection_registry::BoxError> {
/// use connection_registry::connectors::LdapClient;
/// use ldap3::Scope;
///
/// let directory = connections.get::<LdapClient>("directory").await?;
/// let base = directory.base_dn().unwrap_or_default();
/// let found = directory.ldap().await?.search(base, Scope::Subtree, "(uid=ada)", ["mail"]).await?;
/// let (entries, _) = found.success()?;
/// # Ok(()) }
/// ```
///
/// All operations share one connection, and do not wait for each other. One that was given up, by its timeout or because its
/// future was dropped, does no harm to the others: its answer is thrown away when it comes.
pub struct LdapClient {
    dialer: Dialer,
    limits: Limits,
    base_dn: Option<String>,
    state: Mutex<State>,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) dial: Duration,
    pub(super) request: Duration,
}

struct State {
    session: Option<Arc<Session>>,
    /// The last attempt to have one, when that failed.
    failure: Option<Remembered>,
    is_closed: bool,
}

struct Remembered {
    cause: Arc<dyn StdError + Send + Sync>,
    until: Instant,
}

impl LdapClient {
    /// Dials and binds.
    pub(super) async fn open(dialer: Dialer, limits: Limits, base_dn: Option<String>) -> Result<Self, BoxError> {
        let session = Some(Arc::new(dialer.dial().await?));
        let state = Mutex::new(State { session, failure: None, is_closed: false });
        Ok(Self { dialer, limits, base_dn, state })
    }

    /// A handle of the connection, for one operation: its first one has the timeout of the configuration, and so has each
    /// entry of a search; later ones have none, unless you give it. Take a new handle instead.
    ///
    /// Do not bind with it: everybody else has the same connection.
    ///
    /// When the connection has ended, it is made again, once for all who ask. An attempt that fails is not repeated for half a
    /// second, and for half a minute when the server does not accept the credentials or cannot be trusted.
    ///
    /// # Errors
    ///
    /// When the server cannot be reached, does not accept the credentials, or the client was disconnected.
    ///
    /// # Cancel safety
    ///
    /// An attempt that is dropped is made by the next one who asks.
    pub async fn ldap(&self) -> Result<Ldap, BoxError> {
        let mut ldap = self.session().await?.handle();
        ldap.with_timeout(self.limits.request);
        Ok(ldap)
    }

    /// The name below which the application looks, as the configuration says.
    pub fn base_dn(&self) -> Option<&str> {
        self.base_dn.as_deref()
    }

    /// Reads the server's own entry. A connection on which there is no answer is given up.
    pub(super) async fn round_trip(&self, patience: Duration) -> Result<(), BoxError> {
        let ask = async {
            let session = self.session().await?;
            let unanswered = Unanswered(Some(&session));
            let answer = session.round_trip().await;
            unanswered.came();
            answer.map_err(|error| self.dialer.explain(error, failure::reason))
        };
        patience::within(patience, self.dialer.endpoint(), ask).await
    }

    /// Ends the connection for good.
    pub(super) async fn close(&self) {
        let session = {
            let mut state = self.state.lock().await;
            state.is_closed = true;
            state.session.take()
        };
        if let Some(session) = session {
            session.unbind().await;
        }
    }

    async fn session(&self) -> Result<Arc<Session>, BoxError> {
        let mut state = self.state.lock().await;
        if state.is_closed {
            return Err("the connection to the directory was closed".into());
        }
        if let Some(session) = state.session.as_ref().filter(|session| session.is_usable()) {
            return Ok(Arc::clone(session));
        }
        if let Some(failure) = state.failure.as_ref().filter(|failure| Instant::now() < failure.until) {
            return Err(Shared(Arc::clone(&failure.cause)).into());
        }
        state.session = None;
        match patience::within(self.limits.dial, self.dialer.endpoint(), self.dialer.dial()).await {
            Ok(session) => {
                state.failure = None;
                Ok(Arc::clone(state.session.insert(Arc::new(session))))
            }
            Err(error) => Err(state.remember(error)),
        }
    }
}

impl State {
    /// So that those who wait do not dial one after the other, and a user is not locked out.
    fn remember(&mut self, error: BoxError) -> BoxError {
        let is_permanent = error.downcast_ref::<ConnectError>().is_some_and(ConnectError::is_permanent);
        let until = Instant::now() + if is_permanent { LONG_PAUSE } else { PAUSE };
        let cause: Arc<dyn StdError + Send + Sync> = Arc::from(error);
        self.failure = Some(Remembered { cause: Arc::clone(&cause), until });
        Shared(cause).into()
    }
}

impl fmt::Debug for LdapClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dialer, limits, base_dn, state: _ } = self;
        f.debug_struct("LdapClient")
            .field("dialer", dialer)
            .field("limits", limits)
            .field("base_dn", base_dn)
            .finish_non_exhaustive()
    }
}

/// Gives up the connection on which an answer is awaited, when it is dropped before that came.
struct Unanswered<'a>(Option<&'a Session>);

impl Unanswered<'_> {
    fn came(mut self) {
        self.0 = None;
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(session) = self.0 {
            session.give_up();
        }
    }
}

/// The failure of an attempt for which many waited.
#[derive(Debug)]
struct Shared(Arc<dyn StdError + Send + Sync>);

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Shared {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// After an attempt that failed.
const PAUSE: Duration = Duration::from_millis(500);

/// After one that fails again until somebody changes something.
const LONG_PAUSE: Duration = Duration::from_secs(30);
