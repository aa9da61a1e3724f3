//! Why the server cannot be used, by its own codes.

use std::{error::Error as StdError, time::Duration};

use lettre::transport::smtp::Error;

use crate::connectors::shared::failure::Reason;

/// What an error of the driver means, which waits for `connect_timeout` when it dials.
pub(super) fn reason(error: &Error, connect_timeout: Duration) -> Reason {
    if let Some(code) = error.status() {
        return of_code(code.into());
    }
    match error.source().map(ToString::to_string).as_deref() {
        _ if error.is_timeout() => Reason::Silent(connect_timeout),
        Some(NO_STARTTLS) => Reason::Tls,
        // What else it finds by itself is a setting that the server does not fit: no mechanism in common.
        _ if error.is_client() => Reason::Settings,
        Some(NO_ANSWER) => Reason::HungUp,
        _ if error.is_tls() => Reason::Tls,
        _ => Reason::of(error),
    }
}

/// The codes of RFC 5321, and those of RFC 4954 about logins.
fn of_code(code: u16) -> Reason {
    match code {
        // Refused; a mechanism too weak for this user; this user has to do something else first.
        535 | 534 | 432 => Reason::Credentials,
        // Nobody may send without a login.
        530 => Reason::Credentials,
        // Encryption is needed for this mechanism.
        538 => Reason::Tls,
        // A mechanism that the server does not have after all.
        504 => Reason::Settings,
        400..500 => Reason::Unavailable,
        _ => Reason::Other,
    }
}

/// The driver's own words; it has no codes for them.
const NO_STARTTLS: &str = "STARTTLS is not supported on this server";
const NO_ANSWER: &str = "incomplete response";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_that_is_refused_is_permanent_and_a_busy_server_is_not() {
        for code in [535, 534, 530, 538, 504] {
            assert!(of_code(code).is_permanent(), "{code}");
        }
        for code in [421, 450, 454, 500, 554] {
            assert!(!of_code(code).is_permanent(), "{code}");
        }
    }
}
