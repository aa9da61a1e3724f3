//! From the fields to what the driver takes.

use std::time::Duration;

use redis::{
    Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo,
    TlsCertificates,
    aio::ConnectionManagerConfig,
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};

use super::{Protocol, Redis};
use crate::{
    BoxError, ConnectContext, Validation,
    connectors::shared::{
        address,
        failure::settings,
        route::{NO_SOCKET, Route, via},
        tls::{Pem, PemFile, Tls, install_ring},
        url::{Url, is_torn},
    },
};

impl Redis {
    /// The driver, which knows where to dial and has not dialled.
    pub(super) async fn driver(&self, address: ConnectionInfo, cx: &ConnectContext) -> Result<Client, BoxError> {
        install_ring();
        let address = address.set_tcp_settings(tcp_settings());
        let ConnectionAddr::TcpTls { .. } = address.addr() else { return Ok(Client::open(address)?) };
        let tls = self.tls.clone().unwrap_or_default();
        let pem = tls.read(cx.config_dir()).await?;
        pem.check()?;
        Client::build_with_tls(address, certificates(pem)).map_err(settings)
    }

    /// Where the server is, and who asks.
    pub(super) fn address(&self) -> Result<ConnectionInfo, BoxError> {
        let address = match &self.url {
            Some(url) => parse(url.expose()).ok_or_else(|| settings(URL_FORM))?,
            None => self.parts()?,
        };
        let address = match (&self.tls, address.addr()) {
            (Some(tls), ConnectionAddr::Tcp(host, port)) if tls.is_enabled() => {
                let encrypted =
                    ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: false, tls_params: None };
                address.set_addr(encrypted)
            }
            _ => address,
        };
        let Some(protocol) = self.protocol else { return Ok(address) };
        let login = address.redis_settings().clone().set_protocol(match protocol {
            Protocol::Resp2 => ProtocolVersion::RESP2,
            Protocol::Resp3 => ProtocolVersion::RESP3,
        });
        Ok(address.set_redis_settings(login))
    }

    fn parts(&self) -> Result<ConnectionInfo, BoxError> {
        let mut login = RedisConnectionInfo::default().set_db(self.database.unwrap_or(0).into());
        if let Some(user) = &self.user {
            login = login.set_username(user);
        }
        if let Some(password) = &self.password {
            login = login.set_password(password.expose());
        }
        let host = self.host.clone().unwrap_or_default();
        let address = if host.starts_with('/') {
            ConnectionAddr::Unix(host.into())
        } else {
            ConnectionAddr::Tcp(host, self.port.unwrap_or(DEFAULT_PORT))
        };
        Ok(address.into_connection_info()?.set_redis_settings(login))
    }

    /// How the client dials again: once for each time that it is asked to, since the pauses between attempts are ours.
    pub(super) fn manager_config(&self) -> ConnectionManagerConfig {
        let response_timeout = Some(self.response_timeout).filter(|timeout| !timeout.is_zero());
        ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(self.connect_timeout))
            .set_response_timeout(response_timeout)
    }

    /// The driver takes the name of the host for that of the certificate, and no other.
    fn is_at_socket(&self) -> bool {
        self.address().is_ok_and(|address| is_socket(&address))
    }

    pub(super) fn validate_tls(&self, tls: &Tls, validation: &mut Validation) {
        if tls.server_name.is_some() {
            validation.invalid(&["tls.server_name"], "cannot be set: the driver takes the name of the host");
        }
        if let Some(url) = self.url.as_ref().filter(|_| !self.is_at_socket()) {
            let plain = "must begin with `rediss://` when `tls` is given";
            tls.validate_scheme(is_encrypted(url.expose()), plain, validation);
        }
        if tls.is_enabled() && self.is_at_socket() {
            validation.invalid(&["tls", "url", "host"], "is of no use for a socket of this machine");
        }
        tls.validate_strict(validation);
    }

    /// A tunnel leads to a host, and its local end has a name that no certificate has.
    pub(super) fn validate_tunnel(&self, validation: &mut Validation) {
        let Ok(address) = self.address() else { return };
        if !via!(self).is_tunnel() {
            return;
        }
        let key = if self.url.is_some() { "url" } else { "host" };
        match address.addr() {
            ConnectionAddr::Unix(_) => validation.invalid(&[key, "tunnel"], NO_SOCKET),
            ConnectionAddr::TcpTls { .. } => {
                let key = if self.tls.is_some() { "tls" } else { "url" };
                validation.invalid(&[key, "tunnel"], NO_TLS);
            }
            _ => {}
        }
    }
}

/// Where to dial, unless that is a socket.
pub(super) fn host_and_port(address: &ConnectionInfo) -> (&str, u16) {
    match address.addr() {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => (host, *port),
        _ => ("", 0),
    }
}

/// Dials the local end of the tunnel, if there is one.
pub(super) fn along(address: ConnectionInfo, route: &Route) -> ConnectionInfo {
    match route.local() {
        Some(local) => address.set_addr(ConnectionAddr::Tcp(local.ip().to_string(), local.port())),
        None => address,
    }
}

/// What is wrong with the URL, in words that do not repeat it.
pub(super) fn url_fault(url: &str) -> Option<&'static str> {
    let Some(address) = parse(url) else { return Some(URL_FORM) };
    if has_unknown_parameter(url, is_socket(&address)) {
        return Some("has a parameter that the driver does not know");
    }
    if matches!(address.addr(), ConnectionAddr::TcpTls { insecure: true, .. }) {
        return Some("must not end in `#insecure`: the server is always verified");
    }
    let login = address.redis_settings();
    (login.username().is_some() && login.password().is_none()).then_some("names a user without a password")
}

/// What the server takes for a name.
pub(super) fn is_client_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `host:port`, or the path of the socket.
pub(super) fn endpoint(address: &ConnectionInfo) -> String {
    match address.addr() {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => address::endpoint(host, *port),
        other => other.to_string(),
    }
}

/// The driver's own error may repeat a part of the URL; and it takes a part of a torn password for the port.
fn parse(url: &str) -> Option<ConnectionInfo> {
    let address = url.into_connection_info().ok()?;
    // The password of a socket stands among the parameters, and may have any character there.
    (is_socket(&address) || !is_torn(url)).then_some(address)
}

/// The driver ignores those that it does not know.
fn has_unknown_parameter(url: &str, is_socket: bool) -> bool {
    let known: &[&str] = if is_socket { &["db", "user", "pass", "protocol"] } else { &["protocol"] };
    Url::new(url).is_some_and(|url| url.parameters().any(|(name, _)| !known.contains(&name.as_str())))
}

fn is_encrypted(url: &str) -> bool {
    parse(url).is_some_and(|address| matches!(address.addr(), ConnectionAddr::TcpTls { .. }))
}

fn is_socket(address: &ConnectionInfo) -> bool {
    matches!(address.addr(), ConnectionAddr::Unix(_))
}

fn certificates(pem: Pem) -> TlsCertificates {
    let text = |file: PemFile| file.text;
    let client_tls = pem.certificate.map(text).zip(pem.key.map(text));
    let client_tls = client_tls.map(|(client_cert, client_key)| ClientTlsConfig { client_cert, client_key });
    TlsCertificates { client_tls, root_cert: pem.ca.map(text) }
}

/// Without them a peer that has vanished would be noticed after a quarter of an hour, or never while nobody sends anything:
/// the driver dials again only once the system has given the connection up.
fn tcp_settings() -> TcpSettings {
    let keepalive = TcpKeepalive::new().with_time(PATIENCE_WITH_SILENCE / 2).with_interval(PATIENCE_WITH_SILENCE / 6);
    let settings = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
    #[cfg(target_os = "linux")]
    let settings = settings.set_user_timeout(PATIENCE_WITH_SILENCE);
    settings
}

/// How long the other side's system may leave bytes without an acknowledgement.
const PATIENCE_WITH_SILENCE: Duration = Duration::from_secs(30);

const NO_TLS: &str = "cannot ask for encryption through a tunnel, which encrypts by itself: the driver would look in the \
    certificate for the name of the local end";

const DEFAULT_PORT: u16 = 6379;

const URL_FORM: &str = "must be a URL such as `redis://user:password@host:6379/0`, with special characters of the \
    password percent-encoded";
