//! From the fields to what the driver takes.

use std::{fmt, time::Duration};

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::Postgres;
use crate::{
    BoxError, ConnectContext, Secret, Validation,
    connectors::shared::{
        address,
        failure::settings,
        route::{NO_SOCKET, Route, via},
        tls::{Tls, TlsMode, install_ring},
        url::{Url, percent_decoded},
    },
};

impl Postgres {
    /// All that the driver must know.
    pub(super) async fn options(&self, cx: &ConnectContext) -> Result<PgConnectOptions, BoxError> {
        install_ring();
        let mut options = self.address()?.application_name(&self.name(cx.name()));
        if let Some(tls) = &self.tls {
            options = encrypted(options, &tls.resolved(cx.config_dir()).await?);
        }
        if let Some(timeout) = self.statement_timeout {
            options = options.options([("statement_timeout", format!("{}ms", milliseconds(timeout)))]);
        }
        Ok(options)
    }

    /// Where the server is, who asks, and how it is encrypted without a table `tls`.
    pub(super) fn address(&self) -> Result<PgConnectOptions, BoxError> {
        let place = self.place()?;
        let options = match &self.url {
            Some(url) => by_url(url.expose()).ok_or_else(|| settings(URL_FORM))?,
            None => self.by_parts(),
        };
        Ok(place.put(options))
    }

    /// Where the server is.
    pub(super) fn place(&self) -> Result<Place, BoxError> {
        let place = match &self.url {
            Some(url) => Url::new(url.expose()).and_then(Place::of_url),
            None => self.host.as_ref().map(|host| Place::new(host, self.port.unwrap_or(DEFAULT_PORT))),
        };
        place.ok_or_else(|| settings(URL_FORM))
    }

    fn by_parts(&self) -> PgConnectOptions {
        let user = self.user.clone().unwrap_or_else(system_user);
        PgConnectOptions::new_without_pgpass()
            .username(&user)
            .password(self.password.as_ref().map_or("", Secret::expose))
            .database(self.database.as_deref().unwrap_or(&user))
            .ssl_mode(PgSslMode::Prefer)
            .ssl_root_cert_from_pem(Vec::new())
    }

    /// A tunnel leads to a host, and its local end has a name that no certificate has.
    pub(super) fn validate_tunnel(&self, validation: &mut Validation) {
        if !via!(self).is_tunnel() {
            return;
        }
        if matches!(self.place(), Ok(Place::Socket(..))) {
            let key = if self.url.is_some() { "url" } else { "host" };
            validation.invalid(&[key, "tunnel"], NO_SOCKET);
        }
        let (key, is_full) = match &self.tls {
            Some(tls) => ("tls.mode", tls.mode() == TlsMode::VerifyFull),
            None => {
                ("url", self.address().is_ok_and(|options| matches!(options.get_ssl_mode(), PgSslMode::VerifyFull)))
            }
        };
        via!(self).refuse_verify_full(key, is_full, validation);
    }

    /// What the server calls this application.
    pub(super) fn name(&self, connection: &str) -> String {
        let of_url = || Url::new(self.url.as_ref()?.expose())?.value(&["application_name"]);
        self.application_name.clone().or_else(of_url).unwrap_or_else(|| connection.to_owned())
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

/// Where a server is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    Host(String, u16),
    /// The folder of its socket, and the number in the socket's name.
    Socket(String, u16),
}

impl Place {
    fn new(host: &str, port: u16) -> Self {
        match host.starts_with('/') {
            true => Self::Socket(host.to_owned(), port),
            false => Self::Host(address::without_brackets(host).to_owned(), port),
        }
    }

    /// None when no host is given: the driver would take one from elsewhere. Of several it takes a socket, and else the last.
    fn of_url(url: Url<'_>) -> Option<Self> {
        let (host, port) = url.host_and_port().map_or((None, None), |(host, port)| (percent_decoded(host), port));
        let others = url.parameters().filter(|(name, _)| matches!(&**name, "host" | "hostaddr"));
        let hosts: Vec<_> = host.into_iter().chain(others.map(|(_, host)| host)).collect();
        let host = hosts.iter().rfind(|host| host.starts_with('/')).or(hosts.last())?;
        let port = url.value(&["port"]).map_or(Some(port), |port| port.parse().ok().map(Some))?;
        (!host.is_empty()).then(|| Self::new(host, port.unwrap_or(DEFAULT_PORT)))
    }

    /// Where to dial, unless that is a socket.
    pub(super) fn host_and_port(&self) -> (&str, u16) {
        match self {
            Self::Host(host, port) => (host, *port),
            Self::Socket(..) => ("", 0),
        }
    }

    fn put(&self, options: PgConnectOptions) -> PgConnectOptions {
        match self {
            Self::Host(host, port) => options.host(host).port(*port),
            Self::Socket(folder, port) => options.socket(folder).port(*port),
        }
    }
}

/// `host:port`, or the folder of the socket.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host, port) => f.write_str(&address::endpoint(host, *port)),
            Self::Socket(folder, _) => f.write_str(folder),
        }
    }
}

/// What is wrong with the URL, in words that do not repeat it.
pub(super) fn url_fault(url: &str) -> Option<&'static str> {
    let Some(parts) = Url::new(url).filter(|parts| ["postgres", "postgresql"].contains(&parts.scheme)) else {
        return Some(URL_FORM);
    };
    // The driver would log the value of one that it does not know.
    if !parts.parameters().all(|(name, _)| PARAMETERS.contains(&&*name) || name.starts_with("options[")) {
        return Some("has a parameter that the driver does not know");
    }
    (parts.is_torn() || Place::of_url(parts).is_none() || by_url(url).is_none()).then_some(URL_FORM)
}

/// The driver takes the name of the host for that of the certificate, and no other.
pub(super) fn validate_tls(tls: &Tls, validation: &mut Validation) {
    if tls.server_name.is_some() {
        validation.invalid(&["tls.server_name"], "cannot be set: the driver takes the name of the host");
    }
    tls.validate(validation);
}

/// Dials the local end of the tunnel, if there is one.
pub(super) fn along(options: PgConnectOptions, route: &Route) -> PgConnectOptions {
    match route.local() {
        Some(local) => options.host(&local.ip().to_string()).port(local.port()),
        None => options,
    }
}

/// What a URL says but for the place, and defaults for what it does not say: by itself the driver would take that from
/// variables of the environment and from `~/.pgpass`.
fn by_url(url: &str) -> Option<PgConnectOptions> {
    let parts = Url::new(url)?;
    let says = |names: &[&str]| parts.value(names).is_some();
    let user = parts.value(&["user"]).or_else(|| parts.user()).unwrap_or_else(system_user);
    let options: PgConnectOptions = with_a_password(url, parts).parse().ok()?;
    let mut options = options.username(&user);
    if parts.path().is_empty() && !says(&["dbname"]) {
        options = options.database(&user);
    }
    if !says(&["sslmode", "ssl-mode"]) {
        options = options.ssl_mode(PgSslMode::Prefer);
    }
    if !says(&["sslrootcert", "ssl-root-cert", "ssl-ca"]) {
        options = options.ssl_root_cert_from_pem(Vec::new());
    }
    Some(options)
}

/// With an empty one where there is none, so that the driver looks for none elsewhere.
fn with_a_password(url: &str, parts: Url<'_>) -> String {
    let is_given =
        parts.password().is_some_and(|password| !password.is_empty()) || parts.value(&["password"]).is_some();
    if is_given {
        return url.to_owned();
    }
    let before = url.split('#').next().unwrap_or_default();
    format!("{before}{}password=", if before.contains('?') { '&' } else { '?' })
}

/// The name of the user of this process, whatever `PGUSER` says.
fn system_user() -> String {
    whoami::username().unwrap_or_else(|_| "unknown".to_owned())
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

const DEFAULT_PORT: u16 = 5432;

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
