//! Why the cluster cannot be used, by its answers.

use std::{error::Error as StdError, fmt};

use etcd_client::Error;

use crate::connectors::shared::failure::Reason;

/// What an error of the driver means. The numbers are those of gRPC.
pub(super) fn reason(error: &Error) -> Reason {
    match error {
        Error::GRpcStatus(status) => match (i32::from(status.code()), status.message()) {
            (INVALID_ARGUMENT, message) if message.contains("authentication failed") => Reason::Credentials,
            (INVALID_ARGUMENT, message) if message.contains("user name is empty") => Reason::Credentials,
            (PERMISSION_DENIED | UNAUTHENTICATED, _) => Reason::Credentials,
            // A user was given and the cluster knows none.
            (FAILED_PRECONDITION, _) => Reason::Settings,
            (UNAVAILABLE, _) => match Reason::of(status) {
                Reason::Other => Reason::Unavailable,
                found => found,
            },
            _ => Reason::of(status),
        },
        Error::InvalidUri(_) | Error::InvalidArgs(_) | Error::EndpointError(_) => Reason::Settings,
        Error::TransportError(error) => Reason::of(error),
        Error::IoError(error) => Reason::of(error),
        _ => Reason::Other,
    }
}

/// Whether the cluster does not know the login, or not any more.
pub(super) fn is_login_lost(error: &Error) -> bool {
    matches!(error, Error::GRpcStatus(status) if i32::from(status.code()) == UNAUTHENTICATED)
}

/// Whether the cluster knows who asks, who may not do that.
pub(super) fn is_right_missing(error: &Error) -> bool {
    matches!(error, Error::GRpcStatus(status) if i32::from(status.code()) == PERMISSION_DENIED)
}

/// The driver's error with its cause, which it has in its text alone.
#[derive(Debug)]
pub(super) struct Failed(pub(super) Error);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            // The debug form of its details would follow.
            Error::GRpcStatus(status) => f.write_str(status.message()),
            error => error.fmt(f),
        }
    }
}

impl StdError for Failed {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0 {
            Error::GRpcStatus(status) => status.source(),
            Error::TransportError(error) => error.source(),
            _ => None,
        }
    }
}

const INVALID_ARGUMENT: i32 = 3;
const PERMISSION_DENIED: i32 = 7;
const FAILED_PRECONDITION: i32 = 9;
const UNAVAILABLE: i32 = 14;
const UNAUTHENTICATED: i32 = 16;
