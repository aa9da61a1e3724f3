//! What can be told without a server. The rest is in `tests/tests/services/nats.rs`.

use std::time::Duration;

use async_nats::jetstream::context::{AccountError, AccountErrorKind};

use super::failure::reason;
use crate::connectors::shared::{failure::Reason, problems::check_toml};

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

#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    let streams = "[connections.streams]\ntype = 'nats-jetstream'";
    check_toml(&format!("\n[connections.bus]\ntype = 'nats'\nhost = 'h'\n{streams}\n{fields}\n"), expected);
}

#[track_caller]
fn check_reason(kind: &AccountErrorKind, expected: Reason) {
    assert_eq!(reason(&AccountError::from(kind.clone()), Duration::from_secs(1)), expected, "{kind}");
}
