//! `smtp`: a mail server that takes messages to be sent.
//!
//! ```toml
//! [connections.mail]
//! type = "smtp"
//! host = "mail.example.com"
//! user = "app"
//! password = "${env:MAIL_PASSWORD}"
//! ```
//!
//! The client is an [`AsyncSmtpTransport`] of `lettre`.

mod failure;
mod options;
#[cfg(test)]
mod tests;

use std::time::Duration;

use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::time::timeout;

use self::options::{Encryption, Mechanism};
use super::shared::{failure::Reason, patience, route::via, tls::Tls};
use crate::{BoxError, ConnectContext, Connection, Secret, Validation, connection_type};
#[cfg(feature = "ssh-tunnel")]
use crate::{ConnectionRef, connectors::Tunnel};

/// A mail server that takes messages to be sent. The client is `lettre::AsyncSmtpTransport<lettre::Tokio1Executor>`.
///
/// Either `url` says where the server is and who asks, or `host`, `port`, `user` and `password` do.
///
/// Encryption: with a URL that begins with `smtps://` from the first byte on; else with a user or a table `tls` by
/// STARTTLS, without which nothing is sent; else not at all. `encryption` says it otherwise. The server is verified in full,
/// unless `tls.mode` says less.
///
/// The driver dials again by itself: the client is kept while the server is down. Nothing limits how long it waits for an
/// answer of the server, so limit the time of a send yourself.
///
/// A check asks the server for nothing (`NOOP`), on a new connection with a new login where none is kept.
#[connection_type("smtp")]
#[derive(Debug)]
pub struct Smtp {
    /// Where the server is and who asks: `smtp://user:password@host:587`, or `smtps://` with TLS from the first byte on.
    /// Special characters of user and password are percent-encoded. Excludes `host` and its companions.
    url: Option<Secret>,

    /// The name or address of the server.
    host: Option<String>,

    /// Default: 465 with TLS from the first byte on, 587 with STARTTLS, else 25.
    port: Option<u16>,

    /// Default: none, and no login.
    user: Option<String>,

    /// As it is, whatever characters it has; the token with `xoauth2`.
    password: Option<Secret>,

    /// How the connection is encrypted: `implicit` (TLS from the first byte on), `starttls`, `opportunistic` (by STARTTLS
    /// where the server offers it, which keeps nobody out) or `none`. Default: as the URL, a user and `tls` say.
    encryption: Option<Encryption>,

    /// Whom to trust: `mode` (`require`, `verify-ca` or `verify-full`), `ca`, `certificate` (one alone, without a chain) and
    /// `key`, the paths of PEM files, and `server_name`.
    tls: Option<Tls>,

    /// The connection of type `ssh-tunnel` through which the server is reached. Its host is as the SSH server knows it.
    #[cfg(feature = "ssh-tunnel")]
    tunnel: Option<ConnectionRef<Tunnel>>,

    /// How the user may show who it is, by what the server offers: `plain`, `login` and `xoauth2`, the preferred one first.
    /// Default: `["plain", "login"]`.
    auth_mechanisms: Option<Vec<Mechanism>>,

    /// What this client calls itself to the server: a name, or an address in brackets. Default: "[127.0.0.1]".
    hello_name: Option<String>,

    /// How long the driver waits for each of the host's addresses when it dials. Default: "10s".
    #[serde(default = "default_connect_timeout")]
    connect_timeout: Duration,

    /// How many connections are kept for the next message when they are not in use. Default: 0, each message has its own:
    /// the driver keeps also a connection on which a send was given up half-way, and the next message then meets the rest of
    /// the last one. Keep some only where no send is ever dropped before its end.
    #[serde(default)]
    max_idle_connections: u32,

    /// After it a connection that was kept is closed; at least a second. Default: "1m".
    #[serde(default = "default_idle_timeout")]
    idle_timeout: Duration,
}

impl Connection for Smtp {
    type Client = AsyncSmtpTransport<Tokio1Executor>;

    const SELF_HEALING: bool = true;

    async fn connect(&self, cx: &ConnectContext) -> Result<Self::Client, BoxError> {
        let address = self.address()?;
        let (host, port) = address.host_and_port();
        let route = via!(self).route(cx, address.endpoint(), host, port).await?;
        let client = self.builder(&address, &route, cx).await?.build();
        let answer = patience::until_deadline(cx, route.endpoint(), self.round_trip(&client, route.endpoint())).await;
        route.explained(answer).await?;
        Ok(client)
    }

    async fn check(&self, client: &Self::Client) -> Result<(), BoxError> {
        let endpoint = self.endpoint().unwrap_or_default();
        patience::within(patience::CHECK, &endpoint, self.round_trip(client, &endpoint)).await
    }

    async fn disconnect(&self, client: &Self::Client) -> Result<(), BoxError> {
        // A server that does not take the goodbye is left without it.
        let _ = timeout(GOODBYE, client.shutdown()).await;
        Ok(())
    }

    fn validate(&self, validation: &mut Validation) {
        self.validate_address(validation);
        self.validate_encryption(validation);
        self.validate_manners(validation);
    }

    fn endpoint(&self) -> Option<String> {
        self.address().ok().map(|address| via!(self).endpoint(address.endpoint()))
    }
}

impl Smtp {
    async fn round_trip(&self, client: &AsyncSmtpTransport<Tokio1Executor>, endpoint: &str) -> Result<(), BoxError> {
        match client.test_connection().await {
            Ok(true) => Ok(()),
            // The driver does not tell why.
            Ok(false) => Err(Reason::HungUp.at(endpoint, None)),
            Err(error) => Err(failure::reason(&error, self.connect_timeout).at(endpoint, Some(error.into()))),
        }
    }
}

fn default_connect_timeout() -> Duration {
    Duration::from_secs(10)
}

fn default_idle_timeout() -> Duration {
    Duration::from_secs(60)
}

/// How long the server may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);
