//! [`Dialer`]: makes a [`Session`], as often as one is needed.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, Scope, SearchResult, StdStream};
use rustls::ClientConfig;
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};

use super::{failure, options::Encryption};
use crate::{
    BoxError, Secret,
    connectors::shared::{address, failure::Reason, route::Route},
};

/// Where the server is, how to encrypt, and who asks.
pub(super) struct Dialer {
    /// What the server is called in errors.
    endpoint: String,
    host: String,
    port: u16,
    /// For the driver, which takes the host for the name of the certificate; it does not dial.
    url: String,
    is_upgraded: bool,
    config: Option<Arc<ClientConfig>>,
    login: Option<Login>,
}

/// Who asks, and how it shows that.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) dn: String,
    pub(super) password: Secret,
}

impl Dialer {
    /// `name` is that of the certificate.
    pub(super) fn new(
        route: &Route,
        name: &str,
        encryption: Encryption,
        config: Option<Arc<ClientConfig>>,
        login: Option<Login>,
    ) -> Self {
        let scheme = if encryption == Encryption::Implicit { "ldaps" } else { "ldap" };
        // Nobody dials that port.
        let url = format!("{scheme}://{}", address::endpoint(name, 1));
        let (endpoint, (host, port)) = (route.endpoint().to_owned(), route.dial());
        Self { endpoint, host, port, url, is_upgraded: encryption == Encryption::Starttls, config, login }
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A connection that is bound and has answered.
    pub(super) async fn dial(&self) -> Result<Session, BoxError> {
        let mut session = self.connect().await?;
        let (answered, reason): (_, fn(&LdapError) -> Reason) = match &self.login {
            Some(login) => (session.bind(login).await, failure::reason_of_bind),
            // Nobody binds: the server's own entry is the first thing asked for.
            None => (session.round_trip().await, failure::reason),
        };
        match answered {
            Ok(()) => Ok(session),
            Err(error) => {
                let error = session.cause_of(error).await;
                Err(self.explain(error, reason))
            }
        }
    }

    async fn connect(&self) -> Result<Session, BoxError> {
        let refused = |error: std::io::Error| Reason::of(&error).at(&self.endpoint, Some(error.into()));
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(refused)?;
        // An operation is one small packet.
        stream.set_nodelay(true).map_err(refused)?;
        let stream = StdStream::Tcp(stream.into_std().map_err(refused)?);
        let mut settings = LdapConnSettings::new().set_std_stream(stream).set_starttls(self.is_upgraded);
        if let Some(config) = &self.config {
            settings = settings.set_config(Arc::clone(config));
        }
        let made = LdapConnAsync::with_settings(settings, &self.url).await;
        let (connection, ldap) = made.map_err(|error| self.explain(error, failure::reason_of_dialling))?;
        Ok(Session { ldap, drive: tokio::spawn(connection.drive()), is_given_up: AtomicBool::new(false) })
    }

    pub(super) fn explain(&self, error: LdapError, reason: fn(&LdapError) -> Reason) -> BoxError {
        reason(&error).at(&self.endpoint, Some(error.into()))
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// One connection and the task that drives it, which ends with it.
pub(super) struct Session {
    ldap: Ldap,
    drive: JoinHandle<Result<(), LdapError>>,
    is_given_up: AtomicBool,
}

impl Session {
    pub(super) fn is_usable(&self) -> bool {
        !self.is_given_up.load(Ordering::Relaxed) && !self.drive.is_finished()
    }

    /// Another handle of the same connection.
    pub(super) fn handle(&self) -> Ldap {
        self.ldap.clone()
    }

    /// Ends the connection, also for those who have a handle of it.
    pub(super) fn give_up(&self) {
        self.is_given_up.store(true, Ordering::Relaxed);
        self.drive.abort();
    }

    /// Reads the server's own entry. That it does not show it is an answer as well.
    pub(super) async fn round_trip(&self) -> Result<(), LdapError> {
        let SearchResult(_, result) = self.handle().search("", Scope::Base, "(objectClass=*)", ["1.1"]).await?;
        if failure::is_answer(&result) { Ok(()) } else { Err(result.into()) }
    }

    /// Says goodbye, to a server that takes it in time.
    pub(super) async fn unbind(&self) {
        let _ = timeout(GOODBYE, self.handle().unbind()).await;
        self.give_up();
    }

    async fn bind(&mut self, login: &Login) -> Result<(), LdapError> {
        let result = self.ldap.simple_bind(&login.dn, login.password.expose()).await?;
        result.success().map(drop)
    }

    /// What ended the connection, when that is why an operation failed.
    async fn cause_of(&mut self, error: LdapError) -> LdapError {
        if failure::reason(&error) != Reason::HungUp {
            return error;
        }
        match timeout(GOODBYE, &mut self.drive).await {
            Ok(Ok(Err(cause))) => cause,
            _ => error,
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// How long the end of a connection may take.
const GOODBYE: Duration = Duration::from_secs(1);
