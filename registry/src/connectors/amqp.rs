//! `amqp`: a broker that speaks AMQP 0-9-1, such as RabbitMQ.
//!
//! ```toml
//! [connections.events]
//! type = "amqp"
//! host = "rabbit.example.com"
//! user = "app"
//! password = "${env:RABBIT_PASSWORD}"
//! vhost = "shop"
//! tls.ca = "certs/ca.pem"
//! ```
//!
//! The client is an [`AmqpConnection`]: a [`lapin::Connection`] that opens channels, and that ends when it is closed.

mod client;
mod failure;
mod line;
mod options;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::shared::{
    address::one_way,
    patience::{self, until_deadline},
    route::via,
    tls::Tls,
};
use crate::{BoxError, ConnectContext, Connection, Secret, Validation, connection_type};
#[cfg(feature = "ssh-tunnel")]
use crate::{ConnectionRef, connectors::Tunnel};

pub use client::AmqpConnection;

/// A broker that speaks AMQP 0-9-1, such as RabbitMQ. The client is an `AmqpConnection`, on which all methods of
/// `lapin::Connection` can be called: `create_channel` above all.
///
/// Either `url` says where the broker is and who asks, or `host`, `port`, `user`, `password` and `vhost` do.
///
/// Encryption: by `amqps://`, or beside `host` by a table `tls`; a `url` and a table must say the same. The broker is verified
/// in full.
///
/// A connection that is lost is dialled again, every 500 ms at most, for as long as it is not closed; channels, consumers and
/// what they have declared come back with it. What the driver cannot bring back is replaced by a new connection once its
/// checks have failed. A check opens a channel and closes it.
#[connection_type("amqp")]
#[derive(Debug)]
pub struct Amqp {
    /// Where the broker is and who asks: `amqp://user:password@host:5672/vhost`, or `amqps://` for an encrypted connection.
    /// Special characters of the password and the virtual host are percent-encoded: the host `/` is `%2F`, which is also
    /// meant where no path is given. Excludes `host` and its companions.
    url: Option<Secret>,

    /// The name or address of the broker.
    host: Option<String>,

    /// Default: 5672, encrypted 5671.
    port: Option<u16>,

    /// Needs `password`. Default: "guest".
    user: Option<String>,

    /// As it is, whatever characters it has. Default: "guest".
    password: Option<Secret>,

    /// The virtual host, as it is. Default: "/".
    vhost: Option<String>,

    /// How the connection is encrypted: `mode` (`disable` or `verify-full`), `ca`, `certificate` and `key`, the paths of PEM
    /// files, and `server_name`.
    tls: Option<Tls>,

    /// The connection of type `ssh-tunnel` through which the broker is reached. Its host is as the SSH server knows it.
    #[cfg(feature = "ssh-tunnel")]
    tunnel: Option<ConnectionRef<Tunnel>>,

    /// What the broker shows of this connection in its own views. Default: the name of the connection.
    connection_name: Option<String>,

    /// After two of these without a word from the broker the connection counts as lost. Whole seconds. Default: what the
    /// broker proposes, with RabbitMQ "60s".
    heartbeat: Option<Duration>,

    /// How many channels can be open at once, at least 1. Default: what the broker allows, with RabbitMQ 2047.
    channel_max: Option<u16>,

    /// The largest frame, in bytes, at least 4096; a larger message is sent in several. Default: what the broker allows.
    frame_max: Option<u32>,
}

impl Connection for Amqp {
    type Client = AmqpConnection;

    const SELF_HEALING: bool = false;

    async fn connect(&self, cx: &ConnectContext) -> Result<AmqpConnection, BoxError> {
        let uri = self.uri()?;
        let route = via!(self).route(cx, options::endpoint(&uri), &uri.authority.host, uri.authority.port).await?;
        let settings = self.settings(uri, &route, cx).await?;
        route.explained(until_deadline(cx, route.endpoint(), AmqpConnection::open(settings)).await).await
    }

    async fn check(&self, client: &AmqpConnection) -> Result<(), BoxError> {
        patience::within(patience::CHECK, client.endpoint(), client.round_trip()).await
    }

    async fn disconnect(&self, client: &AmqpConnection) -> Result<(), BoxError> {
        client.say_goodbye().await
    }

    fn validate(&self, validation: &mut Validation) {
        let parts = [
            ("host", self.host.is_some()),
            ("port", self.port.is_some()),
            ("user", self.user.is_some()),
            ("password", self.password.is_some()),
            ("vhost", self.vhost.is_some()),
        ];
        one_way(validation, self.url.is_some(), &parts);
        if self.url.is_none() && self.user.is_some() && self.password.is_none() {
            validation.missing("password", "a user is of use only with its password");
        }
        if let Some(url) = &self.url
            && let Some(why) = options::url_fault(url.expose())
        {
            validation.invalid(&["url"], why);
        }
        self.validate_limits(validation);
        self.validate_tls(validation);
    }

    fn endpoint(&self) -> Option<String> {
        self.uri().ok().map(|uri| via!(self).endpoint(options::endpoint(&uri)))
    }
}
