//! What can be told without a server. The rest is in `tests/tests/services/smtp.rs`.

use super::Smtp;
use crate::{Connection, connectors::shared::problems};

#[test]
fn a_login_is_encrypted_unless_the_configuration_says_no() {
    check_default("url = 'smtps://h'", "h:465 Implicit");
    check_default("url = 'smtp://u:p@h'", "h:587 Starttls");
    check_default("url = 'smtp://u:p@[::1]:26'", "[::1]:26 Starttls");
    check_default("host = 'h'\ntls = { ca = 'c' }", "h:587 Starttls");
    check_default("host = '[::1]'", "[::1]:25 None");
    check_default("host = 'h'\nuser = 'u'\npassword = 'p'\nencryption = 'none'", "h:25 None");
    check_default("host = 'h'\nencryption = 'implicit'", "h:465 Implicit");
    check_default("host = 'h'\nencryption = 'opportunistic'", "h:587 Opportunistic");
}

#[track_caller]
fn check_default(fields: &str, expected: &str) {
    let smtp: Smtp = toml::from_str(fields).expect("the fields are good");
    let encryption = smtp.address().expect("it has an address").encryption();
    let endpoint = smtp.endpoint().expect("it has an address");
    assert_eq!(format!("{endpoint} {encryption:?}"), expected, "{fields}");
}

#[test]
fn where_the_server_is_can_be_said_in_one_way_only() {
    check("url = 'smtp://h'\nhost = 'h'", &["CR018 4 `url` and `host` exclude each other"]);
    check("url = 'smtp://h'\nport = 1", &["CR018 4 `url` and `port` exclude each other"]);
    check("port = 1", &["CR006 2 missing key `host`"]);
    check("host = 'h'", &[]);
    check("url = 'smtps://app:c4nary%2FP%40ss%3F%23%25@h:465/'", &[]);
}

#[test]
fn a_login_has_a_user_and_a_password() {
    check("host = 'h'\nuser = 'u'", &["CR006 2 missing key `password`"]);
    check("host = 'h'\npassword = 'c4nary'", &["CR006 2 missing key `user`"]);
    check("host = 'h'\nuser = 'u'\npassword = '${env:A}'", &[]);
}

#[test]
fn a_wrong_url_has_a_place_and_is_not_repeated() {
    let problem = "CR008 4 `url` must be a URL such as `smtps://user:password@host:465`, with special characters of user \
                   and password percent-encoded and nothing behind the port";
    for url in ["http://u:c4nary@h", "smtp://", "smtp://c4nary@h", "smtp://u:c4nary/1@h", "smtp://h?tls=required"] {
        check(&format!("url = '{url}'"), &[problem]);
    }
    check("url = '${env:A}'", &[]);
}

#[test]
fn encryption_is_checked_as_a_whole() {
    check(
        "url = 'smtps://h'\nencryption = 'starttls'",
        &["CR008 5 `encryption` must be `implicit` with a URL of `smtps://`"],
    );
    check(
        "url = 'smtp://h'\nencryption = 'implicit'",
        &["CR008 4 `url` must begin with `smtps://` when `encryption` is `implicit`"],
    );
    check(
        "host = 'h'\nencryption = 'none'\ntls.ca = 'c'",
        &["CR008 5 `encryption` cannot be `none` when `tls` is given"],
    );
    check(
        "host = 'h'\ntls.mode = 'prefer'",
        &["CR008 5 `tls.mode` must be `require`, `verify-ca` or `verify-full`: see `encryption`"],
    );
    check("host = 'h'\ntls.certificate = 'c.pem'", &["CR006 2 missing key `tls.key`"]);
    check("host = 'h'\nencryption = 'implicit'\ntls.mode = 'require'\ntls.server_name = 'n'", &[]);
}

#[test]
fn what_would_end_up_in_a_command_or_in_a_busy_loop_is_refused() {
    check(
        "host = 'h'\nhello_name = \"a\\r\\nQUIT\"",
        &["CR008 5 `hello_name` must be a name, or an address in brackets"],
    );
    check("host = 'h'\nhello_name = '[192.0.2.1]'", &[]);
    check("host = 'h'\nidle_timeout = '1ms'", &["CR008 5 `idle_timeout` must be a second at least"]);
    check("host = 'h'\nconnect_timeout = '0s'", &["CR008 5 `connect_timeout` must be longer than zero"]);
    check("host = 'h'\nauth_mechanisms = []", &["CR008 5 `auth_mechanisms` must name one at least"]);
}

#[cfg(feature = "ssh-tunnel")]
#[test]
fn a_server_behind_a_tunnel_is_another_one() {
    let endpoint = |fields: &str| toml::from_str::<Smtp>(fields).expect("the fields are good").endpoint();
    assert_eq!(endpoint("host = 'h'\ntunnel = 'bastion'").as_deref(), Some("h:25 through bastion"));
    // Its name is verified all the same.
    let bastion = "\n[connections.bastion]\ntype = 'ssh-tunnel'\nhost = 'h'\nuser = 'u'\npassword = 'p'";
    check(&format!("host = 'h'\ntls.mode = 'verify-full'\ntunnel = 'bastion'{bastion}"), &[]);
}

#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    problems::check("smtp", fields, expected);
}
