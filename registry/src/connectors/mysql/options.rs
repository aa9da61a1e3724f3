//! From the fields to what the driver takes.

use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use super::MySql;
use crate::{
    BoxError, ConnectContext, Validation,
    connectors::shared::{
        address,
        failure::settings,
        route::{NO_SOCKET, Route, via},
        tls::{Tls, TlsMode, install_ring},
        url::Url,
    },
};

impl MySql {
    /// All that the driver must know.
    pub(super) async fn options(&self, cx: &ConnectContext) -> Result<MySqlConnectOptions, BoxError> {
        install_ring();
        let options = self.address()?;
        match &self.tls {
            Some(tls) => Ok(encrypted(options, &tls.resolved(cx.config_dir()).await?)),
            None => Ok(options),
        }
    }

    /// Where the server is, and who asks.
    pub(super) fn address(&self) -> Result<MySqlConnectOptions, BoxError> {
        if let Some(url) = &self.url {
            // The driver's own error may repeat the URL.
            return url.expose().parse().map(without_brackets).map_err(|_| settings(URL_FORM));
        }
        let mut options = MySqlConnectOptions::new();
        match self.host.as_deref() {
            Some(socket) if socket.starts_with('/') => options = options.socket(socket),
            Some(host) => options = options.host(host),
            None => {}
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
        if via!(self).is_tunnel() && options.get_socket().is_some() {
            let key = if self.url.is_some() { "url" } else { "host" };
            validation.invalid(&[key, "tunnel"], NO_SOCKET);
        }
        let (key, is_full) = match &self.tls {
            Some(tls) => ("tls.mode", tls.mode() == TlsMode::VerifyFull),
            None => ("url", matches!(options.get_ssl_mode(), MySqlSslMode::VerifyIdentity)),
        };
        via!(self).refuse_verify_full(key, is_full, validation);
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
        (url, (host, port, user, database), tls, via!(self).name(), statement_timeout, pool)
    }
}

/// What is wrong with the URL, in words that do not repeat it.
pub(super) fn url_fault(url: &str) -> Option<&'static str> {
    let Some(parts) = Url::new(url).filter(|parts| ["mysql", "mariadb"].contains(&parts.scheme)) else {
        return Some(URL_FORM);
    };
    // The driver would not tell, and a misspelt `ssl-mode` encrypts nothing.
    if !parts.parameters().all(|(name, _)| PARAMETERS.contains(&&*name)) {
        return Some("has a parameter that the driver does not know");
    }
    (parts.is_torn() || url.parse::<MySqlConnectOptions>().is_err()).then_some(URL_FORM)
}

/// The driver takes the name of the host for that of the certificate, and no other.
pub(super) fn validate_tls(tls: &Tls, validation: &mut Validation) {
    if tls.server_name.is_some() {
        validation.invalid(&["tls.server_name"], "cannot be set: the driver takes the name of the host");
    }
    tls.validate(validation);
}

/// `host:port`, or the path of the socket.
pub(super) fn endpoint(options: &MySqlConnectOptions) -> String {
    match options.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => address::endpoint(options.get_host(), options.get_port()),
    }
}

/// Dials the local end of the tunnel, if there is one.
pub(super) fn along(options: MySqlConnectOptions, route: &Route) -> MySqlConnectOptions {
    match route.local() {
        Some(local) => options.host(&local.ip().to_string()).port(local.port()),
        None => options,
    }
}

/// The statement that sets the limit. MariaDB takes the first comment for code, in seconds, and MySQL the second one, in
/// milliseconds.
pub(super) fn limit_of_a_statement(limit: Duration) -> String {
    // Rounded up, since none is no limit to the server; and no more than MySQL takes.
    let milliseconds = limit.as_nanos().div_ceil(1_000_000).min(u32::MAX as u128);
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    format!("SET /*M!100100 max_statement_time={seconds}.{rest:03} */ /*!50708 max_execution_time={milliseconds} */")
}

/// The brackets of an IPv6 address belong to the URL: nobody finds a host by such a name.
fn without_brackets(options: MySqlConnectOptions) -> MySqlConnectOptions {
    let host = options.get_host().strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match host.map(str::to_owned) {
        Some(host) => options.host(&host),
        None => options,
    }
}

fn encrypted(options: MySqlConnectOptions, tls: &Tls) -> MySqlConnectOptions {
    let mut options = options.ssl_mode(match tls.mode() {
        TlsMode::Disable => MySqlSslMode::Disabled,
        TlsMode::Prefer => MySqlSslMode::Preferred,
        TlsMode::Require => MySqlSslMode::Required,
        TlsMode::VerifyCa => MySqlSslMode::VerifyCa,
        TlsMode::VerifyFull => MySqlSslMode::VerifyIdentity,
    });
    if let Some(ca) = &tls.ca {
        options = options.ssl_ca(ca);
    }
    if let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) {
        options = options.ssl_client_cert(certificate).ssl_client_key(key);
    }
    options
}

const URL_FORM: &str = "must be a URL such as `mysql://user:password@host:3306/database`, with special characters \
    of the password percent-encoded";

/// Those of a URL.
const PARAMETERS: [&str; 14] = [
    "charset",
    "collation",
    "socket",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "sslca",
    "sslcert",
    "sslkey",
    "sslmode",
    "statement-cache-capacity",
    "time-zone",
    "timezone",
];
