//! What can be told without a server. The rest is in `tests/tests/services/postgres.rs`.

use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::Postgres;
use crate::{Connection, connectors::shared::problems};

#[test]
fn where_the_server_is_can_be_said_in_one_way_only() {
    check("url = 'postgres://a@h/d'\nhost = 'h'", &["CR018 4 `url` and `host` exclude each other"]);
    check(
        "url = 'postgres://a@h/d'\nuser = 'u'\nport = 1",
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
    let form = "CR008 4 `url` must be a URL such as `postgres://user:password@host:5432/database`, with special characters of the password percent-encoded";
    for url in [
        "mysql://u:c4nary@h/d",
        "h:5432",
        "postgres://h:port/d",
        "postgres://u:12/c4nary@h/d",
        "postgres://h?sslmode=c4nary",
        "postgres:///d",
    ] {
        check(&format!("url = '{url}'"), &[form]);
    }
    let unknown = "CR008 4 `url` has a parameter that the driver does not know";
    check("url = 'postgres://u@h/d?ssl_mode=require'", &[unknown]);
    check("url = 'postgres://u:c4nary%2F@[::1]:1/d?sslmode=require&options[geqo]=off&options%5Bjit%5D=off'", &[]);
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

#[cfg(feature = "ssh-tunnel")]
#[test]
fn a_tunnel_leads_to_a_host_whose_name_is_not_verified() {
    let bastion = "\n[connections.bastion]\ntype = 'ssh-tunnel'\nhost = 'h'\nuser = 'u'\npassword = 'p'";
    let behind = |fields: &str, expected: &[&str]| check(&format!("{fields}\ntunnel = 'bastion'{bastion}"), expected);
    behind("host = 'h'", &[]);
    behind("host = 'h'\ntls.mode = 'verify-ca'", &[]);
    behind("url = 'postgres://u@h/d?sslmode=verify-ca'", &[]);
    let of = |line: u32, key: &str| {
        format!(
            "CR008 {line} `{key}` cannot be `verify-full` through a tunnel, whose local end has another name: use `verify-ca`"
        )
    };
    behind("host = 'h'\ntls = {}", &[&of(2, "tls.mode")]);
    behind("host = 'h'\ntls.mode = 'verify-full'", &[&of(5, "tls.mode")]);
    behind("url = 'postgres://u@h/d?sslmode=verify-full'", &[&of(4, "url")]);
    let socket = "must name a host: no socket of this machine is behind a tunnel";
    behind("host = '/run/postgresql'", &[&format!("CR008 4 `host` {socket}")]);
    behind("url = 'postgres:///d?host=/run/postgresql'", &[&format!("CR008 4 `url` {socket}")]);
}

#[test]
fn the_endpoint_is_where_the_driver_connects() {
    for (fields, expected) in [
        ("host = 'db.example'", "db.example:5432"),
        ("host = '::1'\nport = 1", "[::1]:1"),
        ("host = '/run/postgresql'", "/run/postgresql"),
        ("url = 'postgres://u:c4nary%2F@db.example:1/d'", "db.example:1"),
        ("url = 'postgres://u:c4nary@[::1]:1/d'", "[::1]:1"),
    ] {
        assert_eq!(postgres(fields).endpoint().as_deref(), Some(expected), "{fields}");
    }
    for (url, host, port) in [
        ("postgres://u:c4nary@[::1]:1/d", "::1", 1),
        ("postgres://u@h:1/d?host=g&port=2", "g", 2),
        ("postgres:///d?hostaddr=10.0.0.1", "10.0.0.1", 5432),
    ] {
        let options = postgres(&format!("url = '{url}'")).address().expect("it is a URL");
        assert_eq!((options.get_host(), options.get_port()), (host, port), "{url}");
    }
    for url in ["postgres://%2Frun%2Fpg:1/d", "postgres:///d?host=/run/pg&port=1", "postgres://%2Frun%2Fpg:1/d?host=g"]
    {
        let options = postgres(&format!("url = '{url}'")).address().expect("it is a URL");
        assert_eq!((options.get_socket(), options.get_port()), (Some(&"/run/pg".into()), 1), "{url}");
    }
}

/// Runs itself again, with a variable for each value that the driver would take.
#[test]
fn what_the_file_does_not_say_is_not_taken_from_variables_or_a_file_of_passwords() {
    if std::env::var_os(AGAIN).is_some() {
        return takes_nothing_from_elsewhere();
    }
    let passwords = tempfile::NamedTempFile::new().expect("there is room");
    std::fs::write(passwords.path(), "*:*:*:*:amb1ent\n").expect("there is room");
    private(passwords.path());
    let test =
        "connectors::postgres::tests::what_the_file_does_not_say_is_not_taken_from_variables_or_a_file_of_passwords";
    let mut again = std::process::Command::new(std::env::current_exe().expect("this is one"));
    again.args([test, "--exact"]).env(AGAIN, "1").env("PGPASSFILE", passwords.path());
    for variable in ["PGHOSTADDR", "PGHOST", "PGUSER", "PGDATABASE", "PGSSLROOTCERT", "PGAPPNAME"] {
        again.env(variable, "amb1ent");
    }
    let output = again.env("PGPORT", "7").env("PGSSLMODE", "verify-full").output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

fn takes_nothing_from_elsewhere() {
    let read = PgConnectOptions::new();
    assert!(format!("{read:?}").matches("amb1ent").count() >= 6, "the driver would take them: {read:?}");
    for fields in ["host = 'h'", "url = 'postgres://h'", "url = 'postgres://u:@h/d?options[geqo]=off#x'"] {
        let mut options = postgres(fields).address().expect("it says where the server is");
        assert!(matches!(options.get_ssl_mode(), PgSslMode::Prefer), "{fields}");
        assert_eq!(options.get_port(), 5432, "{fields}");
        assert_eq!(postgres(fields).name("db"), "db");
        options = options.application_name("db");
        assert!(!format!("{options:?}").contains("amb1ent"), "{fields}: {options:?}");
    }
}

/// The driver reads a file of passwords only when nobody else can.
fn private(path: &std::path::Path) {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("it is ours");
    #[cfg(not(unix))]
    let _ = path;
}

/// Says to the test that it runs again.
const AGAIN: &str = "CONNECTION_REGISTRY_TEST_AGAIN";

#[test]
fn a_password_alone_is_taken_in_place() {
    let takes = |old: &str, new: &str, expected: Option<&str>| {
        assert_eq!(postgres(old).new_password(&postgres(new)).as_deref(), expected, "from {old} to {new}");
    };
    takes("host = 'h'\npassword = 'old'", "host = 'h'\npassword = 'n/e w'", Some("n/e w"));
    takes("url = 'postgres://u:old@h/d'", "url = 'postgres://u:n%2Few@h/d'", Some("n/ew"));
    takes("host = 'h'\npassword = 'old'", "host = 'h'", None);
    takes("host = 'h'\npassword = 'old'", "host = 'h'\npassword = 'new'\nmax_connections = 3", None);
    takes("host = 'h'\npassword = 'old'", "url = 'postgres://:new@h'", None);
    takes("url = 'postgres://u:old@h/d'", "url = 'postgres://other:new@h/d'", None);
    takes("url = 'postgres://u:old@h/d'", "url = 'postgres://u:new@h/other'", None);
}

#[test]
fn no_secret_is_shown() {
    for fields in ["url = 'postgres://u:c4nary@h/d'", "host = 'h'\npassword = 'c4nary'"] {
        assert!(!format!("{:?}", postgres(fields)).contains("c4nary"));
    }
}

fn postgres(fields: &str) -> Postgres {
    toml::from_str(fields).expect("the fields are good")
}

#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    problems::check("postgres", fields, expected);
}
