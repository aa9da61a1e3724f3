//! From the fields to what the driver takes.

use std::{sync::Arc, time::Duration};

use rumqttc::{MqttOptions, QoS, TlsConfiguration, Transport, default_socket_connect, valid_topic};

use super::{Mqtt, client::Limits};
use crate::{
    BoxError, ConnectContext, Describe, Secret, Validation,
    connectors::shared::{address, failure::settings, route::Route, tls::Tls, url::ServerUrl},
    serde::Deserialize,
};

/// Where the broker is, and who asks.
pub(super) struct Address {
    host: String,
    port: u16,
    user: Option<String>,
    password: Option<String>,
    is_encrypted: bool,
}

impl Address {
    /// `host:port`.
    pub(super) fn endpoint(&self) -> String {
        address::endpoint(&self.host, self.port)
    }

    pub(super) fn host_and_port(&self) -> (&str, u16) {
        (&self.host, self.port)
    }
}

/// What the broker publishes when this client goes without a goodbye.
#[derive(Clone, Debug, Deserialize, Describe)]
#[serde(crate = "crate::serde", deny_unknown_fields)]
pub(super) struct LastWill {
    /// The topic that it is published on.
    topic: String,
    /// Default: empty.
    #[serde(default)]
    payload: Secret,
    /// 0, 1 or 2. Default: 0.
    #[serde(default)]
    qos: u8,
    /// Whether the broker keeps it for those who subscribe later. Default: false.
    #[serde(default)]
    retain: bool,
}

impl LastWill {
    pub(super) fn validate(&self, validation: &mut Validation) {
        if !is_topic(&self.topic) {
            validation.invalid(&["last_will.topic"], "must be a topic, without the wildcards `+` and `#`");
        }
        if quality(self.qos).is_none() {
            validation.invalid(&["last_will.qos"], "must be 0, 1 or 2");
        }
    }

    fn for_driver(&self) -> Result<rumqttc::LastWill, BoxError> {
        let qos = quality(self.qos).ok_or_else(|| settings("`last_will.qos` must be 0, 1 or 2"))?;
        Ok(rumqttc::LastWill::new(self.topic.as_str(), self.payload.expose().as_bytes(), qos, self.retain))
    }
}

impl Mqtt {
    /// All that the driver must know.
    pub(super) async fn options(
        &self,
        address: &Address,
        route: &Route,
        cx: &ConnectContext,
    ) -> Result<MqttOptions, BoxError> {
        let mut options = MqttOptions::new(self.client_id(cx), (self.verified_host(address), address.port));
        let (host, port) = route.dial();
        let dialled = address::endpoint(&host, port);
        // The driver's own dialling takes the name of the certificate for that of the host, and has no brackets for IPv6.
        options.set_socket_connector(move |_, network| default_socket_connect(dialled.clone(), network));
        if address.is_encrypted {
            let config = self.tls.clone().unwrap_or_default().client_config(cx.config_dir()).await?;
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(config))));
        }
        match (&address.user, &address.password) {
            (Some(user), Some(password)) => options.set_credentials(user.as_str(), password.clone()),
            (Some(user), None) => options.set_username(user.as_str()),
            (None, _) => options.clear_auth(),
        };
        if let Some(last_will) = &self.last_will {
            options.set_last_will(last_will.for_driver()?);
        }
        options.set_keep_alive(whole_seconds(self.keep_alive).ok_or_else(|| settings(KEEP_ALIVE_FORM))?);
        let most = self.most_bytes();
        options.set_max_packet_size(most, most);
        options.try_set_clean_session(self.clean_session).map_err(settings)?;
        Ok(options)
    }

    /// Where the broker is, and who asks.
    pub(super) fn address(&self) -> Result<Address, BoxError> {
        let table = self.tls.as_ref().map(Tls::is_enabled);
        if let Some(url) = &self.url {
            let url = ServerUrl::parse(url.expose()).ok_or_else(|| settings(URL_FORM))?;
            let is_encrypted = table.unwrap_or(url.scheme == SCHEME_WITH_TLS);
            let port = url.port.unwrap_or_else(|| default_port(is_encrypted));
            return Ok(Address { host: url.host, port, user: url.user, password: url.password, is_encrypted });
        }
        let host = self.host.clone().ok_or_else(|| settings("`host` or `url` must say where the broker is"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let is_encrypted = table.unwrap_or(false);
        let port = self.port.unwrap_or_else(|| default_port(is_encrypted));
        let password = self.password.as_ref().map(|password| password.expose().to_owned());
        Ok(Address { host, port, user: self.user.clone(), password, is_encrypted })
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            request: self.request_timeout,
            most_bytes: self.most_bytes(),
            buffer: self.buffer.get(),
            keeps_session: !self.clean_session,
        }
    }

    pub(super) fn validate_login(&self, validation: &mut Validation) {
        if self.url.is_none() && self.password.is_some() && self.user.is_none() {
            validation.missing("user", "MQTT 3.1.1 has no password without a user");
        }
        if let Some(url) = &self.url
            && let Some(why) = url_fault(url.expose())
        {
            validation.invalid(&["url"], why);
        }
    }

    pub(super) fn validate_encryption(&self, validation: &mut Validation) {
        let Some(tls) = &self.tls else { return };
        tls.validate_strict(validation);
        let Some(url) = self.url.as_ref().and_then(|url| ServerUrl::parse(url.expose())) else { return };
        match (url.scheme == SCHEME_WITH_TLS, tls.is_enabled()) {
            (true, false) => validation.invalid(&["tls.mode", "url"], "cannot be `disable` with a URL of `mqtts`"),
            (false, true) => validation.invalid(&["url", "tls.mode"], "must begin with `mqtts://` when `tls` is given"),
            _ => {}
        }
    }

    pub(super) fn validate_session(&self, validation: &mut Validation) {
        if whole_seconds(self.keep_alive).is_none() {
            validation.invalid(&["keep_alive"], KEEP_ALIVE_FORM);
        }
        if self.client_id.as_ref().is_some_and(String::is_empty) {
            validation.invalid(&["client_id"], "must not be empty");
        }
        if !self.clean_session && self.client_id.is_none() {
            validation.invalid(&["clean_session", "client_id"], "can be `false` only with a `client_id`");
        }
        if self.request_timeout.is_zero() {
            validation.invalid(&["request_timeout"], "must be longer than zero");
        }
        if self.buffer.get() > LARGEST_BUFFER {
            validation.invalid(&["buffer"], "must be at most 1048576");
        }
    }

    /// A new one for each connection, so that a new client does not end the one whose place it is to take.
    fn client_id(&self, cx: &ConnectContext) -> String {
        let own = || format!("{}-{:08x}", cx.name(), fastrand::u32(..));
        self.client_id.clone().unwrap_or_else(own)
    }

    /// The name that the broker's certificate must have.
    fn verified_host(&self, address: &Address) -> String {
        let named = self.tls.as_ref().and_then(|tls| tls.server_name.clone());
        named.unwrap_or_else(|| address.host.clone())
    }

    fn most_bytes(&self) -> usize {
        usize::try_from(self.max_packet_size.get()).unwrap_or(usize::MAX)
    }
}

/// A topic to publish to.
pub(super) fn is_topic(topic: &str) -> bool {
    !topic.is_empty() && valid_topic(topic)
}

/// What is wrong with the URL, in words that do not repeat it.
fn url_fault(url: &str) -> Option<&'static str> {
    let Some(url) = ServerUrl::parse(url) else { return Some(URL_FORM) };
    let is_ours = matches!(&*url.scheme, SCHEME | SCHEME_WITH_TLS);
    let is_whole = matches!(&*url.rest, "" | "/");
    let has_login = url.password.is_none() || url.user.is_some();
    (!is_ours || !is_whole || !has_login).then_some(URL_FORM)
}

fn default_port(is_encrypted: bool) -> u16 {
    if is_encrypted { 8883 } else { 1883 }
}

fn quality(qos: u8) -> Option<QoS> {
    [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce].get(usize::from(qos)).copied()
}

/// As the protocol counts; it means "for ever" by zero.
fn whole_seconds(time: Duration) -> Option<u16> {
    let seconds = u16::try_from(time.as_secs()).ok()?;
    (seconds > 0 && time.subsec_nanos() == 0).then_some(seconds)
}

/// Far below what a channel can be told to hold.
const LARGEST_BUFFER: usize = 1_048_576;
const SCHEME: &str = "mqtt";
const SCHEME_WITH_TLS: &str = "mqtts";
const URL_FORM: &str = "must be a URL such as `mqtt://user:password@host:1883` or `mqtts://host`, with special characters \
    of user and password percent-encoded";
const KEEP_ALIVE_FORM: &str = "must be whole seconds, from 1 s to 65535 s";
