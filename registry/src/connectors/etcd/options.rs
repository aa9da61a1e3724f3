//! From the fields to what the driver takes.

use std::path::Path;

use etcd_client::{Certificate, ConnectOptions, Identity, TlsOptions};

use super::Etcd;
use crate::{
    BoxError, Validation,
    connectors::shared::{address, tls::install_ring},
};

impl Etcd {
    /// All that the driver must know beside the endpoints.
    pub(super) async fn options(&self, config_dir: &Path) -> Result<ConnectOptions, BoxError> {
        install_ring();
        let mut options = ConnectOptions::new()
            .with_connect_timeout(self.connect_timeout)
            .with_keep_alive(self.keep_alive, self.keep_alive_timeout)
            .with_keep_alive_while_idle(true);
        if let Some(timeout) = self.timeout {
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
        let Some(tls) = &self.tls else { return Ok(TlsOptions::new().with_native_roots()) };
        let pem = tls.read(config_dir).await?;
        pem.check()?;
        let mut options = match pem.ca {
            Some(ca) => TlsOptions::new().ca_certificate(Certificate::from_pem(ca.text)),
            None => TlsOptions::new().with_native_roots(),
        };
        if let (Some(certificate), Some(key)) = (pem.certificate, pem.key) {
            options = options.identity(Identity::from_pem(certificate.text, key.text));
        }
        if let Some(name) = &tls.server_name {
            options = options.domain_name(name);
        }
        Ok(options)
    }

    pub(super) fn validate_endpoints(&self, validation: &mut Validation) {
        let is_of = |scheme: &str| self.endpoints.iter().all(|endpoint| host_and_port(endpoint, scheme).is_some());
        if self.endpoints.is_empty() || !(is_of(PLAIN) || is_of(ENCRYPTED)) {
            validation.invalid(
                &["endpoints"],
                "must be addresses such as `http://host:2379`, or all of them such as `https://host:2379`",
            );
        }
        let Some(tls) = &self.tls else { return };
        tls.validate_strict(validation);
        if tls.is_enabled() && !self.is_encrypted() {
            validation.invalid(&["tls", "endpoints"], "is of use only with `endpoints` that begin with `https://`");
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
        let scheme = if self.is_encrypted() { ENCRYPTED } else { PLAIN };
        let places: Vec<_> = self.endpoints.iter().filter_map(|endpoint| host_and_port(endpoint, scheme)).collect();
        places.join(", ")
    }

    fn is_encrypted(&self) -> bool {
        self.endpoints.iter().any(|endpoint| endpoint.starts_with(ENCRYPTED))
    }
}

/// `host:port` of an address with that scheme and nothing else.
fn host_and_port(endpoint: &str, scheme: &str) -> Option<String> {
    let server = endpoint.strip_prefix(scheme)?.trim_end_matches('/');
    let (host, port) = server.rsplit_once(':').unwrap_or((server, "2379"));
    let is_host = !host.is_empty() && !host.contains(['/', '@', '?', '#', ' ']);
    let port = port.parse().ok()?;
    is_host.then(|| address::endpoint(host, port))
}

const PLAIN: &str = "http://";
const ENCRYPTED: &str = "https://";
