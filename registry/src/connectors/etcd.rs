//! `etcd`: a cluster of etcd, for what must be the same everywhere.
//!
//! ```toml
//! [connections.settings]
//! type = "etcd"
//! endpoints = ["https://etcd-1.example.com:2379", "https://etcd-2.example.com:2379"]
//! user = "app"
//! password = "${env:ETCD_PASSWORD}"
//! ```
//!
//! The client is an [`etcd_client::Client`].

mod failure;
mod options;
#[cfg(test)]
mod tests;

use std::time::Duration;

use etcd_client::Client;

use self::failure::Failed;
use super::shared::{
    patience::{self, until_deadline, within},
    route::{Route, via},
    tls::Tls,
};
use crate::{BoxError, ConnectContext, Connection, Secret, Validation, connection_type};
#[cfg(feature = "ssh-tunnel")]
use crate::{ConnectionRef, connectors::Tunnel};

/// A cluster of etcd. The client is an `etcd_client::Client`, which can be cloned; its methods take `&mut self`.
///
/// Endpoints that begin with `https://` are encrypted, and the server is verified in full.
///
/// Requests are spread over the members, and dial again when they must: the client is kept while all are down. One that meets
/// a member which is down may fail, and can be made again. `check` reads a key that is not there, and logs in again where the
/// cluster does not know the login any more.
///
/// To build it needs protoc and its include files: the packages `protobuf-compiler` and `libprotobuf-dev` of Debian.
#[connection_type("etcd")]
#[derive(Debug)]
pub struct Etcd {
    /// The members of the cluster: `http://host:2379` or `https://host:2379`, all of one kind. Without a port it is 2379.
    endpoints: Vec<String>,

    /// Who asks. Goes with `password`.
    user: Option<String>,

    /// As it is, whatever characters it has.
    password: Option<Secret>,

    /// Of endpoints that begin with `https://`: `ca`, `certificate` with `key`, and `server_name`.
    tls: Option<Tls>,

    /// The connection of type `ssh-tunnel` through which the members are reached. Their hosts are as the SSH server knows them;
    /// with `https://` all have the same host, or a `tls.server_name` that the certificate of each has.
    #[cfg(feature = "ssh-tunnel")]
    tunnel: Option<ConnectionRef<Tunnel>>,

    /// How long dialling may take. Default: "5s".
    #[serde(default = "default_connect_timeout")]
    connect_timeout: Duration,

    /// How long a request may take, and so also how long a watch or a lease stream may last. Default: no limit.
    request_timeout: Option<Duration>,

    /// How often a server that says nothing is asked whether it is there. Default: "30s".
    #[serde(default = "default_keep_alive_interval")]
    keep_alive_interval: Duration,

    /// How long it may take to answer that. Default: "10s".
    #[serde(default = "default_keep_alive_timeout")]
    keep_alive_timeout: Duration,
}

impl Connection for Etcd {
    type Client = Client;

    const SELF_HEALING: bool = true;

    async fn connect(&self, cx: &ConnectContext) -> Result<Client, BoxError> {
        let routes = via!(self).routes(cx, self.place(), self.members()).await?;
        let (options, place) = (self.options(cx.config_dir()).await?, routes.endpoint());
        let connected = until_deadline(cx, place, async {
            // With a user it logs in, which is a round trip of its own.
            let connected = Client::connect(self.addresses(routes.each().iter().map(Route::dial)), Some(options)).await;
            let mut client =
                connected.map_err(|error| failure::reason(&error).at(place, Some(Failed(error).into())))?;
            self.round_trip(&mut client, place).await?;
            Ok(client)
        });
        routes.explained(connected.await).await
    }

    async fn check(&self, client: &Client) -> Result<(), BoxError> {
        let place = via!(self).endpoint(self.place());
        within(patience::CHECK, &place, self.round_trip(&mut client.clone(), &place)).await
    }

    fn validate(&self, validation: &mut Validation) {
        self.validate_endpoints(validation);
        match (&self.user, &self.password) {
            (Some(_), None) => validation.missing("password", "`user` is of use only with a password"),
            (None, Some(_)) => validation.missing("user", "`password` is of use only with a user"),
            _ => {}
        }
        patience::not_zero(
            validation,
            &[
                ("connect_timeout", self.connect_timeout),
                ("request_timeout", self.request_timeout.unwrap_or(Duration::MAX)),
                ("keep_alive_interval", self.keep_alive_interval),
                ("keep_alive_timeout", self.keep_alive_timeout),
            ],
        );
    }

    fn endpoint(&self) -> Option<String> {
        // Of several members another one may be up.
        (self.endpoints.len() == 1).then(|| via!(self).endpoint(self.place()))
    }
}

impl Etcd {
    /// Reads a key that is not there. A member that was started anew knows no login of before: then it logs in again, for
    /// every clone of the client.
    async fn round_trip(&self, client: &mut Client, place: &str) -> Result<(), BoxError> {
        let mut answer = client.get(NOTHING, None).await.map(drop);
        if answer.as_ref().is_err_and(failure::is_login_lost) {
            answer = client.refresh_token().await;
        }
        match answer {
            Ok(()) => Ok(()),
            // It answers, and knows who asks: a user need not have the right to read that key.
            Err(error) if self.user.is_some() && failure::is_right_missing(&error) => Ok(()),
            Err(error) => Err(failure::reason(&error).at(place, Some(Failed(error).into()))),
        }
    }
}

fn default_connect_timeout() -> Duration {
    Duration::from_secs(5)
}

fn default_keep_alive_interval() -> Duration {
    Duration::from_secs(30)
}

fn default_keep_alive_timeout() -> Duration {
    Duration::from_secs(10)
}

/// A key that nobody has.
const NOTHING: &str = "connection-registry-check";
