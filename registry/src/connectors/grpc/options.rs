//! From the fields to what the driver takes.

use std::time::Duration;

use tonic::{
    metadata::{Ascii, MetadataValue},
    transport::{Certificate, ClientTlsConfig, Endpoint, Identity, Uri},
};

use super::Grpc;
use crate::{
    BoxError, ConnectContext, Validation,
    connectors::shared::{
        address::{self, one_way},
        blocking,
        failure::settings,
        route::{Route, via},
        tls::{Pem, Tls},
    },
};

impl Grpc {
    /// All that the driver must know.
    pub(super) async fn options(&self, cx: &ConnectContext, route: &Route) -> Result<Endpoint, BoxError> {
        let uri = self.uri()?;
        let mut options = Endpoint::from(dialled(&uri, route)?)
            // What the server is asked for is the same whatever the way to it.
            .origin(uri)
            .timeout(self.request_timeout)
            .connect_timeout(self.connect_timeout)
            // A peer that is gone without a word is noticed by the system.
            .tcp_keepalive(Some(TCP_KEEPALIVE))
            .tcp_keepalive_interval(Some(TCP_KEEPALIVE))
            .keep_alive_timeout(self.keep_alive_timeout)
            .keep_alive_while_idle(self.keep_alive_while_idle)
            .user_agent(self.user_agent.as_deref().unwrap_or(cx.name()))
            .map_err(settings)?;
        if let Some(interval) = self.keep_alive_interval {
            options = options.http2_keep_alive_interval(interval);
        }
        if self.is_encrypted() { self.encrypted(options, cx).await } else { Ok(options) }
    }

    /// Where to dial.
    pub(super) async fn route(&self, cx: &ConnectContext) -> Result<Route, BoxError> {
        let (host, port) = host_and_port(&self.uri()?);
        via!(self).route(cx, address::endpoint(&host, port), &host, port).await
    }

    /// What the server is called.
    pub(super) fn place(&self) -> Result<String, BoxError> {
        let (host, port) = host_and_port(&self.uri()?);
        Ok(via!(self).endpoint(address::endpoint(&host, port)))
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.uri().is_ok_and(|uri| uri.scheme_str() == Some("https"))
    }

    pub(super) fn has_certificate(&self) -> bool {
        self.is_encrypted() && self.tls.as_ref().is_some_and(|tls| tls.certificate.is_some())
    }

    pub(super) fn validate_address(&self, validation: &mut Validation) {
        one_way(validation, self.url.is_some(), &[("host", self.host.is_some()), ("port", self.port.is_some())]);
        if self.url.is_none() && self.host.is_none() {
            return;
        }
        let key = if self.url.is_some() { "url" } else { "host" };
        let Ok(uri) = self.uri() else {
            let why = if self.url.is_some() { URL_FORM } else { "must be the name or the address of a host" };
            return validation.invalid(&[key], why);
        };
        let is_encrypted = uri.scheme_str() == Some("https");
        match &self.tls {
            Some(tls) if tls.is_enabled() && !is_encrypted => {
                validation.invalid(&["url", "tls.mode"], "must begin with `https://`, since there is a table `tls`");
            }
            Some(tls) if !tls.is_enabled() && is_encrypted => {
                validation
                    .invalid(&["tls.mode", "url"], "must not be `disable` with a URL that begins with `https://`");
            }
            _ => {}
        }
    }

    fn uri(&self) -> Result<Uri, BoxError> {
        let Some(url) = &self.url else { return self.uri_of_parts() };
        let uri: Option<Uri> = url.expose().parse().ok();
        uri.filter(is_server).ok_or_else(|| settings(URL_FORM))
    }

    fn uri_of_parts(&self) -> Result<Uri, BoxError> {
        let is_encrypted = self.tls.as_ref().is_some_and(Tls::is_enabled);
        let (scheme, port) = if is_encrypted { ("https", 443) } else { ("http", 80) };
        let server = address::endpoint(self.host.as_deref().unwrap_or_default(), self.port.unwrap_or(port));
        let uri = Uri::builder().scheme(scheme).authority(server).path_and_query("/").build();
        uri.ok().filter(is_server).ok_or_else(|| settings("`host` is not the name of a host"))
    }

    async fn encrypted(&self, options: Endpoint, cx: &ConnectContext) -> Result<Endpoint, BoxError> {
        let tls = self.tls.clone().unwrap_or_default();
        let pem = tls.read(cx.config_dir()).await?;
        pem.check()?;
        let name = tls.server_name.unwrap_or(host_and_port(&self.uri()?).0);
        // It reads the authorities of the system.
        let timeout = self.connect_timeout;
        blocking::run(move || options.tls_config(tls_config(&pem, name).timeout(timeout)).map_err(settings)).await?
    }
}

pub(super) fn is_user_agent(name: &str) -> bool {
    MetadataValue::<Ascii>::try_from(name).is_ok()
}

/// Verifies that the server has that name: the driver by itself takes the one that it dials.
fn tls_config(pem: &Pem, name: String) -> ClientTlsConfig {
    let mut config = match &pem.ca {
        Some(ca) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&ca.text)),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    if let (Some(certificate), Some(key)) = (&pem.certificate, &pem.key) {
        config = config.identity(Identity::from_pem(&certificate.text, &key.text));
    }
    config.domain_name(name)
}

/// The host is without the brackets of an IPv6 address.
fn host_and_port(uri: &Uri) -> (String, u16) {
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    (uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned(), port)
}

/// What the driver dials: the server, or the local end of the tunnel to it.
fn dialled(uri: &Uri, route: &Route) -> Result<Uri, BoxError> {
    let Some(local) = route.local() else { return Ok(uri.clone()) };
    let mut parts = uri.clone().into_parts();
    parts.authority = Some(local.to_string().parse().map_err(settings)?);
    Uri::from_parts(parts).map_err(settings)
}

/// A scheme that the driver speaks, a host, perhaps a port, and nothing else.
fn is_server(uri: &Uri) -> bool {
    let is_bare = uri.path() == "/" && uri.query().is_none();
    let has_host = uri.host().is_some_and(|host| !host.is_empty());
    let is_anonymous = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    matches!(uri.scheme_str(), Some("http" | "https")) && has_host && is_anonymous && is_bare
}

const TCP_KEEPALIVE: Duration = Duration::from_secs(15);

const URL_FORM: &str = "must be a URL such as `https://host:443`, without user, path or query";
