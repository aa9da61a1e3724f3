//! What librdkafka's errors mean. It has few codes, and says the rest in words.

use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use crate::{
    BoxError,
    connectors::shared::failure::{Reason, settings},
};

/// What a complaint means that librdkafka makes while it works.
pub(super) fn reason(code: Option<RDKafkaErrorCode>, words: &str) -> Reason {
    use RDKafkaErrorCode as Code;
    match code {
        // Whatever happens to the request that begins a login, librdkafka calls it a failure of the login.
        Some(Code::Authentication) => known(words).unwrap_or(Reason::Credentials),
        Some(Code::SaslAuthenticationFailed) => Reason::Credentials,
        Some(Code::ClusterAuthorizationFailed) => Reason::Credentials,
        Some(Code::UnsupportedSASLMechanism | Code::UnsupportedFeature) => Reason::Settings,
        Some(Code::Resolve) => Reason::UnknownHost,
        Some(Code::SSL) => Reason::Tls,
        _ => known(words).unwrap_or(Reason::Other),
    }
}

/// Why a question of `patience` has no answer, when nothing more is known.
pub(super) fn of_question(error: &KafkaError, patience: Duration) -> Reason {
    use RDKafkaErrorCode as Code;
    match error.rdkafka_error_code() {
        // It says so whatever it has waited for.
        Some(Code::BrokerTransportFailure | Code::OperationTimedOut | Code::RequestTimedOut) => {
            Reason::Silent(patience)
        }
        code => reason(code, ""),
    }
}

/// A configuration that librdkafka does not take. Its own error may repeat a value.
pub(super) fn refused(error: KafkaError) -> BoxError {
    match error {
        KafkaError::ClientConfig(_, _, name, _) => settings(format!("librdkafka refuses its option `{name}`")),
        _ => settings("librdkafka refuses these settings"),
    }
}

fn known(words: &str) -> Option<Reason> {
    WORDS.iter().find(|(piece, _)| words.contains(piece)).map(|(_, reason)| *reason)
}

/// How long librdkafka waits for the answer to the request that begins a login.
const LOGIN: Duration = Duration::from_secs(10);

/// Of the messages of librdkafka.
const WORDS: &[(&str, Reason)] = &[
    ("Connection refused", Reason::Refused),
    ("Failed to resolve", Reason::UnknownHost),
    ("No route to host", Reason::Unreachable),
    ("Network is unreachable", Reason::Unreachable),
    ("Disconnected", Reason::HungUp),
    ("Connection reset", Reason::HungUp),
    ("Broken pipe", Reason::HungUp),
    ("hung up", Reason::HungUp),
    ("Broker transport failure", Reason::HungUp),
    ("handshake failed: Local: Timed out", Reason::Silent(LOGIN)),
];
