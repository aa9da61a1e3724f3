//! From the fields to what the driver takes.

use std::{io, sync::Arc, time::Duration};

use async_nats::{ConnectOptions, ServerAddr};

use super::{Nats, pace::Pace, verifier};
use crate::{
    BoxError, ConnectContext, Validation,
    connectors::shared::{
        address::{self, one_way},
        blocking,
        failure::settings,
        route::{Routes, via},
        tls::{Tls, install_ring},
        url::{is_torn, percent_decoded},
    },
};

impl Nats {
    /// All that the driver must know, but where the servers are.
    pub(super) async fn options(
        &self,
        cx: &ConnectContext,
        pace: &Arc<Pace>,
        servers: &[ServerAddr],
    ) -> Result<ConnectOptions, BoxError> {
        install_ring();
        let (of_dials, of_events) = (Arc::clone(pace), Arc::clone(pace));
        let mut options = ConnectOptions::new()
            .name(self.connection_name.as_deref().unwrap_or(cx.name()))
            .request_timeout(Some(self.request_timeout))
            .ping_interval(self.ping_interval)
            .reconnect_delay_callback(move |attempts| of_dials.pause(attempts))
            .event_callback(move |event| {
                of_events.note(&event);
                async {}
            });
        if let Some(prefix) = &self.inbox_prefix {
            options = options.custom_inbox_prefix(prefix);
        }
        if let Some(tls) = self.tls.as_ref().filter(|tls| tls.is_enabled()) {
            options = encrypted(options, &tls.resolved(cx.config_dir()).await?);
        }
        if via!(self).is_tunnel() {
            options = self.behind_a_tunnel(options, cx, servers).await?;
        }
        Ok(match self.login() {
            Some(Login::User(user, password)) => options.user_and_password(user, password),
            Some(Login::Token(token)) => options.token(token),
            None => options,
        })
    }

    /// Verifies the names of the servers, also when they demand encryption by themselves: by itself the driver takes that of the
    /// local end. Others that they know of are dialled through no tunnel.
    async fn behind_a_tunnel(
        &self,
        options: ConnectOptions,
        cx: &ConnectContext,
        servers: &[ServerAddr],
    ) -> Result<ConnectOptions, BoxError> {
        let pem = self.tls.clone().filter(Tls::is_enabled).unwrap_or_default().read(cx.config_dir()).await?;
        let names = hosts(servers).map(|(host, _)| host).collect();
        let config = blocking::run(move || verifier::client_config(&pem, names)).await??;
        Ok(options.tls_client_config(config).ignore_discovered_servers())
    }

    /// Where the servers are, without who asks: the driver would ignore that, and print it.
    pub(super) fn addresses(&self) -> Result<Vec<ServerAddr>, BoxError> {
        let addresses: Option<Vec<_>> = match (&self.url, &self.servers, &self.host) {
            (Some(url), ..) => url.expose().split(',').map(|url| without_login(parse_url(url)?)).collect(),
            (None, Some(servers), _) => servers.iter().map(|server| parse_server(server)).collect(),
            (None, None, host) => {
                let host = host.as_deref().unwrap_or_default();
                parse_server(&address::endpoint(host, self.port.unwrap_or(PORT))).map(|server| vec![server])
            }
        };
        addresses.filter(|addresses| !addresses.is_empty()).ok_or_else(|| settings(NO_ADDRESS))
    }

    fn login(&self) -> Option<Login> {
        if let Some(url) = &self.url {
            return url.expose().split(',').filter_map(parse_url).find_map(|address| login_of(&address));
        }
        match (&self.user, &self.password, &self.token) {
            (Some(user), Some(password), _) => Some(Login::User(user.clone(), password.expose().to_owned())),
            (_, _, Some(token)) => Some(Login::Token(token.expose().to_owned())),
            _ => None,
        }
    }

    pub(super) fn validate_address(&self, validation: &mut Validation) {
        let parts = [
            ("host", self.host.is_some()),
            ("port", self.port.is_some()),
            ("user", self.user.is_some()),
            ("password", self.password.is_some()),
            ("token", self.token.is_some()),
        ];
        match &self.servers {
            Some(servers) => self.validate_servers(servers, validation),
            None => one_way(validation, self.url.is_some(), &parts),
        }
        if self.url.as_ref().is_some_and(|url| url.expose().split(',').any(|url| parse_url(url).is_none())) {
            validation.invalid(&["url"], URL_FORM);
        }
    }

    fn validate_servers(&self, servers: &[String], validation: &mut Validation) {
        let others = [("url", self.url.is_some()), ("host", self.host.is_some()), ("port", self.port.is_some())];
        others.into_iter().filter(|(_, is_given)| *is_given).for_each(|(other, _)| {
            validation.conflict(&["servers", other], "`servers` already says where the servers are");
        });
        if servers.is_empty() || servers.iter().any(|server| parse_server(server).is_none()) {
            validation.invalid(&["servers"], "must have at least one server, each as `host:port` or `host`");
        }
    }

    pub(super) fn validate_login(&self, validation: &mut Validation) {
        match (&self.user, &self.password) {
            (Some(_), None) => validation.missing("password", "a user is of use only with its password"),
            (None, Some(_)) => validation.missing("user", "a password is of use only with its user"),
            _ => {}
        }
        for (key, is_given) in [("user", self.user.is_some()), ("password", self.password.is_some())] {
            if is_given && self.token.is_some() {
                validation.conflict(&["token", key], "the server is shown one of them");
            }
        }
    }

    pub(super) fn validate_tls(&self, validation: &mut Validation) {
        let Some(tls) = &self.tls else { return };
        if tls.server_name.is_some() {
            validation.invalid(&["tls.server_name"], "cannot be set: the driver takes the name of the host");
        }
        let asks_for_it = |url: &str| url.split(',').any(|url| url.starts_with("tls://"));
        if !tls.is_enabled() && self.url.as_ref().is_some_and(|url| asks_for_it(url.expose())) {
            validation.invalid(&["tls.mode", "url"], "must not be `disable`, since `url` asks for encryption");
        }
        tls.validate_strict(validation);
    }
}

/// How a client shows who it is.
enum Login {
    User(String, String),
    Token(String),
}

/// `host:port` of each server.
pub(super) fn endpoint(servers: &[ServerAddr]) -> String {
    let each: Vec<_> = servers.iter().map(|server| address::endpoint(server.host(), server.port())).collect();
    each.join(",")
}

/// Host and port of each.
pub(super) fn hosts(servers: &[ServerAddr]) -> impl Iterator<Item = (String, u16)> {
    servers.iter().map(|server| (server.host().to_owned(), server.port()))
}

/// What the driver dials: each server, or the local end of the tunnel to it.
pub(super) fn dialled(servers: &[ServerAddr], routes: &Routes) -> Result<Vec<ServerAddr>, BoxError> {
    let each = servers.iter().zip(routes.each()).map(|(server, route)| match route.local() {
        Some(local) => format!("{}://{local}", server.scheme()).parse().map_err(settings),
        None => Ok(server.clone()),
    });
    each.collect()
}

/// How long one server of so many may take to connect, now and whenever the client dials again.
pub(super) fn patience(left: Duration, servers: usize) -> Duration {
    let share = left / u32::try_from(servers.max(1)).unwrap_or(u32::MAX);
    share.min(LONGEST_DIAL)
}

/// Whether a message can be published to it.
pub(super) fn is_subject(subject: &str) -> bool {
    let is_token = |token: &str| !token.is_empty() && !token.contains(|c: char| c.is_whitespace() || "*>".contains(c));
    subject.split('.').all(is_token)
}

fn parse_url(url: &str) -> Option<ServerAddr> {
    let is_ours = url.starts_with("nats://") || url.starts_with("tls://");
    let address = url.parse::<ServerAddr>().ok();
    address.filter(|address| is_ours && !is_torn(url) && !address.host().is_empty())
}

fn parse_server(server: &str) -> Option<ServerAddr> {
    let is_bare = !server.contains(['@', '/', '?', '#']);
    server.parse::<ServerAddr>().ok().filter(|address| is_bare && !address.host().is_empty())
}

fn login_of(address: &ServerAddr) -> Option<Login> {
    let user = percent_decoded(address.username()?)?;
    match address.password() {
        Some(password) => Some(Login::User(user, percent_decoded(password)?)),
        None => Some(Login::Token(user)),
    }
}

fn without_login(address: ServerAddr) -> Option<ServerAddr> {
    let mut url = address.into_inner();
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    let without: io::Result<_> = ServerAddr::from_url(url);
    without.ok()
}

fn encrypted(options: ConnectOptions, tls: &Tls) -> ConnectOptions {
    let mut options = options.require_tls(true);
    if let Some(ca) = &tls.ca {
        options = options.add_root_certificates(ca.clone());
    }
    if let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) {
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    options
}

const PORT: u16 = 4222;

const LONGEST_DIAL: Duration = Duration::from_secs(5);

const NO_ADDRESS: &str = "the settings do not say where the server is";

const URL_FORM: &str = "must be a URL such as `nats://user:password@host:4222` or `tls://host`, or several with commas \
    between them, with special characters of the password percent-encoded";
