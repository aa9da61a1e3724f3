//! What the answers of the health service mean, and why there is none.

use std::{error::Error as StdError, io, time::Instant};

use tonic::{Code, Status};
use tonic_health::pb::health_check_response::ServingStatus;

use crate::{BoxError, connectors::shared::failure::Reason};

/// What the server says of itself, or of one of its services.
pub(super) fn judge(health: ServingStatus) -> Result<(), (Reason, BoxError)> {
    match health {
        ServingStatus::Serving => Ok(()),
        _ => Err((Reason::Unavailable, format!("its health is {}", health.as_str_name()).into())),
    }
}

/// What it means that the health service answers by an error, or not at all.
pub(super) fn explain(status: Status, begun: Instant, has_certificate: bool) -> Result<(), (Reason, BoxError)> {
    let reason = match status.code() {
        _ if !is_of_grpc(&status) => Reason::Other,
        // Not every server has the service.
        Code::Unimplemented => return Ok(()),
        Code::Unauthenticated | Code::PermissionDenied if has_certificate => Reason::Credentials,
        // It answers; what it would say to somebody who is known is not known.
        Code::Unauthenticated | Code::PermissionDenied => return Ok(()),
        // Many servers name a service only when it serves.
        Code::NotFound => Reason::Unavailable,
        code => match reason(&status, begun) {
            Reason::Other if code == Code::Unavailable => Reason::Unavailable,
            Reason::Other if code == Code::DeadlineExceeded || is_expired(&status) => Reason::Silent(begun.elapsed()),
            found => found,
        },
    };
    Err((reason, status.into()))
}

/// What an error of the driver means.
pub(super) fn reason(error: &(dyn StdError + 'static), begun: Instant) -> Reason {
    match Reason::of(error) {
        Reason::Other if any(error, is_alert) => Reason::Tls,
        Reason::TimedOut => Reason::Silent(begun.elapsed()),
        Reason::Other if any(error, |error| error.kind() == io::ErrorKind::TimedOut) => Reason::Silent(begun.elapsed()),
        found => found,
    }
}

/// False for the answer of a server that speaks HTTP/2 but not gRPC: the driver makes a status of the one of HTTP.
fn is_of_grpc(status: &Status) -> bool {
    !status.message().starts_with("grpc-status header missing")
}

/// The driver's own timeout has no kind that can be asked for.
fn is_expired(status: &Status) -> bool {
    status.code() == Code::Cancelled && status.message() == "Timeout expired"
}

/// What a server says that asks for another certificate arrives after the handshake, and as a text.
fn is_alert(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData && error.to_string().starts_with("received fatal alert")
}

/// Whether one of its causes is such an error of the system.
fn any(error: &(dyn StdError + 'static), is_it: impl Fn(&io::Error) -> bool) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.downcast_ref().is_some_and(&is_it) {
            return true;
        }
        cause = error.source();
    }
    false
}
