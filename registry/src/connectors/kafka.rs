//! `kafka`: a cluster that speaks Kafka's protocol, through librdkafka.
//!
//! ```toml
//! [connections.events]
//! type = "kafka"
//! brokers = ["kafka-1.example.com:9092", "kafka-2.example.com:9092"]
//! consumer_options = { "auto.offset.reset" = "earliest" }
//! ```
//!
//! The client is a [`KafkaClient`].

mod client;
mod context;
mod failure;
mod options;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

pub use self::{
    client::{KafkaClient, KafkaConsumer, KafkaProducer, KafkaTopic},
    context::KafkaContext,
};
use super::shared::patience::{self, before_deadline};
use crate::{BoxError, ConnectContext, Connection, Secret, Validation, connection_type};

/// A cluster that speaks Kafka's protocol. The client is a `KafkaClient`: a producer that all share, and consumers as many as
/// are made.
///
/// Not encrypted, and of the ways to log in only `PLAIN`: librdkafka has TLS and `SCRAM` from OpenSSL alone, which is not
/// built in. A program that has it built in, by a dependency of its own on `rdkafka` with the feature `ssl` or `ssl-vendored`,
/// can turn it on by `options`: `"security.protocol" = "ssl"`, or `"sasl_ssl"`, and `"ssl.ca.location"`.
///
/// librdkafka dials again by itself, after pauses of 100 ms to 2 s: the client is kept while brokers are down.
///
/// There is no `tunnel`: brokers announce the addresses at which they want to be dialled, and librdkafka dials those by itself.
///
/// A check asks a broker for the list of all topics.
#[connection_type("kafka")]
#[derive(Debug)]
pub struct Kafka {
    /// Where to begin, as `host:port`, or `host` for the port 9092; the brokers that answer tell of the others.
    brokers: Vec<String>,

    /// What the brokers show of this application in their logs. Default: the name of the connection.
    client_id: Option<String>,

    /// Who asks. Default: nobody in particular.
    user: Option<String>,

    /// As it is, whatever characters it has. Without TLS it goes over the network as it is.
    password: Option<Secret>,

    /// How `user` logs in: `PLAIN`, or what else librdkafka has built in. Default: "PLAIN".
    sasl_mechanism: Option<String>,

    /// How long a message is tried to be delivered, all attempts included. Default: "30s".
    #[serde(default = "default_delivery_timeout")]
    delivery_timeout: Duration,

    /// More for librdkafka, by its own names, each value a string: `{ "compression.type" = "lz4" }`.
    #[serde(default)]
    options: BTreeMap<String, Secret>,

    /// The same for consumers alone: `{ "auto.offset.reset" = "earliest" }`.
    #[serde(default)]
    consumer_options: BTreeMap<String, Secret>,
}

impl Connection for Kafka {
    type Client = KafkaClient;

    const SELF_HEALING: bool = true;

    async fn connect(&self, cx: &ConnectContext) -> Result<KafkaClient, BoxError> {
        let client = KafkaClient::open(self.producer_config(cx), self.consumer_config(cx), self.endpoints()).await?;
        client.first_round_trip(before_deadline(cx)).await?;
        Ok(client)
    }

    async fn check(&self, client: &KafkaClient) -> Result<(), BoxError> {
        client.round_trip(patience::CHECK).await
    }

    async fn disconnect(&self, client: &KafkaClient) -> Result<(), BoxError> {
        client.flush().await
    }

    fn validate(&self, validation: &mut Validation) {
        if let Some(why) = options::brokers_fault(&self.brokers) {
            validation.invalid(&["brokers"], why);
        }
        self.validate_login(validation);
        self.validate_options(validation);
        if self.delivery_timeout.is_zero() || self.delivery_timeout > options::LONGEST_DELIVERY {
            validation.invalid(&["delivery_timeout"], "must be from 1 ms to 24 days");
        }
    }

    fn endpoint(&self) -> Option<String> {
        (!self.brokers.is_empty()).then(|| self.endpoints())
    }
}

fn default_delivery_timeout() -> Duration {
    Duration::from_secs(30)
}
