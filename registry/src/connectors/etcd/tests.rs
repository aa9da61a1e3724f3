//! What can be told without a server. The rest is in `tests/tests/services/etcd.rs`.

use crate::{ConnectionManager, Diagnostic};

#[test]
fn endpoints_are_addresses_of_one_kind() {
    let wrong =
        "CR008 4 `endpoints` must be addresses such as `http://host:2379`, or all of them such as `https://host:2379`";
    for endpoints in
        ["[]", "['host:2379']", "['http://a:1', 'https://b:1']", "['http://u:c4nary@h:1']", "['http://h:port']"]
    {
        check(&format!("endpoints = {endpoints}"), &[wrong]);
    }
    check("endpoints = ['http://a:2379', 'http://[::1]:2379', 'http://c']", &[]);
    check("endpoints = ['${env:ETCD}']", &[]);
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

/// The problems as `code line message`, of a connection whose header stands on line 2.
#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    let toml = format!("\n[connections.settings]\ntype = 'etcd'\n{fields}\n");
    let built = ConnectionManager::builder().environment([("A", "b")]).toml(toml).build();
    let problems =
        built.err().map(|error| error.diagnostics().iter().map(line).collect::<Vec<_>>()).unwrap_or_default();
    assert_eq!(problems, expected, "{fields}");
}

fn line(problem: &Diagnostic) -> String {
    format!("{} {} {}", problem.code(), problem.line(), problem.message())
}
