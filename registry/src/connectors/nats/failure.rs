//! Why the server cannot be used, by what the driver and the server say.

use std::{error::Error as StdError, time::Duration};

use async_nats::{ConnectError, ConnectErrorKind, Message, RequestError, RequestErrorKind, ServerError};

use crate::{
    BoxError,
    connectors::shared::{failure::Reason, patience},
};

/// What an error of the driver's `connect` means; `patience` is how long it waits.
pub(super) fn reason(error: &ConnectError, patience: Duration) -> Reason {
    match error.kind() {
        ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => Reason::Credentials,
        ConnectErrorKind::ServerParse => Reason::Settings,
        ConnectErrorKind::Dns => Reason::UnknownHost,
        ConnectErrorKind::TimedOut => Reason::Silent(patience),
        ConnectErrorKind::Tls => match Reason::of(error) {
            Reason::Other => Reason::Tls,
            found => found,
        },
        ConnectErrorKind::Io | ConnectErrorKind::MaxReconnects => of_source(error),
    }
}

/// What the server's answer to a request means that nobody has to answer.
pub(super) fn of_request(answer: Result<Message, RequestError>) -> Result<(), Reason> {
    match answer.map_err(|error| error.kind()) {
        // Only the server can know that.
        Ok(_) | Err(RequestErrorKind::NoResponders) => Ok(()),
        Err(RequestErrorKind::TimedOut) => Err(Reason::Silent(patience::CHECK)),
        Err(RequestErrorKind::InvalidSubject) => Err(Reason::Settings),
        Err(_) => Err(Reason::HungUp),
    }
}

/// The client has no connection now, and dials.
pub(super) fn lost(endpoint: &str) -> BoxError {
    Reason::HungUp.at(endpoint, Some("the client dials again".into()))
}

fn of_source(error: &ConnectError) -> Reason {
    let Some(source) = error.source() else { return Reason::Other };
    if let Some(ServerError::Other(said)) = source.downcast_ref() {
        return of_server(&said.to_lowercase());
    }
    match Reason::of(error) {
        // The driver's own words for the end of a stream.
        Reason::Other if matches!(source.to_string().as_str(), "expected INFO, got nothing" | "broken pipe") => {
            Reason::HungUp
        }
        found => found,
    }
}

/// The texts are those of the server's `-ERR`.
fn of_server(said: &str) -> Reason {
    match said {
        // Also of who was too slow to log in.
        _ if said.contains("timeout") => Reason::Unavailable,
        _ if said.contains("authentication") || said.contains("authorization") => Reason::Credentials,
        _ if said.contains("tls") => Reason::Tls,
        _ if said.contains("maximum") || said.contains("shutdown") => Reason::Unavailable,
        _ => Reason::Other,
    }
}
