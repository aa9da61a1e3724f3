//! What can be told without a server. The rest is in `tests/tests/services/redis.rs`.

use std::{io, time::Duration};

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::{Redis, failure::reason};
use crate::{
    Connection as _, Secret,
    connectors::shared::{failure::Reason, problems},
};

#[test]
fn where_the_server_is_can_be_said_in_one_way_only() {
    check("url = 'redis://h'\nhost = 'h'", &["CR018 4 `url` and `host` exclude each other"]);
    check(
        "url = 'redis://h'\ndatabase = 1\npassword = 'p'",
        &["CR018 4 `url` and `password` exclude each other", "CR018 4 `url` and `database` exclude each other"],
    );
    check("port = 1", &["CR006 2 missing key `host`"]);
    check("host = 'h'\nuser = 'u'", &["CR006 2 missing key `password`"]);
    check("host = 'h'", &[]);
}

#[test]
fn a_placeholder_counts_as_given_and_its_value_as_not_known() {
    check("url = '${env:CACHE_URL}'\nhost = 'h'", &["CR018 4 `url` and `host` exclude each other"]);
    check("url = '${env:CACHE_URL}'\ntls.mode = 'disable'", &[]);
    check("host = 'h'\nuser = 'u'\npassword = '${env:CACHE_PASSWORD}'", &[]);
}

#[test]
fn a_wrong_value_has_a_place_and_is_not_repeated() {
    const URL: &str = "CR008 4 `url` must be a URL such as `redis://user:password@host:6379/0`, with special characters of \
        the password percent-encoded";
    for url in ["http://h", "redis://u:c4nary@h/first", "redis://u:c4nary@h?protocol=c4nary", "redis://u:c4/nary@h", ""]
    {
        check(&format!("url = '{url}'"), &[URL]);
    }
    for url in ["redis://u:12?c4nary@h", "redis://u:12#c4nary@h", "rediss://u:12/3@h"] {
        check(&format!("url = '{url}'"), &[URL]);
    }
    for url in ["redis://h?db=1", "redis://h/1?timeout=c4nary", "unix:///run/r.sock?password=c4nary"] {
        check(&format!("url = '{url}'"), &["CR008 4 `url` has a parameter that the driver does not know"]);
    }
    for url in ["redis://h?protocol=resp3", "unix:///run/r.sock?user=u&pass=c4n@ry/&protocol=resp2&db=1"] {
        check(&format!("url = '{url}'"), &[]);
    }
    for url in ["redis://h", "rediss://u:p%40@h:1/2", "valkey://:p@h", "redis+unix:///run/r.sock?db=1"] {
        check(&format!("url = '{url}'"), &[]);
    }
    check("url = 'redis://u@h'", &["CR008 4 `url` names a user without a password"]);
    check(
        "host = 'h'\nclient_name = 'two words'",
        &["CR008 5 `client_name` must be of visible ASCII characters, without spaces"],
    );
    check("host = 'h'\nconnect_timeout = '0s'", &["CR008 5 `connect_timeout` must be longer than zero"]);
    check("host = 'h'\nresponse_timeout = '0s'", &[]);
}

#[test]
fn encryption_is_checked_as_a_whole() {
    check(
        "url = 'rediss://h/#insecure'",
        &["CR008 4 `url` must not end in `#insecure`: the server is always verified"],
    );
    check(
        "url = 'rediss://h'\ntls.mode = 'disable'",
        &["CR008 5 `tls.mode` cannot be `disable` while `url` asks for encryption"],
    );
    check(
        "host = 'h'\ntls.mode = 'require'",
        &["CR008 5 `tls.mode` must be `disable` or `verify-full`: the driver always verifies"],
    );
    check(
        "host = 'h'\ntls.server_name = 'n'",
        &["CR008 5 `tls.server_name` cannot be set: the driver takes the name of the host"],
    );
    check("host = '/run/r.sock'\ntls.ca = 'c'", &["CR008 5 `tls` is of no use for a socket of this machine"]);
    check("url = 'rediss://h'\ntls.ca = 'c'", &[]);
    check("url = 'redis://h'\ntls.mode = 'disable'", &[]);
    check("url = 'redis://h'\ntls.ca = 'c'", &["CR008 4 `url` must begin with `rediss://` when `tls` is given"]);
}

#[cfg(feature = "ssh-tunnel")]
#[test]
fn a_tunnel_leads_to_a_host_and_encrypts_by_itself() {
    let bastion = "\n[connections.bastion]\ntype = 'ssh-tunnel'\nhost = 'h'\nuser = 'u'\npassword = 'p'";
    let behind = |fields: &str, expected: &[&str]| check(&format!("{fields}\ntunnel = 'bastion'{bastion}"), expected);
    behind("host = 'h'", &[]);
    behind("host = 'h'\ntls.mode = 'disable'", &[]);
    let tls = "cannot ask for encryption through a tunnel, which encrypts by itself: the driver would look in the \
        certificate for the name of the local end";
    behind("host = 'h'\ntls.ca = 'c'", &[&format!("CR008 5 `tls` {tls}")]);
    behind("url = 'rediss://h'", &[&format!("CR008 4 `url` {tls}")]);
    let socket = "must name a host: no socket of this machine is behind a tunnel";
    behind("host = '/run/r.sock'", &[&format!("CR008 4 `host` {socket}")]);
    behind("url = 'redis+unix:///run/r.sock'", &[&format!("CR008 4 `url` {socket}")]);
}

#[test]
fn the_endpoint_has_no_secret() {
    let endpoint = |url: &str| Redis { url: Some(Secret::from(url.to_owned())), ..sample() }.endpoint();
    assert_eq!(endpoint("rediss://u:c4nary@h/2").as_deref(), Some("h:6379"));
    assert_eq!(endpoint("redis://u:c4nary@[::1]:1").as_deref(), Some("[::1]:1"));
    assert_eq!(endpoint("unix:///run/r.sock?pass=c4nary").as_deref(), Some("/run/r.sock"));
    let host = |host: &str| Redis { host: Some(host.to_owned()), ..sample() }.endpoint();
    assert_eq!(host("h").as_deref(), Some("h:6379"));
}

#[test]
fn the_driver_gets_what_the_fields_say_and_does_not_retry() {
    let config = sample().manager_config();
    assert_eq!(config.number_of_retries(), 0);
    assert_eq!(config.connection_timeout(), Some(Duration::from_secs(5)));
    assert_eq!(config.response_timeout(), Some(Duration::from_secs(30)));
    let patient = Redis { response_timeout: Duration::ZERO, ..sample() };
    assert_eq!(patient.manager_config().response_timeout(), None);
}

#[test]
fn errors_of_the_driver_are_told_apart() {
    let of = |error: RedisError| reason(&error, Duration::from_secs(7));
    let io = |kind: io::ErrorKind| of(io::Error::from(kind).into());
    assert_eq!(io(io::ErrorKind::ConnectionRefused), Reason::Refused);
    assert_eq!(io(io::ErrorKind::BrokenPipe), Reason::HungUp);
    assert_eq!(io(io::ErrorKind::TimedOut), Reason::Silent(Duration::from_secs(7)));
    let rejected = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
    assert_eq!(of(io::Error::new(io::ErrorKind::InvalidData, rejected).into()), Reason::Tls);

    assert_eq!(of((ErrorKind::AuthenticationFailed, "no").into()), Reason::Credentials);
    assert_eq!(of((ErrorKind::RESP3NotSupported, "no").into()), Reason::Settings);
    let server = |kind: ServerErrorKind, detail: &str| of((kind.into(), "no", detail.to_owned()).into());
    assert_eq!(server(ServerErrorKind::NoPerm, ""), Reason::Credentials);
    assert_eq!(server(ServerErrorKind::BusyLoading, ""), Reason::Unavailable);
    assert_eq!(server(ServerErrorKind::MasterDown, ""), Reason::Unavailable);
    assert_eq!(server(ServerErrorKind::ClusterDown, ""), Reason::Unavailable);
    assert_eq!(server(ServerErrorKind::ResponseError, "DB index is out of range"), Reason::NotFound);
    assert_eq!(server(ServerErrorKind::ResponseError, "max number of clients reached"), Reason::Unavailable);
    let code = |code: &str| of(redis::make_extension_error(code.to_owned(), None));
    assert_eq!(code("WRONGPASS"), Reason::Credentials);
    assert_eq!(code("NOAUTH"), Reason::Credentials);
    assert_eq!(code("MISCONF"), Reason::Unavailable);
    assert_eq!(code("ODD"), Reason::Other);
}

#[test]
fn nothing_shows_the_password() {
    let redis = Redis { password: Some(Secret::from("c4nary".to_owned())), host: Some("h".to_owned()), ..sample() };
    assert!(!format!("{redis:?}").contains("c4nary"));
}

fn sample() -> Redis {
    Redis {
        url: None,
        host: None,
        port: None,
        #[cfg(feature = "ssh-tunnel")]
        tunnel: None,
        user: None,
        password: None,
        database: None,
        tls: None,
        client_name: None,
        protocol: None,
        connect_timeout: super::default_connect_timeout(),
        response_timeout: super::default_response_timeout(),
    }
}

#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    problems::check("redis", fields, expected);
}
