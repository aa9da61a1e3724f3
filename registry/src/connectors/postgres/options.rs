//! From the fields to what the driver takes.

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::Postgres;
use crate::{
    BoxError, ConnectContext, Validation,
    connectors::shared::{
        address,
        failure::settings,
        route::{Route, via},
        tls::{Tls, TlsMode, install_ring},
    },
};

impl Postgres {
    /// All that the driver must know.
    pub(super) async fn options(&self, cx: &ConnectContext) -> Result<PgConnectOptions, BoxError> {
        install_ring();
        let mut options = self.address()?.application_name(self.application_name.as_deref().unwrap_or(cx.name()));
        if let Some(tls) = &self.tls {
            options = encrypted(options, &tls.resolved(cx.config_dir()).await?);
        }
        if let Some(timeout) = self.statement_timeout {
            options = options.options([("statement_timeout", format!("{}ms", timeout.as_millis()))]);
        }
        Ok(options)
    }

    /// Where the server is, and who asks.
    pub(super) fn address(&self) -> Result<PgConnectOptions, BoxError> {
        if let Some(url) = &self.url {
            // The driver's own error may repeat the URL.
            return url.expose().parse().map_err(|_| settings(URL_FORM));
        }
        let mut options = PgConnectOptions::new_without_pgpass();
        if let Some(host) = &self.host {
            options = options.host(host);
        }
        if let Some(port) = self.port {
            options = options.port(port);
        }
        if let Some(user) = &self.user {
            options = options.username(user);
        }
        if let Some(password) = &self.password {
            options = options.password(password.expose());
        }
        if let Some(database) = &self.database {
            options = options.database(database);
        }
        Ok(options)
    }

    /// A tunnel leads to a host, and its local end has a name that no certificate has.
    pub(super) fn validate_tunnel(&self, validation: &mut Validation) {
        let Ok(options) = self.address() else { return };
        if via!(self).is_tunnel() && (options.get_socket().is_some() || options.get_host().starts_with('/')) {
            let key = if self.url.is_some() { "url" } else { "host" };
            validation.invalid(&[key, "tunnel"], "must name a host: no socket of this machine is behind a tunnel");
        }
        let (key, is_full) = match &self.tls {
            Some(tls) => ("tls.mode", tls.mode() == TlsMode::VerifyFull),
            None => ("url", matches!(options.get_ssl_mode(), PgSslMode::VerifyFull)),
        };
        via!(self).refuse_verify_full(key, is_full, validation);
    }
}

/// What is wrong with the URL, in words that do not repeat it.
pub(super) fn url_fault(url: &str) -> Option<&'static str> {
    let is_ours = url.starts_with("postgres://") || url.starts_with("postgresql://");
    (!is_ours || url.parse::<PgConnectOptions>().is_err()).then_some(URL_FORM)
}

/// The driver takes the name of the host for that of the certificate, and no other.
pub(super) fn validate_tls(tls: &Tls, validation: &mut Validation) {
    if tls.server_name.is_some() {
        validation.invalid(&["tls.server_name"], "cannot be set: the driver takes the name of the host");
    }
    tls.validate(validation);
}

/// `host:port`, or the path of the socket.
pub(super) fn endpoint(options: &PgConnectOptions) -> String {
    match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => address::endpoint(options.get_host(), options.get_port()),
    }
}

/// Dials the local end of the tunnel, if there is one.
pub(super) fn along(options: PgConnectOptions, route: &Route) -> PgConnectOptions {
    match route.local() {
        Some(local) => options.host(&local.ip().to_string()).port(local.port()),
        None => options,
    }
}

fn encrypted(options: PgConnectOptions, tls: &Tls) -> PgConnectOptions {
    let mut options = options.ssl_mode(match tls.mode() {
        TlsMode::Disable => PgSslMode::Disable,
        TlsMode::Prefer => PgSslMode::Prefer,
        TlsMode::Require => PgSslMode::Require,
        TlsMode::VerifyCa => PgSslMode::VerifyCa,
        TlsMode::VerifyFull => PgSslMode::VerifyFull,
    });
    if let Some(ca) = &tls.ca {
        options = options.ssl_root_cert(ca);
    }
    if let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) {
        options = options.ssl_client_cert(certificate).ssl_client_key(key);
    }
    options
}

const URL_FORM: &str = "must be a URL such as `postgres://user:password@host:5432/database`, with special characters \
    of the password percent-encoded";
