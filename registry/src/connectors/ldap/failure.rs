//! Why the directory cannot be used, by its own codes.

use ldap3::{LdapError, LdapResult};

use crate::connectors::shared::failure::Reason;

/// What an error of the driver means.
pub(super) fn reason(error: &LdapError) -> Reason {
    match error {
        LdapError::LdapResult { result } => of_code(result.rc),
        // The task that drives the connection has ended.
        LdapError::OpSend { .. }
        | LdapError::ResultRecv { .. }
        | LdapError::IdScrubSend { .. }
        | LdapError::MiscSend { .. }
        | LdapError::EndOfStream => Reason::HungUp,
        LdapError::DNSName { .. } => Reason::Tls,
        LdapError::UrlParsing { .. } => Reason::Settings,
        _ => Reason::of(error),
    }
}

/// What an error of a bind means: two codes that say little elsewhere then say that the user is locked out.
pub(super) fn reason_of_bind(error: &LdapError) -> Reason {
    match error {
        // constraintViolation, such as too many wrong passwords; unwillingToPerform, such as a locked account.
        LdapError::LdapResult { result } if matches!(result.rc, 19 | 53) => Reason::Credentials,
        error => reason(error),
    }
}

/// What an error means while the connection is made: a server that refuses to begin TLS says so by a result.
pub(super) fn reason_of_dialling(error: &LdapError) -> Reason {
    match reason(error) {
        // operationsError, other: it may well begin it later.
        found if matches!(error, LdapError::LdapResult { result } if matches!(result.rc, 1 | 80)) => found,
        Reason::Other | Reason::Settings if matches!(error, LdapError::LdapResult { .. }) => Reason::Tls,
        found => found,
    }
}

/// Whether the server has answered, even if it does not show what was asked for.
pub(super) fn is_answer(result: &LdapResult) -> bool {
    // success, referral, noSuchObject, insufficientAccessRights.
    matches!(result.rc, 0 | 10 | 32 | 50)
}

/// The codes of RFC 4511, appendix A.
fn of_code(code: u32) -> Reason {
    match code {
        // invalidCredentials; inappropriateAuthentication, such as a password for an entry that has none.
        49 | 48 => Reason::Credentials,
        // strongerAuthRequired, confidentialityRequired.
        8 | 13 => Reason::Tls,
        // noSuchObject.
        32 => Reason::NotFound,
        // authMethodNotSupported, invalidDNSyntax, protocolError.
        7 | 34 | 2 => Reason::Settings,
        // busy, unavailable.
        51 | 52 => Reason::Unavailable,
        _ => Reason::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: u32, asked: Reason, bound: Reason, dialled: Reason) {
        let (matched, text, refs, ctrls) = (String::new(), String::new(), Vec::new(), Vec::new());
        let error = LdapError::from(LdapResult { rc: code, matched, text, refs, ctrls });
        let found = (reason(&error), reason_of_bind(&error), reason_of_dialling(&error));
        assert_eq!(found, (asked, bound, dialled), "{code}");
    }

    #[test]
    fn a_bind_that_is_refused_and_a_starttls_that_is_refused_are_told_apart() {
        check(49, Reason::Credentials, Reason::Credentials, Reason::Credentials);
        check(19, Reason::Other, Reason::Credentials, Reason::Tls);
        check(53, Reason::Other, Reason::Credentials, Reason::Tls);
        check(2, Reason::Settings, Reason::Settings, Reason::Tls);
        check(1, Reason::Other, Reason::Other, Reason::Other);
        check(80, Reason::Other, Reason::Other, Reason::Other);
        check(52, Reason::Unavailable, Reason::Unavailable, Reason::Unavailable);
        check(13, Reason::Tls, Reason::Tls, Reason::Tls);
    }
}
