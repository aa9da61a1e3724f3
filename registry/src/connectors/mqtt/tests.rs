//! What can be told without a broker. The rest is in `tests/tests/services/mqtt.rs`.

use std::{io, time::Duration};

use rumqttc::{ConnectReturnCode, ConnectionError, StateError, TlsError, tokio_rustls::rustls};

use super::{Mqtt, failure};
use crate::{
    Connection,
    connectors::shared::{failure::Reason, problems},
};

#[test]
fn where_the_broker_is_can_be_said_in_one_way_only() {
    check("url = 'mqtt://h'\nhost = 'h'", &["CR018 4 `url` and `host` exclude each other"]);
    check("url = 'mqtt://h'\nuser = 'u'", &["CR018 4 `url` and `user` exclude each other"]);
    check("user = 'u'", &["CR006 2 missing key `host`"]);
    check("host = 'h'\npassword = 'c4nary'", &["CR006 2 missing key `user`"]);
    check("host = 'h'\nuser = 'u'\npassword = 'c4nary'", &[]);
    check("url = '${env:BROKER}'", &[]);
}

#[test]
fn a_url_that_cannot_be_used_has_a_place_and_is_not_repeated() {
    for url in ["http://c4nary@h", "mqtt://", "mqtt://h/topic", "mqtt://:c4nary@h", "mqtt://u:%zz@h", "h:1883"] {
        check(&format!("url = '{url}'"), &[&format!("CR008 4 `url` {WRONG_URL}")]);
    }
    check("url = 'mqtt://u:c4nary%2FP%40ss%3F%23%25@[::1]:1883/'", &[]);
}

#[test]
fn encryption_is_checked_as_a_whole() {
    check("url = 'mqtts://h'\ntls.ca = 'ca.pem'", &[]);
    check("url = 'mqtt://h'\ntls.ca = 'ca.pem'", &["CR008 4 `url` must begin with `mqtts://` when `tls` is given"]);
    check(
        "url = 'mqtts://h'\ntls.mode = 'disable'",
        &["CR008 5 `tls.mode` cannot be `disable` while `url` asks for encryption"],
    );
    check(
        "host = 'h'\ntls.mode = 'require'",
        &["CR008 5 `tls.mode` must be `disable` or `verify-full`: the driver always verifies"],
    );
    check("host = 'h'\ntls.certificate = 'c.pem'", &["CR006 2 missing key `tls.key`"]);
}

#[test]
fn a_session_is_checked_as_a_whole() {
    let no_id = "CR008 5 `clean_session` can be `false` only with a `client_id`";
    check("host = 'h'\nclean_session = false", &[no_id]);
    check("host = 'h'\nclean_session = '${env:A}'", &[]);
    check("host = 'h'\nrequest_timeout = '0s'", &["CR008 5 `request_timeout` must be longer than zero"]);
    check("host = 'h'\nbuffer = 1048576", &[]);
    check("host = 'h'\nbuffer = 1048577", &["CR008 5 `buffer` must be at most 1048576"]);
    check("host = 'h'\nclean_session = false\nclient_id = 'c'", &[]);
    let why = "CR008 5 `keep_alive` must be whole seconds, from 1 s to 65535 s";
    for time in ["500ms", "0s", "1d", "1s 1ms"] {
        check(&format!("host = 'h'\nkeep_alive = '{time}'"), &[why]);
    }
    check("host = 'h'\nlast_will = { topic = 't' }", &[]);
    check(
        "host = 'h'\nlast_will = { topic = 't/#', qos = 3 }",
        &[
            "CR008 5 `last_will.topic` must be a topic, without the wildcards `+` and `#`",
            "CR008 5 `last_will.qos` must be 0, 1 or 2",
        ],
    );
}

#[test]
fn the_endpoint_names_the_port_that_is_meant_and_no_secret() {
    let endpoint = |fields: &str| toml::from_str::<Mqtt>(fields).unwrap().endpoint().unwrap();
    assert_eq!(endpoint("host = 'h'"), "h:1883");
    assert_eq!(endpoint("host = 'h'\ntls = {}"), "h:8883");
    assert_eq!(endpoint("url = 'mqtts://u:c4nary@h'"), "h:8883");
    assert_eq!(endpoint("url = 'mqtts://u:c4nary@h:1'"), "h:1");
    assert_eq!(endpoint("host = '::1'"), "[::1]:1883");
}

#[test]
fn what_the_driver_says_is_told_apart() {
    let refused = ConnectionError::ConnectionRefused;
    let untrusted = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
    let patience = Duration::from_secs(1);
    for (error, expected) in [
        (refused(ConnectReturnCode::BadUserNamePassword), Reason::Credentials),
        (refused(ConnectReturnCode::NotAuthorized), Reason::Credentials),
        (refused(ConnectReturnCode::BadClientId), Reason::Settings),
        (refused(ConnectReturnCode::ServiceUnavailable), Reason::Unavailable),
        (ConnectionError::NetworkTimeout, Reason::Silent(patience)),
        (ConnectionError::Io(io::ErrorKind::ConnectionRefused.into()), Reason::Refused),
        (StateError::ConnectionAborted.into(), Reason::HungUp),
        (StateError::Io(io::ErrorKind::ConnectionReset.into()).into(), Reason::HungUp),
        (TlsError::Io(io::Error::new(io::ErrorKind::InvalidData, untrusted)).into(), Reason::Tls),
        (TlsError::Io(io::ErrorKind::UnexpectedEof.into()).into(), Reason::HungUp),
    ] {
        assert_eq!(failure::reason(&error, patience), expected, "{error}");
    }
}

#[cfg(feature = "ssh-tunnel")]
#[test]
fn a_server_behind_a_tunnel_is_another_one() {
    let endpoint = |fields: &str| toml::from_str::<Mqtt>(fields).expect("the fields are good").endpoint();
    assert_eq!(endpoint("host = 'h'\ntunnel = 'bastion'").as_deref(), Some("h:1883 through bastion"));
    // Its name is verified all the same.
    let bastion = "\n[connections.bastion]\ntype = 'ssh-tunnel'\nhost = 'h'\nuser = 'u'\npassword = 'p'";
    check(&format!("host = 'h'\ntls.mode = 'verify-full'\ntunnel = 'bastion'{bastion}"), &[]);
}

#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    problems::check("mqtt", fields, expected);
}

const WRONG_URL: &str = "must be a URL such as `mqtt://user:password@host:1883` or `mqtts://host`, with special characters of \
    user and password percent-encoded";
