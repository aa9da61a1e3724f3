//! Why the broker cannot be used, by its own codes.

use lapin::{
    Error, ErrorKind,
    protocol::{AMQPError, AMQPErrorKind, AMQPHardError, AMQPSoftError},
};

use crate::connectors::shared::failure::Reason;

/// What an error of the driver means.
pub(super) fn reason(error: &Error) -> Reason {
    match error.kind() {
        ErrorKind::ProtocolError(error) => of_broker(error),
        ErrorKind::InvalidProtocolVersion(_) | ErrorKind::AuthProviderError(_) => Reason::Settings,
        ErrorKind::InvalidConnectionState(_)
        | ErrorKind::InvalidChannelState(..)
        | ErrorKind::MissingHeartbeatError => Reason::HungUp,
        _ => Reason::of(error),
    }
}

/// The codes are those of AMQP 0-9-1; what RabbitMQ means by one that has several meanings stands in its text.
fn of_broker(error: &AMQPError) -> Reason {
    let text = error.get_message().as_str();
    match error.kind() {
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => Reason::Credentials,
        AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) if text.contains("limit") => Reason::Unavailable,
        AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) if text.contains("refused") => Reason::Credentials,
        AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED | AMQPHardError::INVALIDPATH)
        | AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => Reason::NotFound,
        AMQPErrorKind::Hard(
            AMQPHardError::CONNECTIONFORCED | AMQPHardError::RESOURCEERROR | AMQPHardError::INTERNALERROR,
        ) => Reason::Unavailable,
        _ => Reason::Other,
    }
}
