//! `redis`: a Redis or Valkey server, through one connection that all share.
//!
//! ```toml
//! [connections.cache]
//! type = "redis"
//! host = "cache.example.com"
//! user = "app"
//! password = "${env:CACHE_PASSWORD}"
//! database = 2
//! tls.mode = "verify-full"
//! ```
//!
//! The client is a [`ConnectionManager`] of `redis`. Its commands need it mutable, and a clone is the same connection:
//!
//! ```no_run
//! # use connection_registry::{BoxError, ConnectionManager};
//! # async fn example(connections: ConnectionManager) -> Result<(), BoxError> {
//! let cache = connections.get::<redis::aio::ConnectionManager>("cache").await?;
//! let greeting: String = redis::cmd("GET").arg("greeting").query_async(&mut (*cache).clone()).await?;
//! # Ok(()) }
//! ```

mod failure;
mod options;
#[cfg(test)]
mod tests;

use std::time::Duration;

use redis::aio::ConnectionManager;

use super::shared::{
    address::one_way,
    patience::{self, before_deadline, within},
    route::via,
    tls::Tls,
};
use crate::{BoxError, ConnectContext, Connection, Secret, Validation, connection_type, serde::Deserialize};
#[cfg(feature = "ssh-tunnel")]
use crate::{ConnectionRef, connectors::Tunnel};

/// A Redis or Valkey server. The client is `redis::aio::ConnectionManager`: one connection that all callers share, and that
/// each clone shares.
///
/// Either `url` says where the server is and who asks, or `host`, `port`, `user`, `password` and `database` do.
///
/// Encryption: by `rediss://`, or beside `host` by a table `tls`; a `url` and a table must say the same. The server is always
/// verified in full, for the name of the host.
///
/// The client dials again by itself when a command finds that the connection is gone: that command fails, and none is sent
/// twice. Once the server has refused its login it dials no more, so that a client whose checks fail is replaced. A check
/// sends `PING`.
///
/// A command that blocks, such as `BLPOP`, keeps all others waiting: declare a connection of its own for it, and let it
/// block for less than `response_timeout`.
#[connection_type("redis")]
#[derive(Debug)]
pub struct Redis {
    /// Where the server is and who asks: `redis://user:password@host:6379/0`, `rediss://` for an encrypted connection, or
    /// `redis+unix:///path`. Special characters of the password are percent-encoded. Excludes `host` and its companions.
    url: Option<Secret>,

    /// The name or address of the server, or the path of its socket, which begins with `/`.
    host: Option<String>,

    /// Default: 6379.
    port: Option<u16>,

    /// A user of the server's access control list. Default: the user `default`.
    user: Option<String>,

    /// As it is, whatever characters it has.
    password: Option<Secret>,

    /// The number of the database. Default: 0.
    database: Option<u32>,

    /// How the connection is encrypted: `mode` (`disable` or `verify-full`), `ca`, `certificate` and `key`, the paths of PEM
    /// files.
    tls: Option<Tls>,

    /// The connection of type `ssh-tunnel` through which the server is reached. Its host is as the SSH server knows it.
    /// TLS is not to be had through it: the driver looks in the certificate for the name of where it dials.
    #[cfg(feature = "ssh-tunnel")]
    tunnel: Option<ConnectionRef<Tunnel>>,

    /// What `CLIENT LIST` shows of this application. After the client has dialled again it is there from the next check on.
    /// Default: none.
    client_name: Option<String>,

    /// The version of the protocol, `resp2` or `resp3`. Default: "resp2".
    protocol: Option<Protocol>,

    /// How long the client waits for a connection, login included. Default: "5s".
    #[serde(default = "default_connect_timeout")]
    connect_timeout: Duration,

    /// How long a command waits for its answer; "0s" is for ever. The driver's own half second would end commands that
    /// block, and slow scripts, whose answer is lost then. Default: "30s".
    #[serde(default = "default_response_timeout")]
    response_timeout: Duration,
}

/// The version of the protocol.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(crate = "crate::serde", rename_all = "lowercase")]
enum Protocol {
    Resp2,
    Resp3,
}

impl Connection for Redis {
    type Client = ConnectionManager;

    // It does dial again, but never more once the server has refused its login.
    const SELF_HEALING: bool = false;

    async fn connect(&self, cx: &ConnectContext) -> Result<ConnectionManager, BoxError> {
        let address = self.address()?;
        let (host, port) = options::host_and_port(&address);
        let route = via!(self).route(cx, options::endpoint(&address), host, port).await?;
        let driver = self.driver(options::along(address, &route), cx).await?;
        let (endpoint, patience) = (route.endpoint(), self.connect_timeout.min(before_deadline(cx)));
        let attempt = async {
            let client = ConnectionManager::new_with_config(driver, self.manager_config()).await?;
            self.greet(&client).await?;
            Ok(client)
        };
        let attempt = async { attempt.await.map_err(|error| self.explain(error, endpoint)) };
        route.explained(within(patience, endpoint, attempt).await).await
    }

    async fn check(&self, client: &ConnectionManager) -> Result<(), BoxError> {
        let endpoint = self.endpoint().unwrap_or_default();
        let answer = async {
            match self.greet(client).await {
                // What this says may be of long ago: it is the last attempt to dial that failed, and the next one has begun.
                Err(error) if error.is_io_error() && !error.is_timeout() => self.greet(client).await,
                answer => answer,
            }
        };
        within(patience::CHECK, &endpoint, async { answer.await.map_err(|error| self.explain(error, &endpoint)) }).await
    }

    fn validate(&self, validation: &mut Validation) {
        let parts = [
            ("host", self.host.is_some()),
            ("port", self.port.is_some()),
            ("user", self.user.is_some()),
            ("password", self.password.is_some()),
            ("database", self.database.is_some()),
        ];
        one_way(validation, self.url.is_some(), &parts);
        if self.user.is_some() && self.password.is_none() {
            validation.missing("password", "a user is known by a password");
        }
        if let Some(why) = self.url.as_ref().and_then(|url| options::url_fault(url.expose())) {
            validation.invalid(&["url"], why);
        }
        if let Some(tls) = &self.tls {
            self.validate_tls(tls, validation);
        }
        self.validate_tunnel(validation);
        if !self.client_name.as_deref().is_none_or(options::is_client_name) {
            validation.invalid(&["client_name"], "must be of visible ASCII characters, without spaces");
        }
        if self.connect_timeout.is_zero() {
            validation.invalid(&["connect_timeout"], "must be longer than zero");
        }
    }

    fn endpoint(&self) -> Option<String> {
        self.address().ok().map(|address| via!(self).endpoint(options::endpoint(&address)))
    }
}

impl Redis {
    /// Says who this is, where that is to be said, and asks whether the server serves.
    async fn greet(&self, client: &ConnectionManager) -> redis::RedisResult<()> {
        let mut greeting = redis::pipe();
        if let Some(name) = &self.client_name {
            greeting.cmd("CLIENT").arg("SETNAME").arg(name).ignore();
        }
        // A server or a proxy that lets nobody have a name serves all the same.
        greeting.cmd("PING").ignore_errors();
        let answers: Vec<redis::RedisResult<redis::Value>> = greeting.query_async(&mut client.clone()).await?;
        answers.into_iter().collect::<redis::RedisResult<Vec<_>>>().map(drop)
    }

    fn explain(&self, error: redis::RedisError, endpoint: &str) -> BoxError {
        failure::reason(&error, self.response_timeout).at(endpoint, Some(error.into()))
    }
}

fn default_connect_timeout() -> Duration {
    Duration::from_secs(5)
}

fn default_response_timeout() -> Duration {
    Duration::from_secs(30)
}
