//! Why the server cannot be used.

use async_memcached::{Error, ErrorKind, Status};

use super::client::MemcachedError;
use crate::{BoxError, connectors::shared::failure::Reason};

/// The error of `endpoint` that a caller of ours gets.
pub(super) fn explain(error: MemcachedError, endpoint: &str) -> BoxError {
    match &error {
        MemcachedError::Silent(patience) => Reason::Silent(*patience).at(endpoint, None),
        MemcachedError::Driver(cause) => reason(cause).at(endpoint, Some(error.into())),
        MemcachedError::Busy(_) | MemcachedError::Closed => Reason::Other.at(endpoint, Some(error.into())),
    }
}

/// What an error of the driver means.
fn reason(error: &Error) -> Reason {
    match error {
        Error::Connect(cause) | Error::Io(cause) => Reason::of(cause),
        Error::ConnectionClosed => Reason::HungUp,
        Error::Protocol(Status::Error(ErrorKind::Server(_))) => Reason::Unavailable,
        // A server with passwords, of which the driver knows nothing.
        Error::Protocol(Status::Error(ErrorKind::Client(text))) if text.contains("unauthenticated") => {
            Reason::Credentials
        }
        Error::Protocol(_) | Error::ParseError(_) => Reason::Other,
    }
}
