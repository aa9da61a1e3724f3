//! From the fields to what the driver takes.

use std::{collections::BTreeMap, time::Duration};

use rdkafka::{ClientConfig, config::RDKafkaLogLevel};

use super::Kafka;
use crate::{
    ConnectContext, Secret, Validation,
    connectors::shared::address::{endpoint, host_and_port},
};

impl Kafka {
    pub(super) fn producer_config(&self, cx: &ConnectContext) -> ClientConfig {
        let mut config = self.config(cx.name());
        config.set("message.timeout.ms", self.delivery_timeout.as_millis().max(1).to_string());
        config
    }

    /// Without the group.
    pub(super) fn consumer_config(&self, cx: &ConnectContext) -> ClientConfig {
        let mut config = self.config(cx.name());
        set_all(&mut config, &self.consumer_options);
        config
    }

    /// `host:port` of all brokers.
    pub(super) fn endpoints(&self) -> String {
        let addresses = self.brokers.iter().filter_map(|broker| host_and_port(broker));
        let named = addresses.map(|(host, port)| endpoint(host, port.unwrap_or(DEFAULT_PORT)));
        named.collect::<Vec<_>>().join(",")
    }

    pub(super) fn validate_login(&self, validation: &mut Validation) {
        match (&self.user, &self.password) {
            (Some(_), None) => validation.missing("password", "who asks has to show it"),
            (None, Some(_)) => validation.missing("user", "say whose password it is"),
            (None, None) if self.sasl_mechanism.is_some() => {
                validation.missing("user", "say who logs in by that mechanism");
            }
            _ => {}
        }
        if !self.mechanism_is_built_in() {
            validation
                .invalid(&["sasl_mechanism"], "must be `PLAIN`: this build of librdkafka has no OpenSSL for others");
        }
    }

    pub(super) fn validate_options(&self, validation: &mut Validation) {
        for (key, options) in [("options", &self.options), ("consumer_options", &self.consumer_options)] {
            if options.keys().any(|name| FIELDS.contains(&name.as_str())) {
                validation
                    .invalid(&[key], "must not have what is a field of the connection, or the group of a consumer");
            } else if !has_built_in("ssl") && options.iter().any(|(name, value)| asks_for_tls(name, value.expose())) {
                validation.invalid(&[key], NO_TLS);
            } else if !are_known(options) {
                validation.invalid(&[key], "must have names and values that librdkafka knows");
            }
        }
    }

    fn config(&self, name: &str) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set_log_level(RDKafkaLogLevel::Info);
        config.set("bootstrap.servers", self.endpoints());
        config.set("client.id", self.client_id.as_deref().unwrap_or(name));
        config.set("reconnect.backoff.max.ms", "2000").set("socket.keepalive.enable", "true");
        if let (Some(user), Some(password)) = (&self.user, &self.password) {
            config.set("security.protocol", "sasl_plaintext").set("sasl.mechanism", self.mechanism());
            config.set("sasl.username", user).set("sasl.password", password.expose());
        }
        set_all(&mut config, &self.options);
        config
    }

    fn mechanism(&self) -> &str {
        self.sasl_mechanism.as_deref().unwrap_or(PLAIN)
    }

    fn mechanism_is_built_in(&self) -> bool {
        match self.mechanism() {
            PLAIN => true,
            "SCRAM-SHA-256" | "SCRAM-SHA-512" => has_built_in("sasl_scram"),
            _ => false,
        }
    }
}

/// What is wrong with the list, in words that do not repeat it.
pub(super) fn brokers_fault(brokers: &[String]) -> Option<&'static str> {
    if brokers.is_empty() {
        return Some("must have one broker at least");
    }
    let is_address = |broker: &String| {
        host_and_port(broker).is_some_and(|(_, port)| port != Some(0)) && !broker.contains([',', '/', '@', ' '])
    };
    (!brokers.iter().all(is_address)).then_some("must be addresses such as `kafka.example.com:9092`")
}

fn set_all(config: &mut ClientConfig, options: &BTreeMap<String, Secret>) {
    for (name, value) in options {
        config.set(name, value.expose());
    }
}

fn asks_for_tls(name: &str, value: &str) -> bool {
    name.starts_with("ssl.") || (name == "security.protocol" && value.to_ascii_lowercase().contains("ssl"))
}

fn are_known(options: &BTreeMap<String, Secret>) -> bool {
    let mut config = ClientConfig::new();
    set_all(&mut config, options);
    config.create_native_config().is_ok()
}

/// Whether librdkafka was built with `feature`.
fn has_built_in(feature: &str) -> bool {
    let features = ClientConfig::new().create_native_config().and_then(|config| config.get("builtin.features"));
    features.is_ok_and(|features| features.split(',').any(|name| name.trim() == feature))
}

/// librdkafka counts milliseconds in 31 bits.
pub(super) const LONGEST_DELIVERY: Duration = Duration::from_millis(i32::MAX as u64);
const PLAIN: &str = "PLAIN";
const DEFAULT_PORT: u16 = 9092;
const NO_TLS: &str = "asks for TLS, which this build of librdkafka does not have: add the dependency `rdkafka` with its \
    feature `ssl` to the program";

/// The options that fields stand for, and the group, which is given to each consumer.
const FIELDS: &[&str] = &[
    "bootstrap.servers",
    "metadata.broker.list",
    "client.id",
    "sasl.username",
    "sasl.password",
    "sasl.mechanism",
    "sasl.mechanisms",
    "message.timeout.ms",
    "delivery.timeout.ms",
    "group.id",
];
