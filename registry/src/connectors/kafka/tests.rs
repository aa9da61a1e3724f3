//! What can be told without a broker. The rest is in `tests/tests/services/kafka.rs`.

use std::time::Duration;

use rdkafka::error::RDKafkaErrorCode as Code;

use super::{Kafka, failure};
use crate::{
    Connection,
    connectors::shared::{failure::Reason, problems},
};

#[test]
fn the_brokers_are_addresses() {
    check("brokers = ['h:1', 'g', '[::1]:9092']", &[]);
    check("", &["CR006 2 missing key `brokers`"]);
    check("brokers = []", &["CR008 4 `brokers` must have one broker at least"]);
    for broker in ["h:0", "h:x", ":1", "", "kafka://h:1", "h:1,g:1", "u@h"] {
        check(
            &format!("brokers = ['{broker}']"),
            &["CR008 4 `brokers` must be addresses such as `kafka.example.com:9092`"],
        );
    }
}

#[test]
fn a_login_is_checked_as_a_whole() {
    check("brokers = ['h']\nuser = 'u'\npassword = 'c4nary'", &[]);
    check("brokers = ['h']\nuser = 'u'", &["CR006 2 missing key `password`"]);
    check("brokers = ['h']\npassword = 'c4nary'", &["CR006 2 missing key `user`"]);
    check("brokers = ['h']\nsasl_mechanism = 'PLAIN'", &["CR006 2 missing key `user`"]);
    check(
        "brokers = ['h']\nuser = 'u'\npassword = 'c4nary'\nsasl_mechanism = 'SCRAM-SHA-256'",
        &["CR008 7 `sasl_mechanism` must be `PLAIN`: this build of librdkafka has no OpenSSL for others"],
    );
}

#[test]
fn options_are_checked_by_librdkafka_itself_and_not_repeated() {
    check("brokers = ['h']\noptions = { 'linger.ms' = '5' }", &[]);
    check("brokers = ['h']\nconsumer_options = { 'auto.offset.reset' = 'earliest' }", &[]);
    let unknown = "must have names and values that librdkafka knows";
    check("brokers = ['h']\noptions = { 'no.such' = 'c4nary' }", &[&format!("CR008 5 `options` {unknown}")]);
    check("brokers = ['h']\noptions = { 'linger.ms' = 'c4nary' }", &[&format!("CR008 5 `options` {unknown}")]);
    let field = "must not have what is a field of the connection, or the group of a consumer";
    check(
        "brokers = ['h']\nconsumer_options = { 'group.id' = 'g' }",
        &[&format!("CR008 5 `consumer_options` {field}")],
    );
}

#[test]
fn tls_is_refused_while_librdkafka_has_none() {
    let why = "asks for TLS, which this build of librdkafka does not have: add the dependency `rdkafka` with its feature \
        `ssl` to the program";
    for options in ["'security.protocol' = 'SASL_SSL'", "'ssl.ca.location' = 'ca.pem'"] {
        check(&format!("brokers = ['h']\noptions = {{ {options} }}"), &[&format!("CR008 5 `options` {why}")]);
    }
}

#[test]
fn the_endpoint_is_all_brokers_with_their_ports() {
    let kafka: Kafka = toml::from_str("brokers = ['h:1', 'g', '[::1]']").unwrap();
    assert_eq!(kafka.endpoint().as_deref(), Some("h:1,g:9092,[::1]:9092"));
}

#[test]
fn no_option_is_shown() {
    let fields = "brokers = ['h']\nuser = 'u'\npassword = 'c4nary'\noptions = { 'ssl.key.password' = 'c4nary' }";
    let kafka: Kafka = toml::from_str(fields).unwrap();
    assert!(!format!("{kafka:?}").contains("c4nary"), "{kafka:?}");
}

#[test]
fn what_librdkafka_says_is_told_apart() {
    for (code, words, expected) in [
        (Code::Authentication, "SASL authentication error: Authentication failed", Reason::Credentials),
        (Code::Authentication, HANDSHAKE_REFUSED, Reason::Credentials),
        (Code::Authentication, HANDSHAKE_LOST, Reason::HungUp),
        (Code::Authentication, HANDSHAKE_LATE, Reason::Silent(Duration::from_secs(10))),
        (Code::Authentication, "h:1/1: Disconnected: hung up from peer in state AUTH_LEGACY", Reason::HungUp),
        (Code::Authentication, "h:1/1: SASL authentication failure: Connection reset by peer", Reason::HungUp),
        (Code::Resolve, "h:1/bootstrap: Failed to resolve 'h:1'", Reason::UnknownHost),
        (Code::BrokerTransportFailure, "Connect to ipv4#127.0.0.1:1 failed: Connection refused", Reason::Refused),
        (Code::BrokerTransportFailure, "h:1/1: Disconnected while requesting ApiVersion", Reason::HungUp),
        (Code::BrokerTransportFailure, "h:1/1: Something new", Reason::Other),
    ] {
        assert_eq!(failure::reason(Some(code), words), expected, "{words}");
    }
}

#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    problems::check("kafka", fields, expected);
}

const HANDSHAKE_REFUSED: &str = "h:1/1: SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's \
    supported mechanisms: SCRAM-SHA-256";
const HANDSHAKE_LOST: &str =
    "h:1/1: SASL PLAIN mechanism handshake failed: Local: Broker transport failure: broker's supported mechanisms: ";
const HANDSHAKE_LATE: &str =
    "h:1/1: SASL PLAIN mechanism handshake failed: Local: Timed out: broker's supported mechanisms: ";
