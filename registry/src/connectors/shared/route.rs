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
use crate::{BoxError, Conn, ConnectContext, ConnectionRef, Validation, connectors::shared::address};

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
        self.way(cx, server, host, port, Speaks::Itself).await
    }

    /// The same for a driver that takes the way through a proxy alone, of the protocol SOCKS 5: that is what listens at the
    /// local end, and leads to `port` of `host` and nowhere else.
    pub(in crate::connectors) async fn route_by_proxy(
        self,
        cx: &ConnectContext,
        server: String,
        host: &str,
        port: u16,
    ) -> Result<Route, BoxError> {
        self.way(cx, server, host, port, Speaks::Socks).await
    }

    /// The ways to each of `servers`, a host and a port, which together are called `place`.
    pub(in crate::connectors) async fn routes(
        self,
        cx: &ConnectContext,
        place: String,
        servers: impl IntoIterator<Item = (String, u16)>,
    ) -> Result<Routes, BoxError> {
        let mut each = Vec::new();
        for (host, port) in servers {
            each.push(self.route(cx, address::endpoint(&host, port), &host, port).await?);
        }
        Ok(Routes { each, endpoint: self.endpoint(place) })
    }

    async fn way(
        self,
        cx: &ConnectContext,
        server: String,
        host: &str,
        port: u16,
        driver: Speaks,
    ) -> Result<Route, BoxError> {
        let end = match self.0 {
            Some(reference) => Some(End::new(cx.get(reference).await?, host, port, driver).await?),
            None => None,
        };
        Ok(Route { host: host.to_owned(), port, endpoint: self.endpoint(server), end })
    }
}

/// What a driver says first at the local end of a tunnel.
#[derive(Clone, Copy)]
enum Speaks {
    /// What it says to the server.
    Itself,
    /// The protocol SOCKS 5.
    Socks,
}

/// The way to a server.
pub(in crate::connectors) struct Route {
    host: String,
    port: u16,
    endpoint: String,
    end: Option<End>,
}

/// The local end of a tunnel.
struct End {
    tunnel: Conn<Tunnel>,
    address: SocketAddr,
}

impl End {
    async fn new(tunnel: Conn<Tunnel>, host: &str, port: u16, driver: Speaks) -> Result<Self, BoxError> {
        let address = match driver {
            Speaks::Itself => tunnel.forward(host, port).await?,
            Speaks::Socks => tunnel.proxy(host, port).await?,
        };
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
        self.end.as_ref().map(|end| end.address)
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
        if answer.is_ok() {
            return answer;
        }
        self.refusal().await.map_or(answer, Err)
    }

    async fn refusal(&self) -> Option<BoxError> {
        let End { tunnel, address } = self.end.as_ref()?;
        tunnel.refusal(*address).await
    }
}

/// The ways to several servers, any one of which will do.
pub(in crate::connectors) struct Routes {
    each: Vec<Route>,
    endpoint: String,
}

impl Routes {
    /// What they are called together in errors.
    pub(in crate::connectors) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// In the order of the servers.
    pub(in crate::connectors) fn each(&self) -> &[Route] {
        &self.each
    }

    /// As that of a [`Route`], where the tunnel leads to none of them.
    pub(in crate::connectors) async fn explained<T>(&self, answer: Result<T, BoxError>) -> Result<T, BoxError> {
        if answer.is_ok() {
            return answer;
        }
        let mut refusal = None;
        for route in &self.each {
            match route.refusal().await {
                None => return answer,
                found => refusal = found,
            }
        }
        refusal.map_or(answer, Err)
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

    async fn proxy(&self, _: &str, _: u16) -> Result<SocketAddr, BoxError> {
        match *self {}
    }

    async fn refusal(&self, _: SocketAddr) -> Option<BoxError> {
        match *self {}
    }
}
