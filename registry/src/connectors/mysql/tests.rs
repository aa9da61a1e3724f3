//! What can be told without a server. The rest is in `tests/tests/services/mysql.rs`.

use std::time::Duration;

use super::{MySql, failure, options};
use crate::{
    Connection,
    connectors::shared::{failure::Reason, problems},
};

#[test]
fn where_the_server_is_can_be_said_in_one_way_only() {
    check("url = 'mysql://a@h/d'\nhost = 'h'", &["CR018 4 `url` and `host` exclude each other"]);
    check(
        "url = 'mariadb://a@h/d'\nuser = 'u'\nport = 1",
        &["CR018 4 `url` and `port` exclude each other", "CR018 4 `url` and `user` exclude each other"],
    );
    check("user = 'u'", &["CR006 2 missing key `host`"]);
    check("host = 'h'", &[]);
}

#[test]
fn a_placeholder_counts_as_given_and_its_value_as_not_known() {
    check("url = '${env:DATABASE_URL}'\nhost = 'h'", &["CR018 4 `url` and `host` exclude each other"]);
    check("url = '${env:DATABASE_URL}'", &[]);
    check("host = '${env:DATABASE_HOST}'\ntls.mode = '${env:TLS_MODE}'\ntls.ca = 'ca.pem'", &[]);
}

#[test]
fn a_url_of_another_form_is_refused_and_not_repeated() {
    let form = "CR008 4 `url` must be a URL such as `mysql://user:password@host:3306/database`, with special characters of the password percent-encoded";
    for url in [
        "postgres://u:c4nary@h/d",
        "h:3306",
        "mysql://h:port/d",
        "mysql://u:12/c4nary@h/d",
        "mysql://h?ssl-mode=c4nary",
    ] {
        check(&format!("url = '{url}'"), &[form]);
    }
    let unknown = "CR008 4 `url` has a parameter that the driver does not know";
    check("url = 'mysql://u@h/d?ssl_mode=REQUIRED'", &[unknown]);
    check("url = 'mysql://u:c4nary%2F@[::1]:1/d?ssl-mode=REQUIRED&charset=utf8mb4'", &[]);
}

#[test]
fn limits_that_cannot_be_kept_have_a_place() {
    check("host = 'h'\nmin_connections = 11", &["CR008 5 `min_connections` must not be above `max_connections`"]);
    check("host = 'h'\nmax_connections = 0", &["CR008 5 `max_connections` must be a nonzero u32"]);
    check("host = 'h'\nmax_connections = 65536", &["CR008 5 `max_connections` must be at most 65535"]);
    check("host = 'h'\nacquire_timeout = '0s'", &["CR008 5 `acquire_timeout` must be longer than zero"]);
    check("host = 'h'\nmax_lifetime = '0s'", &["CR008 5 `max_lifetime` must be longer than zero"]);
}

#[test]
fn encryption_is_checked_as_a_whole() {
    check("host = 'h'\ntls.certificate = 'c.pem'", &["CR006 2 missing key `tls.key`"]);
    check("host = 'h'\ntls = { mode = 'disable', ca = 'c' }", &[]);
    check(
        "host = 'h'\ntls.server_name = 'n'",
        &["CR008 5 `tls.server_name` cannot be set: the driver takes the name of the host"],
    );
}

#[test]
fn the_servers_own_numbers_say_who_must_act() {
    for (number, reason) in [
        (1044, Reason::Credentials),
        (1045, Reason::Credentials),
        (1698, Reason::Credentials),
        (3955, Reason::Credentials),
        (4150, Reason::Credentials),
        (1049, Reason::NotFound),
        (1040, Reason::Unavailable),
        (1203, Reason::Unavailable),
        (1298, Reason::Settings),
        (3159, Reason::Tls),
        (1064, Reason::Other),
    ] {
        assert_eq!(failure::of_number(number), reason, "{number}");
    }
}

#[test]
fn a_limit_is_rounded_up_since_none_would_be_no_limit() {
    let begins = |limit, expected: &str| {
        let statement = options::limit_of_a_statement(limit);
        assert!(statement.starts_with(&format!("SET /*M!100100 max_statement_time={expected} */")), "{statement}");
    };
    begins(Duration::from_millis(1500), "1.500");
    begins(Duration::from_nanos(1), "0.001");
    begins(Duration::MAX, "4294967.295");
}

#[cfg(feature = "ssh-tunnel")]
#[test]
fn a_tunnel_leads_to_a_host_whose_name_is_not_verified() {
    let bastion = "\n[connections.bastion]\ntype = 'ssh-tunnel'\nhost = 'h'\nuser = 'u'\npassword = 'p'";
    let behind = |fields: &str, expected: &[&str]| check(&format!("{fields}\ntunnel = 'bastion'{bastion}"), expected);
    behind("host = 'h'", &[]);
    behind("host = 'h'\ntls.mode = 'verify-ca'", &[]);
    let of = |line: u32, key: &str| {
        format!(
            "CR008 {line} `{key}` cannot be `verify-full` through a tunnel, whose local end has another name: use `verify-ca`"
        )
    };
    behind("host = 'h'\ntls = {}", &[&of(2, "tls.mode")]);
    behind("url = 'mysql://u@h/d?ssl-mode=verify_identity'", &[&of(4, "url")]);
    let socket = "must name a host: no socket of this machine is behind a tunnel";
    behind("host = '/run/mysqld/mysqld.sock'", &[&format!("CR008 4 `host` {socket}")]);
    behind("url = 'mysql://u@h/d?socket=/run/mysqld/mysqld.sock'", &[&format!("CR008 4 `url` {socket}")]);
}

#[cfg(feature = "ssh-tunnel")]
#[test]
fn a_server_behind_a_tunnel_is_another_one() {
    let (direct, behind) = (mysql("host = 'h'\npassword = 'old'"), mysql("host = 'h'\npassword = 'new'\ntunnel = 'b'"));
    assert_eq!(behind.endpoint().as_deref(), Some("h:3306 through b"));
    assert_eq!(direct.new_password(&behind), None);
}

#[test]
fn the_endpoint_is_where_the_driver_connects() {
    for (fields, expected) in [
        ("host = 'db.example'", "db.example:3306"),
        ("host = '::1'\nport = 1", "[::1]:1"),
        ("host = '/run/mysqld/mysqld.sock'", "/run/mysqld/mysqld.sock"),
        ("url = 'mysql://u:c4nary%2F@db.example:1/d'", "db.example:1"),
        ("url = 'mysql://u:c4nary@[::1]:1/d'", "[::1]:1"),
    ] {
        assert_eq!(mysql(fields).endpoint().as_deref(), Some(expected), "{fields}");
    }
    let options = mysql("url = 'mysql://u:c4nary@[::1]:1/d'").address().expect("it is a URL");
    assert_eq!(options.get_host(), "::1", "as the system wants it");
}

#[test]
fn a_password_alone_is_taken_in_place() {
    let takes = |old: &str, new: &str, expected: Option<&str>| {
        assert_eq!(mysql(old).new_password(&mysql(new)).as_deref(), expected, "from {old} to {new}");
    };
    takes("host = 'h'\npassword = 'old'", "host = 'h'\npassword = 'n/e w'", Some("n/e w"));
    takes("url = 'mysql://u:old@h/d'", "url = 'mysql://u:n%2Few@h/d'", Some("n/ew"));
    takes("host = 'h'\npassword = 'old'", "host = 'h'", None);
    takes("host = 'h'\npassword = 'old'", "host = 'h'\npassword = 'new'\nmax_connections = 3", None);
    takes("host = 'h'\npassword = 'old'", "url = 'mysql://:new@h'", None);
    takes("url = 'mysql://u:old@h/d'", "url = 'mysql://other:new@h/d'", None);
    takes("url = 'mysql://u:old@h/d'", "url = 'mysql://u:new@h/other'", None);
}

#[test]
fn no_secret_is_shown() {
    for fields in ["url = 'mysql://u:c4nary@h/d'", "host = 'h'\npassword = 'c4nary'"] {
        assert!(!format!("{:?}", mysql(fields)).contains("c4nary"));
    }
}

fn mysql(fields: &str) -> MySql {
    toml::from_str(fields).expect("the fields are good")
}

#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    problems::check("mysql", fields, expected);
}
