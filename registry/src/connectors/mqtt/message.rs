//! [`MqttMessage`] and [`MqttQos`]: what is published, and how surely.

use std::fmt;

use rumqttc::{Publish, QoS};

/// How surely a message arrives: what MQTT calls the quality of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MqttQos {
    /// 0: once, or not at all. Nobody acknowledges it.
    AtMostOnce,
    /// 1: once or more. The receiver acknowledges it.
    AtLeastOnce,
    /// 2: once. Both sides acknowledge it.
    ExactlyOnce,
}

impl From<MqttQos> for QoS {
    fn from(qos: MqttQos) -> Self {
        match qos {
            MqttQos::AtMostOnce => Self::AtMostOnce,
            MqttQos::AtLeastOnce => Self::AtLeastOnce,
            MqttQos::ExactlyOnce => Self::ExactlyOnce,
        }
    }
}

impl From<QoS> for MqttQos {
    fn from(qos: QoS) -> Self {
        match qos {
            QoS::AtMostOnce => Self::AtMostOnce,
            QoS::AtLeastOnce => Self::AtLeastOnce,
            QoS::ExactlyOnce => Self::ExactlyOnce,
        }
    }
}

/// A message that came in.
#[derive(Clone, PartialEq, Eq)]
pub struct MqttMessage {
    topic: String,
    publish: Publish,
}

impl MqttMessage {
    /// Where it was published.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// What was published.
    pub fn payload(&self) -> &[u8] {
        &self.publish.payload
    }

    /// How surely it came here: as it was published, or as it was subscribed to, whichever is less.
    pub fn qos(&self) -> MqttQos {
        self.publish.qos.into()
    }

    /// Whether it is the message that the broker had kept for those who subscribe.
    pub fn is_retained(&self) -> bool {
        self.publish.retain
    }

    /// Whether the broker says that it may have come before.
    pub fn is_duplicate(&self) -> bool {
        self.publish.dup
    }
}

impl From<Publish> for MqttMessage {
    fn from(publish: Publish) -> Self {
        // The protocol has no other topics than those of UTF-8, and the driver sees to that.
        Self { topic: String::from_utf8_lossy(&publish.topic).into_owned(), publish }
    }
}

impl fmt::Debug for MqttMessage {
    /// Without the payload, which may be large and may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MqttMessage")
            .field("topic", &self.topic)
            .field("bytes", &self.payload().len())
            .field("qos", &self.qos())
            .field("is_retained", &self.is_retained())
            .finish_non_exhaustive()
    }
}
