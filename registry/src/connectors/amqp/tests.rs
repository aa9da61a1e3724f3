//! What can be told without a broker. The rest is in `tests/tests/services/amqp.rs`.

use lapin::protocol::{AMQPError, AMQPErrorKind, AMQPHardError, AMQPSoftError};

use super::{Amqp, failure::reason};
use crate::{
    Connection as _,
    connectors::shared::{failure::Reason, problems},
};

#[test]
fn where_the_broker_is_can_be_said_in_one_way_only() {
    check(
        "url = 'amqp://h'\nhost = 'h'\nvhost = 'v'",
        &["CR018 4 `url` and `host` exclude each other", "CR018 4 `url` and `vhost` exclude each other"],
    );
    check("user = 'u'\npassword = 'p'", &["CR006 2 missing key `host`"]);
    check("host = 'h'\nuser = 'u'", &["CR006 2 missing key `password`"]);
    check("host = 'h'", &[]);
    check("url = '${env:BROKER}'", &[]);
}

#[test]
fn a_wrong_value_has_a_place_and_is_not_repeated() {
    let message = "CR008 4 `url` must be a URL such as `amqp://user:password@host:5672/vhost`, or `amqps://`, with \
        special characters of the password and the virtual host percent-encoded";
    check("url = 'redis://u:c4nary@h'", &[message]);
    check("url = 'amqp://u:c4nary/P@h'", &[message]);
    check("url = 'amqp://u:4/c4nary@h'", &[message]);
    check("url = 'amqp://h?heartbeat=c4nary'", &[message]);
    check(
        "host = 'h'\nheartbeat = '1500ms'",
        &["CR008 5 `heartbeat` must be whole seconds, from \"1s\" to \"65535s\""],
    );
    check("host = 'h'\nframe_max = 4095", &["CR008 5 `frame_max` must be at least 4096"]);
    check("host = 'h'\nchannel_max = 0", &["CR008 5 `channel_max` must be at least 1"]);
}

#[test]
fn encryption_is_checked_as_a_whole() {
    check("host = 'h'\ntls.key = 'k.pem'", &["CR006 2 missing key `tls.certificate`"]);
    check(
        "url = 'amqps://h'\ntls.mode = 'disable'",
        &["CR008 5 `tls.mode` cannot be `disable` while `url` asks for encryption"],
    );
    check("url = 'amqp://h'\ntls = {}", &["CR008 4 `url` must begin with `amqps://` when `tls` is given"]);
    check("url = 'amqp://h'\ntls.mode = 'disable'", &[]);
    check(
        "host = 'h'\ntls.mode = 'prefer'",
        &["CR008 5 `tls.mode` must be `disable` or `verify-full`: the driver always verifies"],
    );
}

#[test]
fn the_port_follows_from_the_encryption() {
    check_endpoint("url = 'amqp://broker'", "broker:5672");
    check_endpoint("url = 'amqps://broker'", "broker:5671");
    check_endpoint("url = 'amqps://broker'\ntls = {}", "broker:5671");
    check_endpoint("url = 'amqps://broker:5000'\ntls = {}", "broker:5000");
    check_endpoint("host = 'broker'", "broker:5672");
    check_endpoint("host = 'broker'\ntls = {}", "broker:5671");
    check_endpoint("host = 'broker'\ntls.mode = 'disable'", "broker:5672");
}

#[test]
fn an_ipv6_address_is_the_host() {
    check_endpoint("url = 'amqp://u:p@[::1]:5000/v'", "[::1]:5000");
    check_endpoint("url = 'amqp://[::1]'", "[::1]:5672");
    check_endpoint("host = '::1'", "[::1]:5672");
    check_endpoint("host = '[::1]'", "[::1]:5672");
}

#[test]
fn both_ways_say_the_same() {
    let by_url =
        amqp("url = 'amqp://app:c4nary%2FP%40ss%3F%23%25@h/a%2Fb?heartbeat=7'\nchannel_max = 5").uri().unwrap();
    let by_parts = "host = 'h'\nuser = 'app'\npassword = 'c4nary/P@ss?#%'\nvhost = 'a/b'\nheartbeat = { secs = 7, nanos = 0 }\nchannel_max = 5";
    assert_eq!(by_url, amqp(by_parts).uri().unwrap());
}

#[test]
fn what_the_broker_says_is_told_apart() {
    let hard = AMQPErrorKind::Hard;
    check_reason(
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED),
        "ACCESS_REFUSED - Login was refused",
        Reason::Credentials,
    );
    check_reason(hard(AMQPHardError::NOTALLOWED), "NOT_ALLOWED - vhost v not found", Reason::NotFound);
    check_reason(
        hard(AMQPHardError::NOTALLOWED),
        "NOT_ALLOWED - access to vhost 'v' refused for user 'u'",
        Reason::Credentials,
    );
    let limit = "NOT_ALLOWED - access to vhost 'v' refused for user 'u': connection limit (1) is reached";
    check_reason(hard(AMQPHardError::NOTALLOWED), limit, Reason::Unavailable);
    check_reason(hard(AMQPHardError::CONNECTIONFORCED), "CONNECTION_FORCED - shutdown", Reason::Unavailable);
}

#[cfg(feature = "ssh-tunnel")]
#[test]
fn a_server_behind_a_tunnel_is_another_one() {
    let endpoint = |fields: &str| amqp(fields).endpoint();
    assert_eq!(endpoint("host = 'h'\ntunnel = 'bastion'").as_deref(), Some("h:5672 through bastion"));
    // Its name is verified all the same.
    let bastion = "\n[connections.bastion]\ntype = 'ssh-tunnel'\nhost = 'h'\nuser = 'u'\npassword = 'p'";
    check(&format!("host = 'h'\ntls.mode = 'verify-full'\ntunnel = 'bastion'{bastion}"), &[]);
}

#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    problems::check("amqp", fields, expected);
}

#[track_caller]
fn check_endpoint(fields: &str, expected: &str) {
    assert_eq!(amqp(fields).endpoint().as_deref(), Some(expected), "{fields}");
}

#[track_caller]
fn check_reason(kind: AMQPErrorKind, text: &str, expected: Reason) {
    assert_eq!(reason(&lapin::ErrorKind::ProtocolError(AMQPError::new(kind, text.into())).into()), expected, "{text}");
}

fn amqp(fields: &str) -> Amqp {
    toml::from_str(fields).expect("the fields are good")
}
