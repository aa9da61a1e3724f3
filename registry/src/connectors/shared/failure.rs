//! Why a server cannot be used, told apart: who must act, and whether trying again can help.

use std::{error::Error as StdError, fmt, io, time::Duration};

use crate::{BoxError, ConnectError};

/// Why a server cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::connectors) enum Reason {
    /// Nobody listens there.
    Refused,
    /// No way leads there.
    Unreachable,
    /// The host's name has no address.
    UnknownHost,
    /// It did not answer within that time.
    Silent(Duration),
    /// It did not answer in time, and the error does not say within which.
    TimedOut,
    /// It ended the connection.
    HungUp,
    /// The two do not agree on encryption, or one does not trust the other's certificate.
    Tls,
    /// It does not accept the credentials.
    Credentials,
    /// What was asked for is not there: a database, a bucket, a virtual host.
    NotFound,
    /// The settings cannot work: a file that cannot be read, an option that the driver refuses.
    Settings,
    /// It answers that it cannot serve now: starting, full, a replica.
    Unavailable,
    /// Whatever else it is, the cause says.
    Other,
}

impl Reason {
    /// What the causes of `error` say, from the system's errors and those of TLS; what a driver knows by itself it says
    /// before asking here.
    pub(in crate::connectors) fn of(error: &(dyn StdError + 'static)) -> Self {
        let mut cause = Some(error);
        let mut reason = Self::Other;
        while let Some(error) = cause {
            reason = match Self::of_one(error) {
                Self::Other => reason,
                found => found,
            };
            cause = error.source();
        }
        reason
    }

    fn of_one(error: &(dyn StdError + 'static)) -> Self {
        #[cfg(feature = "_tls")]
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return Self::of_tls(error);
        }
        let Some(error) = error.downcast_ref::<io::Error>() else { return Self::Other };
        // An error that is wrapped in one of the system's kind is not among its sources.
        let inner = error.get_ref().map_or(Self::Other, |inner| Self::of(inner));
        if inner == Self::Other { Self::of_io(error) } else { inner }
    }

    fn of_io(error: &io::Error) -> Self {
        use io::ErrorKind as Kind;
        match error.kind() {
            Kind::ConnectionRefused => Self::Refused,
            Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown | Kind::AddrNotAvailable => {
                Self::Unreachable
            }
            Kind::ConnectionReset | Kind::ConnectionAborted | Kind::BrokenPipe | Kind::UnexpectedEof => Self::HungUp,
            Kind::TimedOut => Self::TimedOut,
            // What the look-up of a name gives has no kind of its own, and on Windows no words either.
            _ if error.raw_os_error().is_some_and(|code| NO_SUCH_HOST_OF_WINDOWS.contains(&code)) => Self::UnknownHost,
            _ if error.to_string().contains("failed to lookup address") => Self::UnknownHost,
            _ => Self::Other,
        }
    }

    #[cfg(feature = "_tls")]
    fn of_tls(error: &rustls::Error) -> Self {
        use rustls::{AlertDescription as Alert, Error, InvalidMessage};
        match error {
            Error::General(_) | Error::FailedToGetCurrentTime => Self::Other,
            // It speaks no TLS at all.
            Error::InvalidMessage(InvalidMessage::InvalidContentType) => Self::Tls,
            // What a server that starts or ends, or something between the two, says in the middle of a handshake.
            Error::InvalidMessage(_) => Self::Other,
            Error::AlertReceived(Alert::CloseNotify | Alert::UserCanceled | Alert::InternalError) => Self::HungUp,
            _ => Self::Tls,
        }
    }

    /// Whether nothing changes before somebody changes something.
    pub(in crate::connectors) fn is_permanent(self) -> bool {
        matches!(self, Self::Tls | Self::Credentials | Self::NotFound | Self::Settings)
    }

    /// The failure of `endpoint` for this reason. A timeout has no cause of its own.
    pub(in crate::connectors) fn at(self, endpoint: &str, cause: Option<BoxError>) -> BoxError {
        let failure = Failure { reason: self, endpoint: endpoint.to_owned(), cause };
        if self.is_permanent() { ConnectError::permanent(failure) } else { ConnectError::transient(failure) }.into()
    }
}

/// A setting that cannot work, told without a server: trying again cannot help.
pub(in crate::connectors) fn settings(message: impl Into<BoxError>) -> BoxError {
    ConnectError::permanent(message).into()
}

/// A server that cannot be used, why, and the driver's own words.
#[derive(Debug)]
struct Failure {
    reason: Reason,
    endpoint: String,
    cause: Option<BoxError>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = &self.endpoint;
        match self.reason {
            Reason::Refused => write!(f, "nobody listens at `{endpoint}`"),
            Reason::Unreachable => write!(f, "no way leads to `{endpoint}`"),
            Reason::UnknownHost => write!(f, "the host of `{endpoint}` has no address"),
            Reason::Silent(patience) => write!(f, "`{endpoint}` did not answer within {patience:.1?}"),
            Reason::TimedOut => write!(f, "`{endpoint}` did not answer in time"),
            Reason::HungUp => write!(f, "`{endpoint}` ended the connection"),
            Reason::Tls => write!(f, "no encrypted connection to `{endpoint}`"),
            Reason::Credentials => write!(f, "`{endpoint}` does not accept the credentials"),
            Reason::NotFound => write!(f, "`{endpoint}` does not have what was asked for"),
            Reason::Settings => write!(f, "`{endpoint}` cannot be used with these settings"),
            Reason::Unavailable => write!(f, "`{endpoint}` cannot serve now"),
            Reason::Other => write!(f, "cannot use `{endpoint}`"),
        }
    }
}

impl StdError for Failure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// `WSAHOST_NOT_FOUND` and `WSANO_DATA`; other systems have no such numbers.
const NO_SUCH_HOST_OF_WINDOWS: [i32; 2] = [11001, 11004];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: io::Error, expected: Reason) {
        assert_eq!(Reason::of(&error), expected, "{error}");
        assert_eq!(Reason::of(&io::Error::other(error)), expected, "wrapped");
    }

    #[test]
    fn the_systems_errors_are_told_apart() {
        check(io::ErrorKind::ConnectionRefused.into(), Reason::Refused);
        check(io::ErrorKind::NetworkUnreachable.into(), Reason::Unreachable);
        check(io::ErrorKind::UnexpectedEof.into(), Reason::HungUp);
        check(io::Error::other("failed to lookup address information: Name or service not known"), Reason::UnknownHost);
        check(io::Error::from_raw_os_error(11001), Reason::UnknownHost);
        check(io::ErrorKind::TimedOut.into(), Reason::TimedOut);
        check(io::ErrorKind::InvalidData.into(), Reason::Other);
    }

    #[cfg(feature = "_tls")]
    #[test]
    fn a_certificate_that_is_not_trusted_is_permanent() {
        let error = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        check(io::Error::new(io::ErrorKind::InvalidData, error), Reason::Tls);
        assert!(Reason::Tls.is_permanent() && !Reason::Refused.is_permanent());
    }

    #[cfg(feature = "_tls")]
    #[test]
    fn a_handshake_that_breaks_off_is_not_permanent() {
        use rustls::{AlertDescription as Alert, Error, InvalidMessage};
        let of_tls = |error: Error, expected| check(io::Error::new(io::ErrorKind::InvalidData, error), expected);
        of_tls(Error::InvalidMessage(InvalidMessage::MessageTooShort), Reason::Other);
        of_tls(Error::InvalidMessage(InvalidMessage::InvalidContentType), Reason::Tls);
        for alert in [Alert::CloseNotify, Alert::UserCanceled, Alert::InternalError] {
            of_tls(Error::AlertReceived(alert), Reason::HungUp);
        }
        of_tls(Error::AlertReceived(Alert::HandshakeFailure), Reason::Tls);
    }

    #[test]
    fn a_failure_names_the_endpoint_and_keeps_its_cause() {
        let error = Reason::Refused.at("db.example:5432", Some("os error 111".into()));
        assert_eq!(error.to_string(), "nobody listens at `db.example:5432`");
        assert_eq!(error.source().expect("it has a cause").to_string(), "os error 111");
    }
}
