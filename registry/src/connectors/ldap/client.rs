//! [`LdapClient`]: gives handles of a connection that lives.

use std::{fmt, sync::Arc, time::Duration};

use ldap3::Ldap;

use super::{
    dialer::{Dialer, Session},
    failure,
};
use crate::{
    BoxError,
    connectors::shared::{patience, redial::Redial},
};

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
    sessions: Redial<Session>,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) dial: Duration,
    pub(super) request: Duration,
}

impl LdapClient {
    /// Dials and binds.
    pub(super) async fn open(dialer: Dialer, limits: Limits, base_dn: Option<String>) -> Result<Self, BoxError> {
        let sessions = Redial::new(dialer.dial().await?);
        Ok(Self { dialer, limits, base_dn, sessions })
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
        if let Some(session) = self.sessions.close().await {
            session.unbind().await;
        }
    }

    async fn session(&self) -> Result<Arc<Session>, BoxError> {
        let dial = patience::within(self.limits.dial, self.dialer.endpoint(), self.dialer.dial());
        let session = self.sessions.session(Session::is_usable, dial).await;
        session.unwrap_or_else(|| Err("the connection to the directory was closed".into()))
    }
}

impl fmt::Debug for LdapClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dialer, limits, base_dn, sessions: _ } = self;
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
