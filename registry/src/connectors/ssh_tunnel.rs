//! `ssh-tunnel`: an SSH server that leads to others, such as a bastion host.
//!
//! ```toml
//! [connections.bastion]
//! type = "ssh-tunnel"
//! host = "bastion.example.com"
//! user = "deploy"
//! key = "~/.ssh/id_ed25519"
//!
//! [connections.primary_db]
//! type = "postgres"
//! host = "db.internal"             # as the bastion knows it
//! user = "app"
//! password = "${env:DATABASE_PASSWORD}"
//! tunnel = "bastion"
//! ```
//!
//! The client is a [`Tunnel`]: [`Tunnel::forward`] gives an address of this machine that leads to a server behind it. Types
//! of servers take it by their field `tunnel`, and the application never sees that address.

mod client;
mod entrance;
mod failure;
mod host_key;
mod login;
mod options;
mod session;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, time::Duration};

pub use self::client::Tunnel;
use self::session::Dialer;
use super::shared::{address, patience, patience::before_deadline};
use crate::{BoxError, ConnectContext, Connection, Secret, Validation, connection_type};

/// An SSH server that leads to others. The client is a `Tunnel`: an address of this machine for each server behind it.
/// Other connections go through it by their field `tunnel`.
///
/// The server's own key is always checked: against `host_key`, or else against `known_hosts`. One that is not known, or has
/// changed, is an error that shows its fingerprint. Keys are Ed25519 or ECDSA; RSA is not spoken.
///
/// A tunnel that was cut is dialled again by itself, with all checks, as soon as somebody wants through; its addresses of
/// this machine stay. `check` asks the server for an answer.
#[connection_type("ssh-tunnel")]
#[derive(Debug)]
pub struct SshTunnel {
    /// The name or address of the SSH server.
    host: String,

    /// Default: 22.
    #[serde(default = "default_port")]
    port: u16,

    /// Who logs in.
    user: String,

    /// Logs in by a password.
    password: Option<Secret>,

    /// Logs in by this file with a private key. A path may begin with `~/`.
    key: Option<PathBuf>,

    /// What the private key is encrypted with.
    passphrase: Option<Secret>,

    /// Logs in by the keys of the agent at this socket, on Windows a named pipe: `"${env:SSH_AUTH_SOCK}"`.
    agent: Option<PathBuf>,

    /// The file with the keys of known servers, as OpenSSH writes it; patterns with `*` or `?` are not heeded. Default:
    /// "~/.ssh/known_hosts".
    known_hosts: Option<PathBuf>,

    /// The one key that the server may have, instead of `known_hosts`: its public key, `ssh-ed25519 AAAA…`, or the
    /// fingerprint of it, `SHA256:…`.
    host_key: Option<String>,

    /// A server behind the tunnel, as `host:port`, for `Tunnel::local_address`. The SSH server must be able to connect to it.
    target: Option<String>,

    /// How often a silent server is asked whether it is there. After three questions without an answer the tunnel is cut.
    /// Default: "10s".
    #[serde(default = "default_keep_alive_interval")]
    keep_alive_interval: Duration,

    /// How long it may take to dial again once the tunnel was cut. Default: "10s".
    #[serde(default = "default_reconnect_timeout")]
    reconnect_timeout: Duration,
}

impl Connection for SshTunnel {
    type Client = Tunnel;

    const SELF_HEALING: bool = true;

    async fn connect(&self, cx: &ConnectContext) -> Result<Tunnel, BoxError> {
        let dialer = self.dialer(cx)?;
        let endpoint = dialer.endpoint().to_owned();
        patience::within(before_deadline(cx), &endpoint, Tunnel::open(dialer, self.target())).await
    }

    async fn check(&self, client: &Tunnel) -> Result<(), BoxError> {
        patience::within(patience::CHECK, &self.address(), client.ping()).await
    }

    async fn disconnect(&self, client: &Tunnel) -> Result<(), BoxError> {
        client.close().await;
        Ok(())
    }

    fn validate(&self, validation: &mut Validation) {
        self.validate_login(validation);
        self.validate_trust(validation);
        if self.target.is_some() && self.target().is_none() {
            validation.invalid(&["target"], "must be a host and a port, such as `db.internal:5432`");
        }
        if self.keep_alive_interval.is_zero() {
            validation.invalid(&["keep_alive_interval"], "must be longer than zero");
        }
        if self.reconnect_timeout.is_zero() {
            validation.invalid(&["reconnect_timeout"], "must be longer than zero");
        }
    }

    fn endpoint(&self) -> Option<String> {
        Some(self.address())
    }
}

impl SshTunnel {
    fn address(&self) -> String {
        address::endpoint(&self.host, self.port)
    }

    fn dialer(&self, cx: &ConnectContext) -> Result<Dialer, BoxError> {
        Ok(Dialer {
            host: address::without_brackets(&self.host).to_owned(),
            port: self.port,
            endpoint: self.address(),
            user: self.user.clone(),
            login: self.login(cx)?,
            trust: self.trust(cx)?,
            keep_alive_interval: self.keep_alive_interval,
            patience: self.reconnect_timeout,
        })
    }
}

fn default_port() -> u16 {
    22
}

fn default_keep_alive_interval() -> Duration {
    Duration::from_secs(10)
}

fn default_reconnect_timeout() -> Duration {
    Duration::from_secs(10)
}
