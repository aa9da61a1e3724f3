//! `mqtt`: a broker of MQTT 3.1.1, through one connection.
//!
//! ```toml
//! [connections.sensors]
//! type = "mqtt"
//! url = "mqtts://broker.example.com"
//! client_id = "collector-1"
//! ```
//!
//! The client is an [`MqttClient`].

mod client;
mod driver;
mod failure;
mod message;
mod options;
mod routes;
#[cfg(test)]
mod tests;

use std::{
    num::{NonZeroU32, NonZeroUsize},
    time::Duration,
};

use self::options::LastWill;
pub use self::{
    client::{MqttClient, MqttSubscription},
    failure::MqttError,
    message::{MqttMessage, MqttQos},
};
use super::shared::{address::one_way, patience, route::via, tls::Tls};
use crate::{BoxError, ConnectContext, Connection, Secret, Validation, connection_type};
#[cfg(feature = "ssh-tunnel")]
use crate::{ConnectionRef, connectors::Tunnel};

/// A broker of MQTT 3.1.1. The client is an `MqttClient`, which publishes and subscribes.
///
/// Either `url` says where the broker is and who asks, or `host`, `port`, `user` and `password` do.
///
/// Encryption: by `mqtts://`, or beside `host` by a table `tls`; a `url` and a table must say the same. The broker's certificate
/// is always verified.
///
/// The client dials again by itself, after pauses of 100 ms to 2 s, and subscribes anew to what it was subscribed to: it is kept
/// while the broker is down. A broker that says nothing for twice `keep_alive` counts as gone.
///
/// A check asks the broker to end a subscription that nobody has, and waits for its answer: it needs no rights to any topic
/// and leaves nothing.
///
/// A broker has one connection for a client id: a second one with the same id ends the first. Where you give a
/// `client_id`, give `lifecycle.replace = "break-first"` as well, so that a reload ends the old connection before it makes
/// the new one.
#[connection_type("mqtt")]
#[derive(Debug)]
pub struct Mqtt {
    /// Where the broker is and who asks: `mqtt://user:password@host:1883`, or `mqtts://` with TLS. Special characters of user
    /// and password are percent-encoded. Excludes `host` and its companions.
    url: Option<Secret>,

    /// The name or address of the broker.
    host: Option<String>,

    /// Default: 1883, or 8883 with TLS.
    port: Option<u16>,

    /// Default: none, the broker is asked without a name.
    user: Option<String>,

    /// As it is, whatever characters it has.
    password: Option<Secret>,

    /// How the connection is encrypted: `mode` (`disable` or `verify-full`), `ca`, `certificate` and `key`, the paths of PEM
    /// files, and `server_name`.
    tls: Option<Tls>,

    /// The connection of type `ssh-tunnel` through which the broker is reached. Its host is as the SSH server knows it.
    #[cfg(feature = "ssh-tunnel")]
    tunnel: Option<ConnectionRef<Tunnel>>,

    /// By what the broker knows this client, in one connection at a time. Default: the name of the connection and a random
    /// number, another one for each connection.
    client_id: Option<String>,

    /// Whether the broker forgets this client when it goes. With `false`, which needs a `client_id`, it keeps the subscriptions
    /// and the messages of quality 1 and 2 until the client is back. Default: true.
    #[serde(default = "default_clean_session")]
    clean_session: bool,

    /// How long both sides may be silent, in whole seconds up to 65535 s; a ping is sent then. Default: "30s".
    #[serde(default = "default_keep_alive")]
    keep_alive: Duration,

    /// What the broker publishes when this client goes without a goodbye: `topic`, `payload` (default: empty), `qos` (0, 1 or
    /// 2, default: 0) and `retain` (default: false). Default: nothing.
    last_will: Option<LastWill>,

    /// How long a publish, a subscribe or an unsubscribe waits for the broker's answer, and before that for the connection when
    /// it is down. Default: "5s".
    #[serde(default = "default_request_timeout")]
    request_timeout: Duration,

    /// How many messages wait in a subscription to be received; those beyond are dropped and counted. At most 1048576. Default:
    /// 1024.
    #[serde(default = "default_buffer")]
    buffer: NonZeroUsize,

    /// The largest packet that is sent or taken, in bytes. A larger one from the broker ends the connection. Default: 1048576.
    #[serde(default = "default_max_packet_size")]
    max_packet_size: NonZeroU32,
}

impl Connection for Mqtt {
    type Client = MqttClient;

    const SELF_HEALING: bool = true;

    async fn connect(&self, cx: &ConnectContext) -> Result<MqttClient, BoxError> {
        let address = self.address()?;
        let (host, port) = address.host_and_port();
        let route = via!(self).route(cx, address.endpoint(), host, port).await?;
        let options = self.options(&address, &route, cx).await?;
        let open = MqttClient::open(options, self.limits(), route.endpoint(), cx.remaining());
        route.explained(patience::until_deadline(cx, route.endpoint(), open).await).await
    }

    async fn check(&self, client: &MqttClient) -> Result<(), BoxError> {
        client.round_trip(patience::CHECK).await
    }

    async fn disconnect(&self, client: &MqttClient) -> Result<(), BoxError> {
        client.close().await;
        Ok(())
    }

    fn validate(&self, validation: &mut Validation) {
        let parts = [
            ("host", self.host.is_some()),
            ("port", self.port.is_some()),
            ("user", self.user.is_some()),
            ("password", self.password.is_some()),
        ];
        one_way(validation, self.url.is_some(), &parts);
        self.validate_login(validation);
        self.validate_encryption(validation);
        self.validate_session(validation);
        if let Some(last_will) = &self.last_will {
            last_will.validate(validation);
        }
    }

    fn endpoint(&self) -> Option<String> {
        self.address().ok().map(|address| via!(self).endpoint(address.endpoint()))
    }
}

fn default_clean_session() -> bool {
    true
}

fn default_keep_alive() -> Duration {
    Duration::from_secs(30)
}

fn default_request_timeout() -> Duration {
    Duration::from_secs(5)
}

fn default_buffer() -> NonZeroUsize {
    const { NonZeroUsize::new(1024).expect("1024 is not zero") }
}

fn default_max_packet_size() -> NonZeroU32 {
    const { NonZeroU32::new(1024 * 1024).expect("a mebibyte is not zero") }
}
