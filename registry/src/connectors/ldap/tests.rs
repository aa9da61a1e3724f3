//! What can be told without a server. The rest is in `tests/tests/services/ldap.rs`.

use super::Ldap;
use crate::{Connection, connectors::shared::problems};

#[test]
fn encryption_and_port_follow_from_the_url_and_from_tls() {
    check_default("url = 'ldap://h'", "h:389 None");
    check_default("url = 'ldaps://h'", "h:636 Implicit");
    check_default("url = 'ldap://[::1]:1389/'\ntls = { ca = 'c' }", "[::1]:1389 Starttls");
    check_default("host = '[::1]'", "[::1]:389 None");
    check_default("host = 'h'\nencryption = 'implicit'", "h:636 Implicit");
    check_default("host = 'h'\nencryption = 'starttls'", "h:389 Starttls");
}

#[track_caller]
fn check_default(fields: &str, expected: &str) {
    let ldap: Ldap = toml::from_str(fields).expect("the fields are good");
    let encryption = ldap.address().expect("it has an address").encryption();
    let endpoint = ldap.endpoint().expect("it has an address");
    assert_eq!(format!("{endpoint} {encryption:?}"), expected, "{fields}");
}

#[test]
fn where_the_server_is_can_be_said_in_one_way_only() {
    check("url = 'ldap://h'\nhost = 'h'", &["CR018 4 `url` and `host` exclude each other"]);
    check("url = 'ldap://h'\nport = 1", &["CR018 4 `url` and `port` exclude each other"]);
    check("port = 1", &["CR006 2 missing key `host`"]);
    check("host = 'h'", &[]);
}

#[test]
fn a_wrong_url_has_a_place_and_is_not_repeated() {
    let problem = "CR008 4 `url` must be a URL such as `ldaps://host:636`; `bind_dn`, `password` and `base_dn` are keys \
                   of their own";
    for url in ["http://h", "ldap://", "ldap://u:c4nary@h", "ldap://h/dc=example", "ldap://h?cn"] {
        check(&format!("url = '{url}'"), &[problem]);
    }
    check("url = '${env:A}'", &[]);
}

#[test]
fn a_bind_without_a_password_is_refused_since_the_server_would_take_it_for_anonymous() {
    check("host = 'h'\nbind_dn = 'cn=a'", &["CR006 2 missing key `password`"]);
    check("host = 'h'\npassword = 'c4nary'", &["CR006 2 missing key `bind_dn`"]);
    check(
        "host = 'h'\nbind_dn = 'cn=a'\npassword = ''",
        &["CR008 6 `password` must not be empty: the server would take the client for an anonymous one"],
    );
    check("host = 'h'\nbind_dn = 'cn=a'\npassword = '${env:A}'", &[]);
}

#[test]
fn encryption_is_checked_as_a_whole() {
    check(
        "url = 'ldaps://h'\nencryption = 'starttls'",
        &["CR008 5 `encryption` must be `implicit` with a URL of `ldaps://`"],
    );
    check(
        "url = 'ldap://h'\nencryption = 'implicit'",
        &["CR008 4 `url` must begin with `ldaps://` when `encryption` is `implicit`"],
    );
    check(
        "host = 'h'\nencryption = 'none'\ntls.ca = 'c'",
        &["CR008 5 `encryption` cannot be `none` when `tls` is given"],
    );
    check(
        "host = 'h'\ntls.mode = 'require'",
        &["CR008 5 `tls.mode` must be `disable` or `verify-full`: the driver always verifies"],
    );
    check("host = 'h'\ntls.mode = 'disable'", &["CR008 5 `tls.mode` must be `verify-full`: see `encryption`"]);
    check("host = 'h'\ntls.certificate = 'c.pem'", &["CR006 2 missing key `tls.key`"]);
}

#[cfg(feature = "ssh-tunnel")]
#[test]
fn a_server_behind_a_tunnel_is_another_one() {
    let endpoint = |fields: &str| toml::from_str::<Ldap>(fields).expect("the fields are good").endpoint();
    assert_eq!(endpoint("host = 'h'\ntunnel = 'bastion'").as_deref(), Some("h:389 through bastion"));
    // Its name is verified all the same.
    let bastion = "\n[connections.bastion]\ntype = 'ssh-tunnel'\nhost = 'h'\nuser = 'u'\npassword = 'p'";
    check(&format!("host = 'h'\ntls.mode = 'verify-full'\ntunnel = 'bastion'{bastion}"), &[]);
}

#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    problems::check("ldap", fields, expected);
}
