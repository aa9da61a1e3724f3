//! `web`: the way to a server for what speaks HTTP by `reqwest`. Where it dials is said by the URL of each request alone, so
//! that the way through a tunnel is that through a proxy. TLS is with the server itself, and verifies the host of the URL.

use reqwest::Url;

use super::{
    address,
    route::{Route, Via},
};
use crate::{BoxError, ConnectContext};

/// The way to the server of `url`.
pub(in crate::connectors) async fn route(via: Via<'_>, cx: &ConnectContext, url: &Url) -> Result<Route, BoxError> {
    let (host, port) = host_and_port(url);
    via.route_by_proxy(cx, endpoint(url), host, port).await
}

/// `host:port`.
pub(in crate::connectors) fn endpoint(url: &Url) -> String {
    let (host, port) = host_and_port(url);
    address::endpoint(host, port)
}

/// The address of the proxy, as the driver wants it, if the way leads through a tunnel. The `h` says that the other end
/// looks up the host.
pub(in crate::connectors) fn proxy(route: &Route) -> Option<String> {
    route.local().map(|local| format!("socks5h://{local}"))
}

/// The port is that of the scheme where there is none.
pub(in crate::connectors) fn host_and_port(url: &Url) -> (&str, u16) {
    (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

/// Whether the driver, behind a proxy, would look in the certificate for the brackets of an IPv6 address, too.
pub(in crate::connectors) fn cannot_verify(url: &Url) -> bool {
    url.scheme() == "https" && url.host_str().is_some_and(|host| host.starts_with('['))
}

/// What is wrong with such a URL.
pub(in crate::connectors) const NO_NAME: &str =
    "must not have an IPv6 address through a tunnel: the driver cannot verify it there";
