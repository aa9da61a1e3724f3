//! `memcached`: a memcached server, through a pool.
//!
//! ```toml
//! [connections.cache]
//! type = "memcached"
//! host = "cache.example.com"
//! max_connections = 20
//! ```
//!
//! The client is a [`MemcachedPool`], whose connections are those of `async-memcached`.

mod client;
mod failure;
mod options;
#[cfg(test)]
mod tests;

use std::{num::NonZeroU32, time::Duration};

use self::client::Limits;
pub use self::client::{MemcachedConnection, MemcachedError, MemcachedPool};
use super::shared::{
    address::one_way,
    patience::{self, until_deadline, within},
    route::via,
};
use crate::{BoxError, ConnectContext, ConnectError, Connection, Secret, Validation, connection_type};
#[cfg(feature = "ssh-tunnel")]
use crate::{ConnectionRef, connectors::Tunnel};

/// A memcached server. The client is a pool, `connection_registry::connectors::MemcachedPool`.
///
/// Either `url` says where the server is, or `host` and `port` do.
///
/// Nothing is encrypted and nobody has to say who it is: keep such a server to a network of your own.
///
/// The pool dials again by itself: it is kept while the server is down. A connection whose command failed or was given up is
/// closed, and never used again. A check asks the server for its version.
#[connection_type("memcached")]
#[derive(Debug)]
pub struct Memcached {
    /// Where the server is: `memcached://host:11211`. Excludes `host` and `port`.
    url: Option<Secret>,

    /// The name or IPv4 address of the server, or the path of its socket, which begins with `/`.
    host: Option<String>,

    /// Default: 11211.
    port: Option<u16>,

    /// The connection of type `ssh-tunnel` through which the server is reached. Its host is as the SSH server knows it.
    #[cfg(feature = "ssh-tunnel")]
    tunnel: Option<ConnectionRef<Tunnel>>,

    /// How many connections the pool opens at most. Default: 10.
    #[serde(default = "default_max_connections")]
    max_connections: NonZeroU32,

    /// How long a caller waits for a connection of the pool, whether none is free or the server does not answer. Default:
    /// "10s".
    #[serde(default = "default_acquire_timeout")]
    acquire_timeout: Duration,

    /// How long the pool waits for a new connection, and for the server's first answer on it. Default: "5s".
    #[serde(default = "default_connect_timeout")]
    connect_timeout: Duration,

    /// How long `MemcachedPool::run` waits for the answer to what it is given, once it has a connection. Default: "2s".
    #[serde(default = "default_request_timeout")]
    request_timeout: Duration,
}

impl Connection for Memcached {
    type Client = MemcachedPool;

    const SELF_HEALING: bool = true;

    async fn connect(&self, cx: &ConnectContext) -> Result<MemcachedPool, BoxError> {
        let address = self.address()?;
        let (host, port) = address.host_and_port();
        let route = via!(self).route(cx, address.endpoint(), host, port).await?;
        let (source, endpoint) = (address.along(&route).source(), route.endpoint());
        let pool = MemcachedPool::new(source, self.limits());
        let first = async { pool.get().await.map(drop).map_err(|error| failure::explain(error, endpoint)) };
        route.explained(until_deadline(cx, endpoint, first).await).await?;
        Ok(pool)
    }

    async fn check(&self, client: &MemcachedPool) -> Result<(), BoxError> {
        let endpoint = self.endpoint().unwrap_or_default();
        let answer = async { client.ping().await.map_err(|error| failure::explain(error, &endpoint)) };
        match tokio::time::timeout(patience::CHECK / 2, answer).await {
            Ok(answer) => answer,
            Err(_) => self.why_no_answer(client, &endpoint).await,
        }
    }

    async fn disconnect(&self, client: &MemcachedPool) -> Result<(), BoxError> {
        client.close();
        Ok(())
    }

    fn validate(&self, validation: &mut Validation) {
        one_way(validation, self.url.is_some(), &[("host", self.host.is_some()), ("port", self.port.is_some())]);
        if let Some(why) = self.url.as_ref().and_then(|url| options::url_fault(url.expose())) {
            validation.invalid(&["url"], why);
        }
        if let Some(why) = self.host.as_deref().and_then(options::host_fault) {
            validation.invalid(&["host"], why);
        }
        self.validate_tunnel(validation);
        if self.max_connections.get() > MOST_CONNECTIONS {
            validation.invalid(&["max_connections"], "must be at most 65535");
        }
        let timeouts = [
            ("acquire_timeout", self.acquire_timeout),
            ("connect_timeout", self.connect_timeout),
            ("request_timeout", self.request_timeout),
        ];
        for (key, _) in timeouts.iter().filter(|(_, timeout)| timeout.is_zero()) {
            validation.invalid(&[key], "must be longer than zero");
        }
    }

    fn endpoint(&self) -> Option<String> {
        self.address().ok().map(|address| via!(self).endpoint(address.endpoint()))
    }
}

impl Memcached {
    fn limits(&self) -> Limits {
        Limits {
            connections: self.max_connections.get(),
            acquire: self.acquire_timeout,
            connect: self.connect_timeout,
            request: self.request_timeout,
        }
    }

    /// A pool that gives no connection says nothing of the reason; a connection beside it finds that out.
    async fn why_no_answer(&self, client: &MemcachedPool, endpoint: &str) -> Result<(), BoxError> {
        let beside = async { client.dial().await.map_err(|error| failure::explain(error, endpoint)) };
        within(patience::CHECK / 2, endpoint, beside).await?;
        let message =
            format!("the pool has no free connection (of {}); `{endpoint}` itself answers", self.max_connections);
        Err(ConnectError::transient(message).into())
    }
}

fn default_max_connections() -> NonZeroU32 {
    const { NonZeroU32::new(10).expect("ten is not zero") }
}

fn default_acquire_timeout() -> Duration {
    Duration::from_secs(10)
}

fn default_connect_timeout() -> Duration {
    Duration::from_secs(5)
}

fn default_request_timeout() -> Duration {
    Duration::from_secs(2)
}

/// The pool sets a place aside for each connection that it may ever have.
const MOST_CONNECTIONS: u32 = 65_535;
