//! What can be told without a server. The rest is in `tests/tests/services/grpc.rs`.

use std::time::Instant;

use tonic::{Code, Status};

use super::{Grpc, failure::explain};
use crate::{
    Connection as _,
    connectors::shared::{failure::Reason, problems},
};

#[test]
fn where_the_server_is_can_be_said_in_one_way_only() {
    check("url = 'https://h:1'\nhost = 'h'", &["CR018 4 `url` and `host` exclude each other"]);
    check("url = 'https://h:1'\nport = 1", &["CR018 4 `url` and `port` exclude each other"]);
    check("port = 1", &["CR006 2 missing key `host`"]);
    check("host = 'h'", &[]);
    check("url = '${env:BILLING_URL}'\ntls.ca = 'ca.pem'", &[]);
}

#[test]
fn a_wrong_value_has_a_place_and_is_not_repeated() {
    for url in ["c4nary", "h:80", "ftp://h", "https://u:c4nary@h", "https://h/c4nary", "https://h?c4nary"] {
        check(
            &format!("url = '{url}'"),
            &["CR008 4 `url` must be a URL such as `https://host:443`, without user, path or query"],
        );
    }
    check("host = 'a b'", &["CR008 4 `host` must be the name or the address of a host"]);
    check("host = 'h'\nuser_agent = \"a\\nb\"", &["CR008 5 `user_agent` must be a value that HTTP allows"]);
}

#[test]
fn a_ping_needs_an_interval() {
    check(
        "host = 'h'\nkeep_alive_while_idle = true",
        &["CR008 5 `keep_alive_while_idle` is of use only with `keep_alive_interval`"],
    );
    check("host = 'h'\nkeep_alive_while_idle = '${env:A}'", &[]);
    check("host = 'h'\nkeep_alive_while_idle = true\nkeep_alive_interval = '5m'", &[]);
}

#[test]
fn nothing_can_be_done_in_no_time() {
    for key in ["request_timeout", "connect_timeout", "keep_alive_interval", "keep_alive_timeout"] {
        check(&format!("host = 'h'\n{key} = '0s'"), &[&format!("CR008 5 `{key}` must be longer than zero")]);
        check(&format!("host = 'h'\n{key} = '${{env:A}}'"), &[]);
    }
}

#[test]
fn encryption_goes_with_the_scheme() {
    check(
        "url = 'http://h:1'\ntls.ca = 'ca.pem'",
        &["CR008 4 `url` must begin with `https://`, since there is a table `tls`"],
    );
    check(
        "url = 'https://h:1'\ntls.mode = 'disable'",
        &["CR008 5 `tls.mode` must not be `disable` with a URL that begins with `https://`"],
    );
    check(
        "host = 'h'\ntls.mode = 'require'",
        &["CR008 5 `tls.mode` must be `disable` or `verify-full`: the driver always verifies"],
    );
    check("host = 'h'\ntls = { server_name = 'n', ca = 'ca.pem' }", &[]);
}

#[test]
fn an_answer_of_grpc_shows_a_server_that_lives() {
    /// `None` for a server that lives.
    #[track_caller]
    fn check(status: Status, has_certificate: bool, expected: Option<Reason>) {
        let told = format!("{status:?}");
        let explained = explain(status, Instant::now(), has_certificate).err();
        assert_eq!(explained.map(|(reason, _)| reason), expected, "{told}");
    }
    check(Status::unimplemented("unknown service"), false, None);
    let of_http = "grpc-status header missing, mapped from HTTP status code 404";
    check(Status::unimplemented(of_http), false, Some(Reason::Other));
    check(Status::unauthenticated("no token"), false, None);
    check(Status::permission_denied("no"), true, Some(Reason::Credentials));
    check(Status::new(Code::NotFound, "unknown service"), false, Some(Reason::Unavailable));
    check(Status::unavailable("later"), false, Some(Reason::Unavailable));
    let expired = explain(Status::cancelled("Timeout expired"), Instant::now(), false);
    assert!(matches!(expired, Err((Reason::Silent(_), _))));
}

#[test]
fn the_endpoint_is_where_the_server_is() {
    check_endpoint("host = 'h'", "h:80");
    check_endpoint("host = '::1'\ntls = {}", "[::1]:443");
    check_endpoint("url = 'https://[::1]'", "[::1]:443");
    check_endpoint("url = 'http://h:1'", "h:1");
}

#[cfg(feature = "ssh-tunnel")]
#[test]
fn a_server_behind_a_tunnel_is_another_one() {
    check_endpoint("host = 'h'\ntunnel = 'bastion'", "h:80 through bastion");
    check_endpoint("url = 'https://[::1]'\ntunnel = 'bastion'", "[::1]:443 through bastion");
    // Its name is verified all the same.
    let bastion = "\n[connections.bastion]\ntype = 'ssh-tunnel'\nhost = 'h'\nuser = 'u'\npassword = 'p'";
    check(&format!("host = 'h'\ntls.mode = 'verify-full'\ntunnel = 'bastion'{bastion}"), &[]);
}

/// The problems as `code line message`, of a connection whose header stands on line 2.
#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    problems::check("grpc", fields, expected);
}

#[track_caller]
fn check_endpoint(fields: &str, expected: &str) {
    let grpc: Grpc = toml::from_str(fields).expect("the fields are good");
    assert_eq!(grpc.endpoint().as_deref(), Some(expected), "{fields}");
}
