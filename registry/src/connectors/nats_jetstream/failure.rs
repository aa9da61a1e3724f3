//! Why JetStream cannot be used, by what the driver and the server say.

use std::time::Duration;

use async_nats::jetstream::{
    ErrorCode,
    context::{AccountError, AccountErrorKind},
};

use crate::connectors::shared::failure::Reason;

/// What an error of the driver means; `patience` is how long it waits.
pub(super) fn reason(error: &AccountError, patience: Duration) -> Reason {
    match error.kind() {
        AccountErrorKind::TimedOut => Reason::Silent(patience),
        AccountErrorKind::JetStream(said) => match said.error_code() {
            ErrorCode::JETSTREAM_NOT_ENABLED | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT => Reason::NotFound,
            _ => Reason::Unavailable,
        },
        // Nobody serves its subjects: the server starts, has no JetStream, or knows no such domain.
        AccountErrorKind::JetStreamUnavailable => Reason::Unavailable,
        AccountErrorKind::Other => Reason::of(error),
    }
}
