//! From the fields to what the driver takes.

use super::Memcached;
use crate::{
    BoxError, Validation,
    connectors::shared::{
        address,
        failure::settings,
        route::{NO_SOCKET, Route, via},
    },
};

/// Where the server is.
pub(super) enum Address {
    Tcp { host: String, port: u16 },
    Socket { path: String },
}

impl Memcached {
    pub(super) fn address(&self) -> Result<Address, BoxError> {
        match (&self.url, &self.host) {
            (Some(url), _) => parse(url.expose()).ok_or_else(|| settings(URL_FORM)),
            (None, Some(path)) if path.starts_with('/') => Ok(Address::Socket { path: path.clone() }),
            (None, host) => {
                Ok(Address::Tcp { host: host.clone().unwrap_or_default(), port: self.port.unwrap_or(DEFAULT_PORT) })
            }
        }
    }

    pub(super) fn validate_tunnel(&self, validation: &mut Validation) {
        if via!(self).is_tunnel() && matches!(self.address(), Ok(Address::Socket { .. })) {
            let key = if self.url.is_some() { "url" } else { "host" };
            validation.invalid(&[key, "tunnel"], NO_SOCKET);
        }
    }
}

impl Address {
    /// Where to dial, unless that is a socket.
    pub(super) fn host_and_port(&self) -> (&str, u16) {
        match self {
            Self::Tcp { host, port } => (host, *port),
            Self::Socket { .. } => ("", 0),
        }
    }

    /// The same server, by the local end of the tunnel if there is one.
    pub(super) fn along(self, route: &Route) -> Self {
        match (self, route.dial()) {
            (Self::Tcp { .. }, (host, port)) => Self::Tcp { host, port },
            (socket, _) => socket,
        }
    }

    /// As the driver reads it.
    pub(super) fn source(&self) -> String {
        match self {
            Self::Tcp { host, port } => format!("tcp://{host}:{port}"),
            Self::Socket { path } => format!("unix://{path}"),
        }
    }

    /// `host:port`, or the path of the socket.
    pub(super) fn endpoint(&self) -> String {
        match self {
            Self::Tcp { host, port } => address::endpoint(host, *port),
            Self::Socket { path } => path.clone(),
        }
    }
}

/// What is wrong with the URL.
pub(super) fn url_fault(url: &str) -> Option<&'static str> {
    match parse(url) {
        Some(Address::Tcp { host, .. }) => host_fault(&host),
        Some(Address::Socket { .. }) => None,
        None => Some(URL_FORM),
    }
}

/// What is wrong with the host.
pub(super) fn host_fault(host: &str) -> Option<&'static str> {
    let is_path = host.starts_with('/');
    if host.is_empty() || host.contains(|character: char| character.is_whitespace() || "@?#%".contains(character)) {
        Some("must be a name, an IPv4 address or a path")
    } else if !is_path && host.contains(':') {
        Some("must have no IPv6 address, which the driver cannot use, and no port")
    } else {
        (!is_path && host.contains('/')).then_some("must be a name, an IPv4 address or a path")
    }
}

fn parse(url: &str) -> Option<Address> {
    if let Some(path) = url.strip_prefix("unix://") {
        return path.starts_with('/').then(|| Address::Socket { path: path.to_owned() });
    }
    let rest = url.strip_prefix("memcached://").or_else(|| url.strip_prefix("tcp://"))?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = address::host_and_port(rest)?;
    let is_plain = !host.contains(['@', '/', '?', '#', '%', ' ']);
    is_plain.then(|| Address::Tcp { host: host.to_owned(), port: port.unwrap_or(DEFAULT_PORT) })
}

const DEFAULT_PORT: u16 = 11211;

const URL_FORM: &str = "must be a URL such as `memcached://host:11211` or `unix:///path`, without user and password";
