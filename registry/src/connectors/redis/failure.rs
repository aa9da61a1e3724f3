//! Why the server cannot be used, by its own codes.

use std::{error::Error as StdError, sync::Arc, time::Duration};

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::connectors::shared::failure::Reason;

/// What an error of the driver means; `patience` is how long it waits for an answer.
pub(super) fn reason(error: &RedisError, patience: Duration) -> Reason {
    match error.kind() {
        // The driver tells no more of a login that failed.
        ErrorKind::AuthenticationFailed => Reason::Credentials,
        ErrorKind::InvalidClientConfig | ErrorKind::RESP3NotSupported => Reason::Settings,
        ErrorKind::Server(kind) => of_server(kind, error.detail().unwrap_or_default()),
        ErrorKind::Extension => of_code(error.code().unwrap_or_default()),
        _ if error.is_timeout() => Reason::Silent(patience),
        _ => of_cause(error),
    }
}

fn of_server(kind: ServerErrorKind, detail: &str) -> Reason {
    use ServerErrorKind as Kind;
    match kind {
        Kind::NoPerm => Reason::Credentials,
        Kind::BusyLoading | Kind::MasterDown | Kind::ClusterDown | Kind::TryAgain => Reason::Unavailable,
        Kind::ResponseError => of_detail(detail),
        _ => Reason::Other,
    }
}

/// Codes that the driver does not know.
fn of_code(code: &str) -> Reason {
    match code {
        // DENIED: nobody from elsewhere, as long as there is no password.
        "NOAUTH" | "WRONGPASS" | "DENIED" => Reason::Credentials,
        // Busy with a script, or told not to serve without a disk or replicas.
        "BUSY" | "MISCONF" | "NOREPLICAS" => Reason::Unavailable,
        _ => Reason::Other,
    }
}

/// What has the code `ERR` alone. The driver gives it also to whatever a `SELECT` is answered.
fn of_detail(detail: &str) -> Reason {
    let says = |text| detail.contains(text);
    if says("DB index") {
        Reason::NotFound
    } else if says("Authentication required") || says("no permissions") {
        Reason::Credentials
    } else if says("SELECT is not allowed") {
        Reason::Settings
    } else if says("max number of clients") {
        Reason::Unavailable
    } else {
        Reason::Other
    }
}

/// The driver's causes are behind a pointer that hides the first of them.
fn of_cause(error: &RedisError) -> Reason {
    let source = error.source();
    match source.and_then(|source| source.downcast_ref::<Arc<dyn StdError + Send + Sync>>()) {
        Some(cause) => Reason::of(&**cause),
        None => Reason::of(error),
    }
}
