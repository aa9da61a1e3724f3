//! What can be told without a server. The rest is in `tests/tests/services/nats.rs`.

use std::time::Duration;

use async_nats::jetstream::context::{AccountError, AccountErrorKind};

use super::failure::reason;
use crate::{ConnectionManager, Diagnostic, connectors::shared::failure::Reason};

#[test]
fn the_connection_to_the_server_is_checked() {
    check("", &["CR006 5 missing key `nats`"]);
    check("nats = 'bus'", &[]);
    check("nats = 'bus'\ndomain = 'd'\napi_prefix = 'p'", &["CR018 8 `domain` and `api_prefix` exclude each other"]);
    check("nats = 'bus'\nrequest_timeout = '0s'", &["CR008 8 `request_timeout` must be longer than zero"]);
}

#[test]
fn what_the_driver_says_is_told_apart() {
    check_reason(&AccountErrorKind::TimedOut, Reason::Silent(Duration::from_secs(1)));
    check_reason(&AccountErrorKind::JetStreamUnavailable, Reason::Unavailable);
    check_reason(&AccountErrorKind::Other, Reason::Other);
}

/// The problems as `code line message`, of a connection whose header stands on line 5.
#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    let toml = format!(
        "\n[connections.bus]\ntype = 'nats'\nhost = 'h'\n[connections.streams]\ntype = 'nats-jetstream'\n{fields}\n"
    );
    let built = ConnectionManager::builder().environment([("A", "b")]).toml(toml).build();
    let problems =
        built.err().map(|error| error.diagnostics().iter().map(line).collect::<Vec<_>>()).unwrap_or_default();
    assert_eq!(problems, expected, "{fields}");
}

#[track_caller]
fn check_reason(kind: &AccountErrorKind, expected: Reason) {
    assert_eq!(reason(&AccountError::from(kind.clone()), Duration::from_secs(1)), expected, "{kind}");
}

fn line(problem: &Diagnostic) -> String {
    format!("{} {} {}", problem.code(), problem.line(), problem.message())
}
