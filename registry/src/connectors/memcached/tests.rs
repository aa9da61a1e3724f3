//! What can be told without a server. The rest is in `tests/tests/services/memcached.rs`.

use std::io;

use async_memcached::{Error, ErrorKind, Status};

use super::{Memcached, MemcachedError, failure};
use crate::{ConnectError, Connection as _, Secret, connectors::shared::problems};

#[test]
fn where_the_server_is_can_be_said_in_one_way_only() {
    check("url = 'memcached://h'\nhost = 'h'", &["CR018 4 `url` and `host` exclude each other"]);
    check("url = 'memcached://h'\nport = 1", &["CR018 4 `url` and `port` exclude each other"]);
    check("port = 1", &["CR006 2 missing key `host`"]);
    check("host = 'h'", &[]);
    check("url = '${env:CACHE_URL}'", &[]);
}

#[test]
fn an_address_that_the_driver_cannot_use_is_refused() {
    const URL: &str =
        "CR008 4 `url` must be a URL such as `memcached://host:11211` or `unix:///path`, without user and password";
    for url in
        ["redis://h", "memcached://", "memcached://u:c4nary@h", "memcached://h:port", "unix://h", "memcached://h/1"]
    {
        check(&format!("url = '{url}'"), &[URL]);
    }
    for url in ["memcached://h", "memcached://h:1/", "tcp://h:1", "unix:///run/memcached.sock"] {
        check(&format!("url = '{url}'"), &[]);
    }
    const IPV6: &str = "must have no IPv6 address, which the driver cannot use, and no port";
    check("url = 'memcached://[::1]:11211'", &[&format!("CR008 4 `url` {IPV6}")]);
    check("host = '::1'", &[&format!("CR008 4 `host` {IPV6}")]);
    check("host = 'h:1'", &[&format!("CR008 4 `host` {IPV6}")]);
    check("host = 'a b'", &["CR008 4 `host` must be a name, an IPv4 address or a path"]);
}

#[cfg(feature = "ssh-tunnel")]
#[test]
fn a_tunnel_leads_to_a_host() {
    let bastion = "\n[connections.bastion]\ntype = 'ssh-tunnel'\nhost = 'h'\nuser = 'u'\npassword = 'p'";
    let behind = |fields: &str, expected: &[&str]| check(&format!("{fields}\ntunnel = 'bastion'{bastion}"), expected);
    behind("host = 'h'", &[]);
    let socket = "must name a host: no socket of this machine is behind a tunnel";
    behind("host = '/run/m.sock'", &[&format!("CR008 4 `host` {socket}")]);
    behind("url = 'unix:///run/m.sock'", &[&format!("CR008 4 `url` {socket}")]);
}

#[test]
fn a_limit_of_nothing_is_refused() {
    check("host = 'h'\nmax_connections = 0", &["CR008 5 `max_connections` must be a nonzero u32"]);
    check("host = 'h'\nmax_connections = 65536", &["CR008 5 `max_connections` must be at most 65535"]);
    check("host = 'h'\nrequest_timeout = '0s'", &["CR008 5 `request_timeout` must be longer than zero"]);
}

#[test]
fn the_endpoint_is_that_of_the_fields() {
    let endpoint = |url: Option<&str>, host: Option<&str>, port| {
        let memcached = Memcached {
            url: url.map(|url| Secret::from(url.to_owned())),
            host: host.map(str::to_owned),
            port,
            ..sample()
        };
        memcached.endpoint()
    };
    assert_eq!(endpoint(Some("memcached://h"), None, None).as_deref(), Some("h:11211"));
    assert_eq!(endpoint(Some("tcp://h:1/"), None, None).as_deref(), Some("h:1"));
    assert_eq!(endpoint(None, Some("h"), Some(2)).as_deref(), Some("h:2"));
    assert_eq!(endpoint(None, Some("/run/m.sock"), None).as_deref(), Some("/run/m.sock"));
}

#[test]
fn errors_of_the_driver_are_told_apart() {
    let text = |error| failure::explain(MemcachedError::Driver(error), "h:1").to_string();
    assert_eq!(text(Error::Connect(io::ErrorKind::ConnectionRefused.into())), "nobody listens at `h:1`");
    assert_eq!(text(Error::Io(io::ErrorKind::UnexpectedEof.into())), "`h:1` ended the connection");
    let answer = |kind| text(Error::Protocol(Status::Error(kind)));
    assert_eq!(answer(ErrorKind::Server("out of memory".to_owned())), "`h:1` cannot serve now");
    let unknown = Error::Protocol(Status::Error(ErrorKind::Client("unauthenticated".to_owned())));
    let error = failure::explain(MemcachedError::Driver(unknown), "h:1");
    assert!(error.downcast_ref::<ConnectError>().is_some_and(ConnectError::is_permanent));
}

fn sample() -> Memcached {
    Memcached {
        url: None,
        host: None,
        port: None,
        #[cfg(feature = "ssh-tunnel")]
        tunnel: None,
        max_connections: super::default_max_connections(),
        acquire_timeout: super::default_acquire_timeout(),
        connect_timeout: super::default_connect_timeout(),
        request_timeout: super::default_request_timeout(),
    }
}

#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    problems::check("memcached", fields, expected);
}
