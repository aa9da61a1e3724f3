//! From the fields to what the driver takes.

use std::{net::Ipv6Addr, path::Path};

use etcd_client::{Certificate, ConnectOptions, Identity, TlsOptions};
use rustls::RootCertStore;
use tokio::task::spawn_blocking;

use super::Etcd;
use crate::{
    BoxError, Validation,
    connectors::shared::{address, route::via, tls::install_ring},
};

impl Etcd {
    /// All that the driver must know beside the endpoints.
    pub(super) async fn options(&self, config_dir: &Path) -> Result<ConnectOptions, BoxError> {
        install_ring();
        let mut options = ConnectOptions::new()
            .with_connect_timeout(self.connect_timeout)
            .with_keep_alive(self.keep_alive_interval, self.keep_alive_timeout)
            .with_keep_alive_while_idle(true);
        if let Some(timeout) = self.request_timeout {
            options = options.with_timeout(timeout);
        }
        if let (Some(user), Some(password)) = (&self.user, &self.password) {
            options = options.with_user(user, password.expose());
        }
        if self.is_encrypted() {
            options = options.with_tls(self.tls_options(config_dir).await?);
        }
        Ok(options)
    }

    async fn tls_options(&self, config_dir: &Path) -> Result<TlsOptions, BoxError> {
        let tls = self.tls.clone().unwrap_or_default();
        let pem = tls.read(config_dir).await?;
        pem.check()?;
        let mut options = match pem.ca {
            Some(ca) => TlsOptions::new().ca_certificate(Certificate::from_pem(ca.text)),
            None => with_roots_of_the_system().await?,
        };
        if let (Some(certificate), Some(key)) = (pem.certificate, pem.key) {
            options = options.identity(Identity::from_pem(certificate.text, key.text));
        }
        // By itself the driver takes the name of the host that it dials.
        let of_host = || self.one_host().filter(|_| via!(self).is_tunnel());
        if let Some(name) = tls.server_name.or_else(of_host) {
            options = options.domain_name(name);
        }
        Ok(options)
    }

    pub(super) fn validate_endpoints(&self, validation: &mut Validation) {
        let is_of = |scheme: &str| self.endpoints.iter().all(|endpoint| member(endpoint, scheme).is_some());
        if self.endpoints.is_empty() || !(is_of(PLAIN) || is_of(ENCRYPTED)) {
            validation.invalid(
                &["endpoints"],
                "must be addresses such as `http://host:2379`, or all of them such as `https://host:2379`",
            );
        }
        let has_name = self.tls.as_ref().is_some_and(|tls| tls.server_name.is_some());
        if via!(self).is_tunnel() && self.is_encrypted() && is_of(ENCRYPTED) && !has_name && self.one_host().is_none() {
            validation.invalid(
                &["endpoints", "tunnel"],
                "must have one host through a tunnel, or a `tls.server_name`: the driver verifies one name for all",
            );
        }
        let Some(tls) = &self.tls else { return };
        tls.validate_strict(validation);
        if tls.is_enabled() && !self.is_encrypted() {
            validation.invalid(
                &["tls", "tls.mode", "endpoints"],
                "is of use only with `endpoints` that begin with `https://`",
            );
        }
        if !tls.is_enabled() && self.is_encrypted() {
            validation.invalid(
                &["tls.mode", "endpoints"],
                "must not be `disable` with `endpoints` that begin with `https://`",
            );
        }
    }

    /// What errors call it: `host:port`, of several members all of them.
    pub(super) fn place(&self) -> String {
        self.members().map(|(host, port)| address::endpoint(&host, port)).collect::<Vec<_>>().join(", ")
    }

    /// What the driver dials. By itself it takes the port of the web for one that is not given.
    pub(super) fn addresses(&self, dialled: impl Iterator<Item = (String, u16)>) -> Vec<String> {
        dialled.map(|(host, port)| format!("{}{}", self.scheme(), address::endpoint(&host, port))).collect()
    }

    /// Host and port of each.
    pub(super) fn members(&self) -> impl Iterator<Item = (String, u16)> {
        self.endpoints.iter().filter_map(|endpoint| member(endpoint, self.scheme()))
    }

    /// That of all members, if it is one.
    fn one_host(&self) -> Option<String> {
        let (first, _) = self.members().next()?;
        self.members().all(|(host, _)| host == first).then_some(first)
    }

    fn scheme(&self) -> &'static str {
        if self.is_encrypted() { ENCRYPTED } else { PLAIN }
    }

    fn is_encrypted(&self) -> bool {
        self.endpoints.iter().any(|endpoint| endpoint.starts_with(ENCRYPTED))
    }
}

/// The driver would read them on a worker of the runtime, for each member anew.
async fn with_roots_of_the_system() -> Result<TlsOptions, BoxError> {
    let found = spawn_blocking(rustls_native_certs::load_native_certs).await?;
    let mut roots = RootCertStore::empty();
    // One that cannot be used says nothing of the others.
    roots.add_parsable_certificates(found.certs);
    Ok(TlsOptions::new().trust_anchors(roots.roots))
}

/// Host and port of an address with that scheme and nothing else.
fn member(endpoint: &str, scheme: &str) -> Option<(String, u16)> {
    let server = endpoint.strip_prefix(scheme)?;
    let server = server.strip_suffix('/').unwrap_or(server);
    let (host, port) = match server.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']').filter(|(host, _)| host.parse::<Ipv6Addr>().is_ok())?,
        None => server.split_at(server.find(':').unwrap_or(server.len())),
    };
    let port = match port {
        "" => DEFAULT_PORT,
        port => port.strip_prefix(':')?.parse().ok()?,
    };
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
    (!host.is_empty() && host.chars().all(is_of_a_name)).then(|| (host.to_owned(), port))
}

const DEFAULT_PORT: u16 = 2379;

const PLAIN: &str = "http://";
const ENCRYPTED: &str = "https://";
