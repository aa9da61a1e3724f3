//! `grpc`: a gRPC server, through a channel that generated clients take.
//!
//! ```toml
//! [connections.billing]
//! type = "grpc"
//! url = "https://billing.example.com:443"
//! service = "billing.v1.Billing"
//! tls.ca = "ca.pem"
//! ```
//!
//! The client is a [`Channel`] of `tonic`: `BillingClient::new(Channel::clone(&channel))`.

mod failure;
mod options;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use tonic::transport::Channel;
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use super::shared::{failure::Reason, patience, tls::Tls};
use crate::{BoxError, ConnectContext, Connection, Secret, Validation, connection_type};
#[cfg(feature = "ssh-tunnel")]
use crate::{ConnectionRef, connectors::Tunnel};

/// A gRPC server. The client is a channel, `tonic::transport::Channel`; generated clients take a clone of it.
///
/// Either `url` says where the server is, or `host` and `port` do.
///
/// Encryption: the scheme of the URL decides, and with `host` the table `tls`. With `https` or that table the server is
/// always verified in full.
///
/// There is no setting for a token: a channel sends no metadata of its own, and one that does is of another type. Give the
/// generated client an interceptor; `tls.certificate` is for servers that know their clients by certificates.
///
/// The channel dials again by itself: it is kept while the server is down. A clone of it that is kept keeps its connection
/// open, also when this one is closed: clone it where it is used.
///
/// The check asks the health service of the server, `grpc.health.v1`, and the answer must be SERVING. A server without that
/// service lives, since it answers; so does one that does not tell this to whoever shows no certificate.
#[connection_type("grpc")]
#[derive(Debug)]
pub struct Grpc {
    /// Where the server is: `https://host:port`, or `http://host:port` without encryption. Excludes `host` and `port`.
    url: Option<Secret>,

    /// The name or address of the server.
    host: Option<String>,

    /// Default: 443 with `tls`, else 80.
    port: Option<u16>,

    /// How the connection is encrypted: `mode` (`verify-full` or `disable`), `ca`, `certificate` and `key`, the paths of PEM
    /// files, and `server_name`.
    tls: Option<Tls>,

    /// The connection of type `ssh-tunnel` through which the server is reached. Its host is as the SSH server knows it.
    #[cfg(feature = "ssh-tunnel")]
    tunnel: Option<ConnectionRef<Tunnel>>,

    /// Whose health is asked, such as `billing.v1.Billing`. Default: that of the server as a whole.
    #[serde(default)]
    service: String,

    /// Stands before the driver's own name in what the server sees. Default: the name of the connection.
    user_agent: Option<String>,

    /// How long the server may take to begin its answer to a call. Default: "30s".
    #[serde(default = "default_request_timeout")]
    request_timeout: Duration,

    /// How long it may take to connect, with TLS. Default: "5s".
    #[serde(default = "default_connect_timeout")]
    connect_timeout: Duration,

    /// How often the server is pinged while calls are under way. Many servers end connections that ping more often than each
    /// five minutes. Default: never.
    keep_alive_interval: Option<Duration>,

    /// How long the server may take to answer a ping. Default: "20s".
    #[serde(default = "default_keep_alive_timeout")]
    keep_alive_timeout: Duration,

    /// Whether it is pinged without calls, too. Default: false.
    #[serde(default)]
    keep_alive_while_idle: bool,
}

impl Connection for Grpc {
    type Client = Channel;

    const SELF_HEALING: bool = true;

    async fn connect(&self, cx: &ConnectContext) -> Result<Channel, BoxError> {
        let route = self.route(cx).await?;
        let (options, place) = (self.options(cx, &route).await?, route.endpoint());
        let connected = patience::until_deadline(cx, place, async {
            let begun = Instant::now();
            let connected = options.connect().await;
            let channel = connected.map_err(|error| failure::reason(&error, begun).at(place, Some(error.into())))?;
            let asked = match self.ask(&channel).await {
                // The driver may lose what a server says when it ends the connection after a handshake, as one does that asks
                // for another certificate. It dials again for this.
                Err((Reason::Other | Reason::HungUp, _)) if self.is_encrypted() => self.ask(&channel).await,
                asked => asked,
            };
            asked.map_err(|(reason, cause)| reason.at(place, Some(cause)))?;
            Ok(channel)
        });
        route.explained(connected.await).await
    }

    async fn check(&self, client: &Channel) -> Result<(), BoxError> {
        let place = self.place()?;
        patience::within(patience::CHECK, &place, async {
            self.ask(client).await.map_err(|(reason, cause)| reason.at(&place, Some(cause)))
        })
        .await
    }

    fn validate(&self, validation: &mut Validation) {
        self.validate_address(validation);
        if let Some(tls) = &self.tls {
            tls.validate_strict(validation);
        }
        if self.user_agent.as_deref().is_some_and(|name| !options::is_user_agent(name)) {
            validation.invalid(&["user_agent"], "must be a value that HTTP allows");
        }
        if self.keep_alive_interval.is_none() && self.keep_alive_while_idle {
            validation.invalid(&["keep_alive_while_idle"], "is of use only with `keep_alive_interval`");
        }
        self.validate_durations(validation);
    }

    fn endpoint(&self) -> Option<String> {
        self.place().ok()
    }
}

impl Grpc {
    fn validate_durations(&self, validation: &mut Validation) {
        patience::not_zero(
            validation,
            &[
                ("request_timeout", self.request_timeout),
                ("connect_timeout", self.connect_timeout),
                ("keep_alive_interval", self.keep_alive_interval.unwrap_or(Duration::MAX)),
                ("keep_alive_timeout", self.keep_alive_timeout),
            ],
        );
    }

    /// One round trip to the health service.
    async fn ask(&self, channel: &Channel) -> Result<(), (Reason, BoxError)> {
        let begun = Instant::now();
        let mut health = HealthClient::new(channel.clone());
        match health.check(HealthCheckRequest { service: self.service.clone() }).await {
            Ok(answer) => failure::judge(answer.into_inner().status()),
            Err(status) => failure::explain(status, begun, self.has_certificate()),
        }
    }
}

fn default_request_timeout() -> Duration {
    Duration::from_secs(30)
}

fn default_connect_timeout() -> Duration {
    Duration::from_secs(5)
}

fn default_keep_alive_timeout() -> Duration {
    Duration::from_secs(20)
}
