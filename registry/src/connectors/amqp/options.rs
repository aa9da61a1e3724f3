//! From the fields to what the driver takes.

use std::time::Duration;

use lapin::{
    ConnectionProperties,
    tcp::RustlsConnector,
    uri::{AMQPScheme, AMQPUri},
};

use super::Amqp;
use crate::{
    BoxError, ConnectContext, Validation,
    connectors::shared::{address, failure::settings, route::Route, tls::Tls, url::is_torn},
};

/// All that it takes to connect.
pub(super) struct Settings {
    /// What the broker is called in errors.
    pub(super) endpoint: String,
    /// Where to dial.
    pub(super) address: (String, u16),
    pub(super) uri: AMQPUri,
    /// None when the connection is not encrypted.
    pub(super) encryption: Option<Encryption>,
    pub(super) connection_name: String,
}

/// How a connection is encrypted.
pub(super) struct Encryption {
    pub(super) connector: RustlsConnector,
    /// The name that the broker's certificate must have.
    pub(super) server_name: String,
}

impl Settings {
    /// What the broker is told of this side, and how the driver goes about a connection that is lost.
    pub(super) fn properties(&self) -> ConnectionProperties {
        ConnectionProperties::default()
            .with_connection_name(self.connection_name.as_str().into())
            .enable_auto_recover()
            .configure_backoff(|backoff| {
                // Of handshakes that fail; who answers no dial is dialled again by the line itself.
                backoff.with_min_delay(SHORTEST_PAUSE).with_max_delay(LONGEST_PAUSE).with_max_times(HANDSHAKES)
            })
    }
}

impl Amqp {
    /// All that it takes to connect.
    pub(super) async fn settings(
        &self,
        uri: AMQPUri,
        route: &Route,
        cx: &ConnectContext,
    ) -> Result<Settings, BoxError> {
        let encryption = match uri.scheme {
            AMQPScheme::AMQP => None,
            AMQPScheme::AMQPS => Some(self.encryption(&uri, cx).await?),
        };
        let connection_name = self.connection_name.as_deref().unwrap_or(cx.name()).to_owned();
        let (endpoint, address) = (route.endpoint().to_owned(), route.dial());
        Ok(Settings { endpoint, address, uri, encryption, connection_name })
    }

    async fn encryption(&self, uri: &AMQPUri, cx: &ConnectContext) -> Result<Encryption, BoxError> {
        let tls = self.tls.clone().unwrap_or_default();
        let connector = tls.client_config(cx.config_dir()).await?.into();
        let server_name = tls.server_name.unwrap_or_else(|| uri.authority.host.clone());
        Ok(Encryption { connector, server_name })
    }

    /// Where the broker is, who asks, and what is asked of it. The scheme tells whether the connection is encrypted.
    pub(super) fn uri(&self) -> Result<AMQPUri, BoxError> {
        let mut uri = match &self.url {
            Some(url) => uri_of_url(url.expose()).ok_or_else(|| settings(URL_FORM))?,
            None => self.uri_of_parts(),
        };
        if let Some(heartbeat) = self.heartbeat {
            uri.query.heartbeat = u16::try_from(heartbeat.as_secs()).ok();
        }
        if let Some(channel_max) = self.channel_max {
            uri.query.channel_max = Some(channel_max);
        }
        if let Some(frame_max) = self.frame_max {
            uri.query.frame_max = Some(frame_max);
        }
        Ok(uri)
    }

    fn uri_of_parts(&self) -> AMQPUri {
        let mut uri = AMQPUri::default();
        if self.is_encrypted_by_table() {
            uri.scheme = AMQPScheme::AMQPS;
        }
        if let Some(host) = &self.host {
            address::without_brackets(host).clone_into(&mut uri.authority.host);
        }
        uri.authority.port = self.port.unwrap_or_else(|| uri.scheme.default_port());
        if let Some(user) = &self.user {
            user.clone_into(&mut uri.authority.userinfo.username);
        }
        if let Some(password) = &self.password {
            password.expose().clone_into(&mut uri.authority.userinfo.password);
        }
        if let Some(vhost) = &self.vhost {
            vhost.clone_into(&mut uri.vhost);
        }
        uri
    }

    fn is_encrypted_by_table(&self) -> bool {
        self.tls.as_ref().is_some_and(Tls::is_enabled)
    }

    pub(super) fn validate_limits(&self, validation: &mut Validation) {
        if self.heartbeat.is_some_and(|heartbeat| !is_whole_seconds(heartbeat)) {
            validation.invalid(&["heartbeat"], "must be whole seconds, from \"1s\" to \"65535s\"");
        }
        if self.channel_max == Some(0) {
            validation.invalid(&["channel_max"], "must be at least 1");
        }
        if self.frame_max.is_some_and(|frame_max| frame_max < SMALLEST_FRAME) {
            validation.invalid(&["frame_max"], "must be at least 4096");
        }
    }

    pub(super) fn validate_tls(&self, validation: &mut Validation) {
        let Some(tls) = &self.tls else { return };
        if let Some(url) = &self.url {
            let plain = "must begin with `amqps://` when `tls` is given";
            tls.validate_scheme(url.expose().starts_with("amqps://"), plain, validation);
        }
        tls.validate_strict(validation);
    }
}

/// What is wrong with the URL, in words that do not repeat it.
pub(super) fn url_fault(url: &str) -> Option<&'static str> {
    let is_ours = url.starts_with("amqp://") || url.starts_with("amqps://");
    (!is_ours || is_torn(url) || url.parse::<AMQPUri>().is_err()).then_some(URL_FORM)
}

fn uri_of_url(url: &str) -> Option<AMQPUri> {
    let mut uri: AMQPUri = url.parse().ok()?;
    if let Some(host) = ipv6_host(url) {
        // The driver takes it for none, which would be `localhost`.
        host.clone_into(&mut uri.authority.host);
    }
    Some(uri)
}

/// `host:port`.
pub(super) fn endpoint(uri: &AMQPUri) -> String {
    address::endpoint(&uri.authority.host, uri.authority.port)
}

/// What stands in brackets as host of the URL.
fn ipv6_host(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    host.strip_prefix('[')?.split_once(']').map(|(host, _)| host)
}

fn is_whole_seconds(time: Duration) -> bool {
    time.subsec_nanos() == 0 && (1..=u64::from(u16::MAX)).contains(&time.as_secs())
}

const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How many handshakes in a row may fail.
const HANDSHAKES: usize = 8;

/// What AMQP asks of everybody.
const SMALLEST_FRAME: u32 = 4096;

const URL_FORM: &str = "must be a URL such as `amqp://user:password@host:5672/vhost`, or `amqps://`, with special \
    characters of the password and the virtual host percent-encoded";
