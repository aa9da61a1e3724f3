//! `ldap`: a directory, through one connection.
//!
//! ```toml
//! [connections.directory]
//! type = "ldap"
//! url = "ldaps://directory.example.com"
//! bind_dn = "cn=app,dc=example,dc=com"
//! password = "${env:DIRECTORY_PASSWORD}"
//! ```
//!
//! The client is an [`LdapClient`].

mod client;
mod dialer;
mod failure;
mod options;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use self::client::LdapClient;
use self::options::Encryption;
use super::shared::{patience, route::via, tls::Tls};
use crate::{BoxError, ConnectContext, Connection, Secret, Validation, connection_type};
#[cfg(feature = "ssh-tunnel")]
use crate::{ConnectionRef, connectors::Tunnel};

/// A directory that speaks LDAP. The client is an `LdapClient`, which gives handles of `ldap3`, bound as `bind_dn`.
///
/// Either `url` says where the server is, or `host` and `port` do.
///
/// Encryption: with a URL that begins with `ldaps://` from the first byte on, with a table `tls` by StartTLS, else not at all;
/// a password is then readable on its way. `encryption` says it otherwise. The server is always verified.
///
/// The client dials and binds again by itself when it is next asked for a handle, once for all who ask: it is kept while the
/// server is down.
///
/// A check reads the server's own entry, the root DSE, and gives up the connection when there is no answer.
#[connection_type("ldap")]
#[derive(Debug)]
pub struct Ldap {
    /// Where the server is: `ldap://host:389`, or `ldaps://` with TLS from the first byte on. Excludes `host` and `port`.
    url: Option<Secret>,

    /// The name or address of the server.
    host: Option<String>,

    /// Default: 636 with TLS from the first byte on, else 389.
    port: Option<u16>,

    /// The full name as which the client binds. Default: none, the client stays anonymous.
    bind_dn: Option<String>,

    /// As it is, whatever characters it has.
    password: Option<Secret>,

    /// The name below which the application looks: the client tells it, and nothing else is done with it. Default: none.
    base_dn: Option<String>,

    /// How the connection is encrypted: `implicit` (TLS from the first byte on), `starttls` or `none`. Default: as the URL
    /// and `tls` say.
    encryption: Option<Encryption>,

    /// Whom to trust: `mode` (`verify-full`), `ca`, `certificate` and `key`, the paths of PEM files, and `server_name`.
    tls: Option<Tls>,

    /// The connection of type `ssh-tunnel` through which the server is reached. Its host is as the SSH server knows it.
    #[cfg(feature = "ssh-tunnel")]
    tunnel: Option<ConnectionRef<Tunnel>>,

    /// How long it may take to dial and to bind again. Default: "5s".
    #[serde(default = "default_connect_timeout")]
    connect_timeout: Duration,

    /// How long the first operation of a handle may take, and each entry of a search. Default: "10s".
    #[serde(default = "default_request_timeout")]
    request_timeout: Duration,
}

impl Connection for Ldap {
    type Client = LdapClient;

    const SELF_HEALING: bool = true;

    async fn connect(&self, cx: &ConnectContext) -> Result<LdapClient, BoxError> {
        let address = self.address()?;
        let (host, port) = address.host_and_port();
        let route = via!(self).route(cx, address.endpoint(), host, port).await?;
        let dialer = self.dialer(&address, &route, cx).await?;
        let open = LdapClient::open(dialer, self.limits(), self.base_dn.clone());
        route.explained(patience::until_deadline(cx, route.endpoint(), open).await).await
    }

    async fn check(&self, client: &LdapClient) -> Result<(), BoxError> {
        client.round_trip(patience::CHECK).await
    }

    async fn disconnect(&self, client: &LdapClient) -> Result<(), BoxError> {
        client.close().await;
        Ok(())
    }

    fn validate(&self, validation: &mut Validation) {
        self.validate_address(validation);
        self.validate_login(validation);
        self.validate_encryption(validation);
        if self.connect_timeout.is_zero() {
            validation.invalid(&["connect_timeout"], "must be longer than zero");
        }
        if self.request_timeout.is_zero() {
            validation.invalid(&["request_timeout"], "must be longer than zero");
        }
    }

    fn endpoint(&self) -> Option<String> {
        self.address().ok().map(|address| via!(self).endpoint(address.endpoint()))
    }
}

fn default_connect_timeout() -> Duration {
    Duration::from_secs(5)
}

fn default_request_timeout() -> Duration {
    Duration::from_secs(10)
}
