//! What the driver's errors mean.

use std::fmt;

use russh::{Error, client::AuthResult};

use super::host_key::Distrust;
use crate::{
    BoxError,
    connectors::shared::failure::{Reason, settings},
};

/// Why the conversation with the server ended.
#[derive(Debug)]
pub(super) enum Fault {
    Driver(Error),
    Distrust(Distrust),
}

impl Fault {
    /// The failure of `endpoint` for this fault.
    pub(super) fn at(self, endpoint: &str) -> BoxError {
        match self {
            Self::Driver(error) => explain(error, endpoint),
            Self::Distrust(distrust) => settings(format!("`{endpoint}` is not trusted: {distrust}")),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Driver(error) => error.fmt(f),
            Self::Distrust(distrust) => distrust.fmt(f),
        }
    }
}

/// The failure of `endpoint` for an error of the driver.
pub(super) fn explain(error: Error, endpoint: &str) -> BoxError {
    reason(&error).at(endpoint, Some(error.into()))
}

/// What the answer to a login says, when it is no.
pub(super) fn refused(answer: &AuthResult, endpoint: &str) -> Option<BoxError> {
    let AuthResult::Failure { remaining_methods, partial_success } = answer else { return None };
    let methods: Vec<&str> = remaining_methods.iter().map(Into::into).collect();
    let methods = if methods.is_empty() { "nothing else".to_owned() } else { methods.join(", ") };
    let cause = match partial_success {
        true => format!("it wants a second proof of who logs in, by {methods}, which is not supported"),
        false => format!("it lets users log in by {methods}"),
    };
    Some(Reason::Credentials.at(endpoint, Some(cause.into())))
}

pub(super) fn reason(error: &Error) -> Reason {
    match error {
        Error::IO(error) => Reason::of(error),
        Error::HUP
        | Error::Disconnect
        | Error::SendError
        | Error::RecvError
        | Error::KeepaliveTimeout
        | Error::InactivityTimeout => Reason::HungUp,
        Error::NoCommonAlgo { .. } | Error::WrongServerSig | Error::StrictKeyExchangeViolation { .. } => Reason::Tls,
        error => Reason::of(error),
    }
}
