//! What can be told without a server. The rest is in `tests/tests/services/nats.rs`.

use std::{io, time::Duration};

use async_nats::{ConnectError, ConnectErrorKind, ServerError};

use super::{Nats, failure::reason, options::patience};
use crate::{
    Connection as _,
    connectors::shared::{failure::Reason, problems},
};

#[test]
fn where_the_servers_are_can_be_said_in_one_way_only() {
    check(
        "url = 'nats://h'\nhost = 'h'\ntoken = 't'",
        &["CR018 4 `url` and `host` exclude each other", "CR018 4 `url` and `token` exclude each other"],
    );
    check("servers = ['h']\nport = 4222", &["CR018 4 `servers` and `port` exclude each other"]);
    check("token = 't'", &["CR006 2 missing key `host`"]);
    check("servers = ['a', 'b:4223']", &[]);
    check("url = '${env:NATS}'", &[]);
}

#[test]
fn a_client_shows_who_it_is_in_one_way_only() {
    check("host = 'h'\nuser = 'u'", &["CR006 2 missing key `password`"]);
    check("host = 'h'\npassword = 'p'", &["CR006 2 missing key `user`"]);
    check(
        "host = 'h'\nuser = 'u'\npassword = 'p'\ntoken = 't'",
        &["CR018 7 `token` and `user` exclude each other", "CR018 7 `token` and `password` exclude each other"],
    );
}

#[test]
fn a_wrong_value_has_a_place_and_is_not_repeated() {
    let message = "CR008 4 `url` must be a URL such as `nats://user:password@host:4222` or `tls://host`, or several with \
        commas between them, with special characters of the password percent-encoded";
    check("url = 'http://u:c4nary@h'", &[message]);
    check("url = 'nats://u:c4nary/P@h'", &[message]);
    check("url = 'nats://u:4/c4nary@h'", &[message]);
    check("url = 'nats://h,c4nary'", &[message]);
    let servers = "CR008 4 `servers` must have at least one server, each as `host:port` or `host`";
    check("servers = []", &[servers]);
    check("servers = ['h', 'u:c4nary@h']", &[servers]);
    check(
        "host = 'h'\ncheck_subject = 'a.>'",
        &["CR008 5 `check_subject` must be a subject without spaces and wildcards"],
    );
}

#[test]
fn no_time_is_zero() {
    for key in ["request_timeout", "ping_interval"] {
        check(&format!("host = 'h'\n{key} = '0s'"), &[&format!("CR008 5 `{key}` must be longer than zero")]);
    }
}

#[test]
fn encryption_is_checked_as_a_whole() {
    check(
        "host = 'h'\ntls.server_name = 'n'",
        &["CR008 5 `tls.server_name` cannot be set: the driver takes the name of the host"],
    );
    check(
        "url = 'nats://a,tls://b'\ntls.mode = 'disable'",
        &["CR008 5 `tls.mode` must not be `disable`, since `url` asks for encryption"],
    );
}

#[test]
fn the_endpoint_names_every_server_and_nobody_who_asks() {
    check_endpoint("url = 'nats://u:c4nary@a:4223,tls://b'", "a:4223,b:4222");
    check_endpoint("servers = ['a', '[::1]:4223']", "a:4222,[::1]:4223");
    check_endpoint("host = '::1'", "[::1]:4222");
    check_endpoint("host = 'a'\nport = 4223", "a:4223");
}

#[cfg(feature = "ssh-tunnel")]
#[test]
fn servers_behind_a_tunnel_are_other_ones() {
    check_endpoint("servers = ['a', 'b:1']\ntunnel = 'bastion'", "a:4222,b:1 through bastion");
    // Their names are verified all the same.
    let bastion = "\n[connections.bastion]\ntype = 'ssh-tunnel'\nhost = 'h'\nuser = 'u'\npassword = 'p'";
    check(&format!("host = 'h'\ntls.mode = 'verify-full'\ntunnel = 'bastion'{bastion}"), &[]);
}

#[test]
fn several_servers_share_the_time() {
    assert_eq!(patience(Duration::from_secs(9), 3), Duration::from_secs(3));
    assert_eq!(patience(Duration::from_secs(60), 3), Duration::from_secs(5));
}

#[test]
fn what_the_driver_says_is_told_apart() {
    let io = |source: io::ErrorKind| ConnectError::from(io::Error::from(source));
    let server = |said: &str| ConnectError::with_source(ConnectErrorKind::Io, ServerError::Other(said.to_owned()));
    check_reason(&io(io::ErrorKind::ConnectionRefused), Reason::Refused);
    check_reason(&ConnectErrorKind::AuthorizationViolation.into(), Reason::Credentials);
    check_reason(&server("Authentication Timeout"), Reason::Unavailable);
    check_reason(&server("User Authentication Revoked"), Reason::Credentials);
    check_reason(&server("maximum connections exceeded"), Reason::Unavailable);
    check_reason(&ConnectErrorKind::TimedOut.into(), Reason::Silent(Duration::from_secs(1)));
    let nothing = ConnectError::with_source(ConnectErrorKind::Io, "expected INFO, got nothing");
    check_reason(&nothing, Reason::HungUp);
}

/// The problems as `code line message`, of a connection whose header stands on line 2.
#[test]
fn another_way_of_a_higher_layer_takes_all_of_the_lower_one_away() {
    for (lower, higher) in [
        ("host = 'h'\nuser = 'u'\npassword = 'p'", "token = 't'"),
        ("servers = ['h']\nuser = 'u'\npassword = 'p'", "url = 'nats://h'"),
    ] {
        let toml = format!("[connections.a]\ntype = 'nats'\n{lower}\n[connections.b]\nextends = 'a'\n{higher}\n");
        problems::check_toml(&toml, &[]);
    }
}

#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    problems::check("nats", fields, expected);
}

#[track_caller]
fn check_endpoint(fields: &str, expected: &str) {
    let nats: Nats = toml::from_str(fields).expect("the fields are good");
    assert_eq!(nats.endpoint().as_deref(), Some(expected), "{fields}");
}

#[track_caller]
fn check_reason(error: &ConnectError, expected: Reason) {
    assert_eq!(reason(error, Duration::from_secs(1)), expected, "{error}");
}
