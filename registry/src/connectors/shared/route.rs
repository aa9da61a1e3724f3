//! Where to dial: the server itself, or the local end of a tunnel to it.
//!
//! A type whose servers can be behind a tunnel has the field
//!
//! ```ignore
//! /// The connection of type `ssh-tunnel` through which the server is reached. `host` is as the SSH server knows it.
//! #[cfg(feature = "ssh-tunnel")]
//! tunnel: Option<ConnectionRef<Tunnel>>,
//! ```
//!
//! and asks `via!(self)`, which is the direct way where the feature is off.

use std::net::SocketAddr;

#[cfg(feature = "ssh-tunnel")]
use crate::connectors::Tunnel;
use crate::{BoxError, Conn, ConnectContext, ConnectionRef, Validation};

/// The tunnel that a connection names, if it does.
#[derive(Clone, Copy)]
pub(in crate::connectors) struct Via<'a>(pub(in crate::connectors) Option<&'a ConnectionRef<Tunnel>>);

/// The [`Via`] of a connection with a field `tunnel`.
#[cfg(feature = "ssh-tunnel")]
macro_rules! via {
    ($connection:expr) => {
        $crate::connectors::shared::route::Via($connection.tunnel.as_ref())
    };
}

/// No connection has a field `tunnel`.
#[cfg(not(feature = "ssh-tunnel"))]
macro_rules! via {
    ($connection:expr) => {{
        let _ = $connection;
        $crate::connectors::shared::route::Via(None)
    }};
}

pub(in crate::connectors) use via;

impl<'a> Via<'a> {
    pub(in crate::connectors) fn is_tunnel(self) -> bool {
        self.0.is_some()
    }

    /// The name of the tunnel.
    pub(in crate::connectors) fn name(self) -> Option<&'a str> {
        self.0.map(ConnectionRef::name)
    }

    /// What a server is called, in errors and among the endpoints: `server` is its own `host:port`. Behind different tunnels
    /// there are different servers.
    pub(in crate::connectors) fn endpoint(self, server: String) -> String {
        match self.name() {
            Some(tunnel) => format!("{server} through {tunnel}"),
            None => server,
        }
    }

    /// For a driver that looks in the certificate for the name of where it dials, which is this machine behind a tunnel:
    /// reports `key` when it asks for that.
    pub(in crate::connectors) fn refuse_verify_full(self, key: &str, is_full: bool, validation: &mut Validation) {
        if self.is_tunnel() && is_full {
            let why = "cannot be `verify-full` through a tunnel, whose local end has another name: use `verify-ca`";
            validation.invalid(&[key, "tunnel"], why);
        }
    }

    /// The way to `port` of `host`, which is called `server`. Waits until the tunnel is connected, if there is one.
    pub(in crate::connectors) async fn route(
        self,
        cx: &ConnectContext,
        server: String,
        host: &str,
        port: u16,
    ) -> Result<Route, BoxError> {
        let endpoint = self.endpoint(server);
        let (host, tunnel) = (
            host.to_owned(),
            match self.0 {
                Some(reference) => Some(End::new(cx.get(reference).await?, host, port).await?),
                None => None,
            },
        );
        Ok(Route { host, port, endpoint, tunnel })
    }
}

/// The way to a server.
pub(in crate::connectors) struct Route {
    host: String,
    port: u16,
    endpoint: String,
    tunnel: Option<End>,
}

/// The local end of a tunnel.
struct End {
    tunnel: Conn<Tunnel>,
    address: SocketAddr,
}

impl End {
    async fn new(tunnel: Conn<Tunnel>, host: &str, port: u16) -> Result<Self, BoxError> {
        let address = tunnel.forward(host, port).await?;
        Ok(Self { tunnel, address })
    }
}

impl Route {
    /// What the server is called in errors.
    pub(in crate::connectors) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The local end of the tunnel, if there is one.
    pub(in crate::connectors) fn local(&self) -> Option<SocketAddr> {
        self.tunnel.as_ref().map(|end| end.address)
    }

    /// Where to dial.
    pub(in crate::connectors) fn dial(&self) -> (String, u16) {
        match self.local() {
            Some(local) => (local.ip().to_string(), local.port()),
            None => (self.host.clone(), self.port),
        }
    }

    /// The answer of the server; where it failed because the tunnel does not lead there, that error instead: all that the
    /// driver sees is that its connection was closed.
    pub(in crate::connectors) async fn explained<T>(&self, answer: Result<T, BoxError>) -> Result<T, BoxError> {
        let (Err(_), Some(End { tunnel, .. })) = (&answer, &self.tunnel) else { return answer };
        match tunnel.refusal(&self.host, self.port).await {
            Some(refusal) => Err(refusal),
            None => answer,
        }
    }
}

/// What is wrong with the path of a socket.
pub(in crate::connectors) const NO_SOCKET: &str = "must name a host: no socket of this machine is behind a tunnel";

/// Without the feature there is none.
#[cfg(not(feature = "ssh-tunnel"))]
pub(in crate::connectors) enum Tunnel {}

#[cfg(not(feature = "ssh-tunnel"))]
impl Tunnel {
    async fn forward(&self, _: &str, _: u16) -> Result<SocketAddr, BoxError> {
        match *self {}
    }

    async fn refusal(&self, _: &str, _: u16) -> Option<BoxError> {
        match *self {}
    }
}
