//! `nats`: a NATS server, or a cluster of them.
//!
//! ```toml
//! [connections.bus]
//! type = "nats"
//! servers = ["nats-1.example.com:4222", "nats-2.example.com:4222"]
//! user = "app"
//! password = "${env:NATS_PASSWORD}"
//! tls.ca = "certs/ca.pem"
//! ```
//!
//! The client is an [`async_nats::Client`].

mod failure;
mod options;
mod pace;
#[cfg(test)]
mod tests;
mod verifier;

use std::{sync::Arc, time::Duration};

use async_nats::{Client, connection::State};
use tokio::time::sleep;

use self::pace::{Pace, Paces};
use super::shared::{
    patience::{self, before_deadline, until_deadline},
    route::via,
    tls::Tls,
};
use crate::{BoxError, ConnectContext, Connection, Secret, Validation, connection_type};
#[cfg(feature = "ssh-tunnel")]
use crate::{ConnectionRef, connectors::Tunnel};

/// A NATS server, or a cluster of them. The client is an `async_nats::Client`.
///
/// One of `url`, `host` and `servers` says where the servers are. Who asks stands in the URL, or is said by `user` and
/// `password`, or by `token`.
///
/// Encryption: by `tls://`, by a table `tls`, or when the server demands it; the server is verified in full in each case.
///
/// The client dials again by itself, every second at most, and its subscriptions come back: it is kept while no server is
/// there, until it is closed. A login that is refused then is tried every 30 seconds. A check sends a request to a subject that nobody listens to, which the server says at once.
#[connection_type("nats")]
#[derive(Debug)]
pub struct Nats {
    /// Where the server is and who asks: `nats://user:password@host:4222`, `nats://token@host`, or `tls://` for an
    /// encrypted connection. Special characters of the password are percent-encoded. Several are separated by commas; the
    /// first one that says who asks says it for all. Excludes `host`, `servers` and their companions.
    url: Option<Secret>,

    /// The name or address of the server.
    host: Option<String>,

    /// Default: 4222.
    port: Option<u16>,

    /// The servers of a cluster, each as `host:port`, or as `host` at port 4222. Any one of them will do.
    servers: Option<Vec<String>>,

    /// Needs `password`.
    user: Option<String>,

    /// As it is, whatever characters it has.
    password: Option<Secret>,

    /// Instead of `user` and `password`.
    token: Option<Secret>,

    /// How the connection is encrypted: `mode` (`disable` or `verify-full`), `ca`, `certificate` and `key`, the paths of PEM
    /// files.
    tls: Option<Tls>,

    /// The connection of type `ssh-tunnel` through which the servers are reached. Their hosts are as the SSH server knows them.
    /// No other servers are dialled, whatever these announce; with TLS the certificate is for one of their hosts.
    #[cfg(feature = "ssh-tunnel")]
    tunnel: Option<ConnectionRef<Tunnel>>,

    /// What the server shows of this client in its own views. Default: the name of the connection.
    connection_name: Option<String>,

    /// How long a request waits for its answer, unless the application says otherwise. Default: "10s".
    #[serde(default = "default_request_timeout")]
    request_timeout: Duration,

    /// How often the client asks whether the server is still there; after two questions without an answer it dials again.
    /// Default: "60s".
    #[serde(default = "default_ping_interval")]
    ping_interval: Duration,

    /// How the subjects of answers begin, for a user who may not listen to those of others. Default: "_INBOX".
    inbox_prefix: Option<String>,

    /// The subject of a check. The user must be allowed to publish to it; if somebody answers, that is as good. Default:
    /// "connection-registry.check".
    #[serde(default = "default_check_subject")]
    check_subject: String,

    /// When the clients that were made dial.
    #[serde(skip)]
    paces: Paces,
}

impl Connection for Nats {
    type Client = Client;

    const SELF_HEALING: bool = true;

    async fn connect(&self, cx: &ConnectContext) -> Result<Client, BoxError> {
        let servers = self.addresses()?;
        let routes = via!(self).routes(cx, options::endpoint(&servers), options::hosts(&servers)).await?;
        let (endpoint, dialled) = (routes.endpoint(), options::dialled(&servers, &routes)?);
        let patience = options::patience(before_deadline(cx), servers.len());
        let pace = Arc::new(Pace::default());
        let options = self.options(cx, &pace, &servers).await?.connection_timeout(patience);
        let connected = until_deadline(cx, endpoint, async {
            // The driver's handshake ends with a ping and the server's answer to it.
            let client = options.connect(dialled).await;
            let client = client.map_err(|error| failure::reason(&error, patience).at(endpoint, Some(error.into())))?;
            self.paces.add(pace, &client);
            Ok(client)
        });
        routes.explained(connected.await).await
    }

    async fn check(&self, client: &Client) -> Result<(), BoxError> {
        let endpoint = self.endpoint().unwrap_or_default();
        if client.connection_state() != State::Connected {
            return Err(failure::lost(&endpoint));
        }
        // A flush would end with this side's own buffers.
        let answer =
            async { failure::of_request(client.request(self.check_subject.clone(), Default::default()).await) };
        patience::within(patience::CHECK, &endpoint, async {
            answer.await.map_err(|reason| reason.at(&endpoint, None))
        })
        .await
    }

    async fn disconnect(&self, client: &Client) -> Result<(), BoxError> {
        // First of all: this may be given up.
        self.paces.close(client);
        let is_connected = client.connection_state() == State::Connected;
        let closed = async {
            // What is under way is sent, and the connection is closed.
            client.drain().await?;
            // Flushes fail once it is.
            while is_connected && client.flush().await.is_ok() {
                sleep(BETWEEN_FLUSHES).await;
            }
            Ok(())
        };
        patience::within(GOODBYE, &self.endpoint().unwrap_or_default(), closed).await
    }

    fn validate(&self, validation: &mut Validation) {
        self.validate_address(validation);
        self.validate_login(validation);
        self.validate_tls(validation);
        for (key, time) in [("request_timeout", self.request_timeout), ("ping_interval", self.ping_interval)] {
            if time.is_zero() {
                validation.invalid(&[key], "must be longer than zero");
            }
        }
        if !options::is_subject(&self.check_subject) {
            validation.invalid(&["check_subject"], "must be a subject without spaces and wildcards");
        }
    }

    fn endpoint(&self) -> Option<String> {
        self.addresses().ok().map(|servers| via!(self).endpoint(options::endpoint(&servers)))
    }
}

fn default_request_timeout() -> Duration {
    Duration::from_secs(10)
}

fn default_ping_interval() -> Duration {
    Duration::from_secs(60)
}

fn default_check_subject() -> String {
    "connection-registry.check".to_owned()
}

/// How long the goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

const BETWEEN_FLUSHES: Duration = Duration::from_millis(5);
