//! What can be told without a server. The rest is in `tests/tests/services/etcd.rs`.

use super::Etcd;
#[cfg(feature = "ssh-tunnel")]
use crate::Connection as _;
use crate::connectors::shared::problems;

#[test]
fn endpoints_are_addresses_of_one_kind() {
    let wrong =
        "CR008 4 `endpoints` must be addresses such as `http://host:2379`, or all of them such as `https://host:2379`";
    for endpoints in
        ["[]", "['host:2379']", "['http://a:1', 'https://b:1']", "['http://u:c4nary@h:1']", "['http://h:port']"]
    {
        check(&format!("endpoints = {endpoints}"), &[wrong]);
    }
    for host in ["", "u:c4nary", "a:1:2", "[::1", "[::1]2379", "[a]", "a b", "a:-1", "a/c4nary", "u:12/c4nary@a"] {
        check(&format!("endpoints = ['http://{host}']"), &[wrong]);
    }
    check("endpoints = ['http://a:2379', 'http://[::1]:2379', 'http://[::1]', 'http://c/']", &[]);
    check("endpoints = ['${env:ETCD}']", &[]);
}

#[test]
fn the_driver_dials_what_the_errors_name() {
    let toml = "endpoints = ['https://a', 'https://b:1/', 'https://[::1]', 'https://[::1]:443', 'https://10.0.0.1']";
    let etcd: Etcd = toml::from_str(toml).expect("they are good");
    let dialled = ["https://a:2379", "https://b:1", "https://[::1]:2379", "https://[::1]:443", "https://10.0.0.1:2379"];
    assert_eq!(etcd.addresses(etcd.members()), dialled);
    assert_eq!(etcd.place(), dialled.map(|address| address.replace("https://", "")).join(", "));
}

#[test]
fn nothing_can_be_done_in_no_time() {
    for key in ["connect_timeout", "request_timeout", "keep_alive_interval", "keep_alive_timeout"] {
        check(
            &format!("endpoints = ['http://a']\n{key} = '0s'"),
            &[&format!("CR008 5 `{key}` must be longer than zero")],
        );
    }
}

#[test]
fn a_user_needs_a_password_and_a_password_a_user() {
    check("endpoints = ['http://a:1']\nuser = 'u'", &["CR006 2 missing key `password`"]);
    check("endpoints = ['http://a:1']\npassword = 'c4nary'", &["CR006 2 missing key `user`"]);
}

#[test]
fn encryption_follows_the_endpoints() {
    check(
        "endpoints = ['http://a:1']\ntls.ca = 'ca.pem'",
        &["CR008 5 `tls` is of use only with `endpoints` that begin with `https://`"],
    );
    check(
        "endpoints = ['https://a:1']\ntls.mode = 'require'",
        &["CR008 5 `tls.mode` must be `disable` or `verify-full`: the driver always verifies"],
    );
    check("endpoints = ['https://a:1']\ntls.ca = 'ca.pem'", &[]);
}

#[cfg(feature = "ssh-tunnel")]
#[test]
fn members_behind_a_tunnel_have_one_name_when_it_is_verified() {
    let bastion = "\n[connections.bastion]\ntype = 'ssh-tunnel'\nhost = 'h'\nuser = 'u'\npassword = 'p'";
    let behind = |fields: &str, expected: &[&str]| check(&format!("{fields}\ntunnel = 'bastion'{bastion}"), expected);
    behind("endpoints = ['http://a', 'http://b']", &[]);
    behind("endpoints = ['https://a:1', 'https://a:2']", &[]);
    behind("endpoints = ['https://a', 'https://b']\ntls.server_name = 'etcd.internal'", &[]);
    behind("endpoints = ['https://a', '${env:MEMBER}']", &[]);
    let names = "must have one host through a tunnel, or a `tls.server_name`: the driver verifies one name for all";
    behind("endpoints = ['https://a', 'https://b']", &[&format!("CR008 4 `endpoints` {names}")]);
    behind("endpoints = ['https://a', 'https://b']\ntls = {}", &[&format!("CR008 4 `endpoints` {names}")]);
}

#[cfg(feature = "ssh-tunnel")]
#[test]
fn a_member_behind_a_tunnel_is_another_one() {
    let endpoint = |endpoints: &str| {
        let toml = format!("endpoints = {endpoints}\ntunnel = 'bastion'");
        toml::from_str::<Etcd>(&toml).expect("they are good").endpoint()
    };
    assert_eq!(endpoint("['http://a']").as_deref(), Some("a:2379 through bastion"));
    assert_eq!(endpoint("['http://a', 'http://b']"), None);
}

/// The problems as `code line message`, of a connection whose header stands on line 2.
#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    problems::check("etcd", fields, expected);
}
