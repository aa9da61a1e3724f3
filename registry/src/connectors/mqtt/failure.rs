//! What the driver's errors mean, and what an application is told.

use std::{error::Error as StdError, fmt, time::Duration};

use rumqttc::{
    ClientError, ConnectReturnCode, ConnectionError, PublishNoticeError, StateError, SubscribeNoticeError, TlsError,
    UnsubscribeNoticeError,
};

use crate::connectors::shared::failure::Reason;

/// Why something could not be published, or subscribed to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MqttError {
    /// There is no connection to the broker, and there was none for `request_timeout`. Nothing was sent.
    NotConnected(Duration),
    /// The broker did not answer within `request_timeout`. What was sent may arrive all the same.
    Timeout(Duration),
    /// The connection ended before the broker had answered. What was sent may have arrived.
    ConnectionLost,
    /// The broker refuses a subscription to this filter, to this user.
    Refused,
    /// A topic with wildcards or a filter with misplaced ones, or one that is empty.
    InvalidTopic,
    /// More bytes than `max_packet_size`.
    TooLarge,
    /// The client was disconnected.
    Closed,
}

impl fmt::Display for MqttError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected(waited) => write!(f, "no connection to the broker for {waited:.1?}"),
            Self::Timeout(waited) => write!(f, "the broker did not answer within {waited:.1?}"),
            Self::ConnectionLost => f.write_str("the connection to the broker ended before it had answered"),
            Self::Refused => f.write_str("the broker refuses the subscription"),
            Self::InvalidTopic => f.write_str("not a valid topic"),
            Self::TooLarge => f.write_str("larger than `max_packet_size`"),
            Self::Closed => f.write_str("the client was disconnected"),
        }
    }
}

impl StdError for MqttError {}

impl From<ClientError> for MqttError {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::InvalidRequest(_) => Self::InvalidTopic,
            _ => Self::Closed,
        }
    }
}

impl From<PublishNoticeError> for MqttError {
    fn from(_: PublishNoticeError) -> Self {
        Self::ConnectionLost
    }
}

impl From<UnsubscribeNoticeError> for MqttError {
    fn from(_: UnsubscribeNoticeError) -> Self {
        Self::ConnectionLost
    }
}

impl From<SubscribeNoticeError> for MqttError {
    fn from(error: SubscribeNoticeError) -> Self {
        match error {
            SubscribeNoticeError::V4SubAckFailure(_) => Self::Refused,
            _ => Self::ConnectionLost,
        }
    }
}

/// What an error of the connection means. `patience` is how long the driver was told to wait.
pub(super) fn reason(error: &ConnectionError, patience: Duration) -> Reason {
    match error {
        ConnectionError::ConnectionRefused(code) => reason_of_refusal(*code),
        ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => Reason::Silent(patience),
        ConnectionError::MqttState(StateError::AwaitPingResp) => Reason::Silent(patience),
        ConnectionError::MqttState(StateError::ConnectionAborted) => Reason::HungUp,
        ConnectionError::Tls(TlsError::DNSName(_)) => Reason::Settings,
        ConnectionError::Tls(cause) => match Reason::of(cause) {
            Reason::Other => Reason::Tls,
            found => found,
        },
        _ => Reason::of(error),
    }
}

fn reason_of_refusal(code: ConnectReturnCode) -> Reason {
    match code {
        ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized => Reason::Credentials,
        ConnectReturnCode::BadClientId | ConnectReturnCode::RefusedProtocolVersion => Reason::Settings,
        ConnectReturnCode::ServiceUnavailable => Reason::Unavailable,
        ConnectReturnCode::Success => Reason::Other,
    }
}
