//! From the fields to what the driver takes.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::Postgres;
use crate::{
    BoxError, ConnectContext, Validation,
    connectors::shared::{
        address::{self, Url},
        failure::settings,
        route::{NO_SOCKET, Route, via},
        tls::{Tls, TlsMode, install_ring},
    },
};

impl Postgres {
    /// All that the driver must know.
    pub(super) async fn options(&self, cx: &ConnectContext) -> Result<PgConnectOptions, BoxError> {
        install_ring();
        let mut options = self.named(self.address()?, cx.name());
        if let Some(tls) = &self.tls {
            options = encrypted(options, &tls.resolved(cx.config_dir()).await?);
        }
        if let Some(timeout) = self.statement_timeout {
            options = options.options([("statement_timeout", format!("{}ms", milliseconds(timeout)))]);
        }
        Ok(options)
    }

    /// Where the server is, and who asks.
    pub(super) fn address(&self) -> Result<PgConnectOptions, BoxError> {
        if let Some(url) = &self.url {
            // The driver's own error may repeat the URL.
            return url.expose().parse().map(without_brackets).map_err(|_| settings(URL_FORM));
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
            validation.invalid(&[key, "tunnel"], NO_SOCKET);
        }
        let (key, is_full) = match &self.tls {
            Some(tls) => ("tls.mode", tls.mode() == TlsMode::VerifyFull),
            None => ("url", matches!(options.get_ssl_mode(), PgSslMode::VerifyFull)),
        };
        via!(self).refuse_verify_full(key, is_full, validation);
    }

    fn named(&self, options: PgConnectOptions, connection: &str) -> PgConnectOptions {
        match (&self.application_name, options.get_application_name()) {
            (Some(name), _) => options.application_name(name),
            (None, None) => options.application_name(connection),
            (None, Some(_)) => options,
        }
    }

    /// The password of `new`, when nothing else differs.
    pub(super) fn new_password(&self, new: &Self) -> Option<String> {
        let is_same = self.all_but_the_password() == new.all_but_the_password();
        let of_url = || Url::new(new.url.as_ref()?.expose())?.password();
        new.password.as_ref().map(|password| password.expose().to_owned()).or_else(of_url).filter(|_| is_same)
    }

    fn all_but_the_password(&self) -> impl PartialEq {
        // Without `..`, so that nobody forgets a new field here.
        let Self {
            url,
            host,
            port,
            user,
            password: _,
            database,
            tls,
            application_name,
            statement_timeout,
            #[cfg(feature = "ssh-tunnel")]
                tunnel: _,
            max_connections,
            min_connections,
            acquire_timeout,
            idle_timeout,
            max_lifetime,
        } = self;
        let url = url.as_ref().map(|url| Url::new(url.expose()).map(Url::without_password));
        let pool = (max_connections, min_connections, acquire_timeout, idle_timeout, max_lifetime);
        (url, (host, port, user, database), tls, via!(self).name(), application_name, statement_timeout, pool)
    }
}

/// What is wrong with the URL, in words that do not repeat it.
pub(super) fn url_fault(url: &str) -> Option<&'static str> {
    let Some(parts) = Url::new(url).filter(|parts| ["postgres", "postgresql"].contains(&parts.scheme)) else {
        return Some(URL_FORM);
    };
    // The driver would log the value of one that it does not know.
    if !parts.parameters().all(|name| PARAMETERS.contains(&&*name) || name.starts_with("options[")) {
        return Some("has a parameter that the driver does not know");
    }
    (parts.is_torn() || url.parse::<PgConnectOptions>().is_err()).then_some(URL_FORM)
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
    match (options.get_socket(), options.get_host()) {
        (Some(socket), _) => socket.display().to_string(),
        (None, socket) if socket.starts_with('/') => socket.to_owned(),
        (None, host) => address::endpoint(host, options.get_port()),
    }
}

/// Dials the local end of the tunnel, if there is one.
pub(super) fn along(options: PgConnectOptions, route: &Route) -> PgConnectOptions {
    match route.local() {
        Some(local) => options.host(&local.ip().to_string()).port(local.port()),
        None => options,
    }
}

/// The brackets of an IPv6 address belong to the URL: nobody finds a host by such a name.
fn without_brackets(options: PgConnectOptions) -> PgConnectOptions {
    let host = options.get_host().strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match host.map(str::to_owned) {
        Some(host) => options.host(&host),
        None => options,
    }
}

/// Rounded up, since none is no limit to the server; and no more than it takes.
fn milliseconds(timeout: Duration) -> u128 {
    timeout.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128)
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

/// Those of a URL.
const PARAMETERS: [&str; 18] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
];
