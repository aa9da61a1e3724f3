//! What can be told without a server. The rest is in `tests/tests/services/storage.rs`.

use std::path::PathBuf;

use object_store::aws::AmazonS3ConfigKey as Key;

use super::{Storage, options::Place};
use crate::{Connection as _, connectors::shared::problems};

#[test]
fn a_url_says_which_store_it_is() {
    let folder = |path: &str| Ok(Place::Folder(PathBuf::from(path)));
    let cases = [
        ("memory:", Ok(Place::Memory)),
        ("memory://", Ok(Place::Memory)),
        ("file:uploads", folder("uploads")),
        ("file://uploads/new", folder("uploads/new")),
        ("file:///var/uploads", folder("/var/uploads")),
        ("s3://bucket", Ok(Place::Bucket { bucket: "bucket", prefix: "" })),
        ("s3://bucket/a/b", Ok(Place::Bucket { bucket: "bucket", prefix: "a/b" })),
    ];
    for (url, expected) in cases {
        assert_eq!(Place::parse(url), expected, "{url}");
    }
    for url in ["", "file:", "s3://", "s3:///prefix", "s3://u:p@bucket", "http://bucket", "uploads"] {
        assert!(Place::parse(url).is_err(), "{url}");
    }
}

#[test]
fn a_wrong_combination_has_a_place() {
    check(
        "url = 'ftp://c4nary'",
        &["CR008 4 `url` must be `memory:`, a folder such as `file:uploads`, or a bucket such as `s3://bucket/prefix`"],
    );
    check("url = 's3://b'\naccess_key_id = 'k'", &["CR006 2 missing key `secret_access_key`"]);
    check("url = 's3://b'\nsession_token = 'c4nary'", &["CR006 2 missing key `access_key_id`"]);
    check(
        "url = 's3://b'\nanonymous = true\naccess_key_id = '${env:A}'\nsecret_access_key = '${env:A}'",
        &["CR008 5 `anonymous` is of no use beside `access_key_id`"],
    );
    check(
        "url = 's3://b'\ntls.server_name = 'n'",
        &["CR008 5 `tls.server_name` cannot be set: the driver knows `ca` alone"],
    );
    check("url = '${env:STORAGE_URL}'\nregion = 'eu'", &[]);
}

#[test]
fn an_endpoint_is_an_address_and_nothing_else() {
    for endpoint in [
        "localhost",
        "ftp://h",
        "https://u:c4nary@h",
        "https://h?c4nary",
        "https://h#c4nary",
        "http://me:12/c4nary@h",
        "http:/me:12/c4nary@h",
        "http://me:12\\c4nary@h",
    ] {
        check(
            &format!("url = 's3://b'\nendpoint = '{endpoint}'"),
            &[
                "CR008 5 `endpoint` must be an address such as `https://s3.example.com`, without user, query, fragment and `@`",
            ],
        );
    }
    check("url = 's3://b'\nendpoint = 'http://[::1]:9000/'", &[]);
}

#[test]
fn encryption_goes_with_the_scheme() {
    check(
        "url = 's3://b'\nendpoint = 'http://h:1'\ntls.ca = 'ca.pem'",
        &["CR008 6 `tls` is of no use with an `endpoint` that begins with `http://`"],
    );
    check(
        "url = 's3://b'\nendpoint = 'https://h:1'\ntls.mode = 'disable'",
        &["CR008 6 `tls.mode` must not be `disable` without an `endpoint` that begins with `http://`"],
    );
    check(
        "url = 's3://b'\ntls.mode = 'require'",
        &["CR008 5 `tls.mode` must be `disable` or `verify-full`: the driver always verifies"],
    );
    let inherited = "tls = { mode = 'disable', ca = 'ca.pem', server_name = 'n' }";
    check(&format!("url = 's3://b'\nendpoint = 'http://h:1'\n{inherited}"), &[]);
}

#[test]
fn what_says_something_of_a_bucket_is_without_effect_elsewhere() {
    let of_a_bucket = "endpoint = 'no address'\nregion = 'eu'\naccess_key_id = 'k'\nanonymous = true\n\
                       session_token = 'c4nary'\nrequest_timeout = '0s'\ntls.mode = 'require'";
    for url in ["memory:", "file:uploads"] {
        check(&format!("url = '{url}'\n{of_a_bucket}"), &[]);
    }
}

#[test]
fn nothing_can_be_done_in_no_time() {
    for key in ["request_timeout", "connect_timeout"] {
        check(&format!("url = 's3://b'\n{key} = '0s'"), &[&format!("CR008 5 `{key}` must be longer than zero")]);
    }
}

#[test]
fn the_environment_says_who_asks_only_when_nothing_else_does() {
    assert_eq!(credentials("", &[]), ["env-key", "env-secret", "env-token"]);
    assert_eq!(credentials("", &["AWS_SESSION_TOKEN"]), ["env-key", "env-secret", ""]);
    let configured = "access_key_id = 'k'\nsecret_access_key = 's'";
    assert_eq!(credentials(configured, &[]), ["k", "s", ""]);
    assert_eq!(credentials(&format!("{configured}\nsession_token = 't'"), &[]), ["k", "s", "t"]);
    assert_eq!(credentials("anonymous = true", &[]), ["", "", ""]);
}

#[test]
fn the_environment_does_not_say_where_a_bucket_is() {
    let place = |fields: &str| {
        let builder = storage(fields).builder(|name| Some(variable(name))).expect("the fields are good");
        [Key::Endpoint, Key::S3Endpoint, Key::Region, Key::MetadataEndpoint]
            .map(|key| builder.get_config_value(&key).unwrap_or_default())
    };
    assert_eq!(place(""), ["", "", "us-east-1", ""]);
    assert_eq!(place("endpoint = 'https://h/'\nregion = 'eu'"), ["https://h", "", "eu", ""]);
    let role = |fields: &str| {
        let builder = storage(fields).builder(|name| Some(variable(name))).expect("the fields are good");
        [Key::RoleArn, Key::WebIdentityTokenFile, Key::ContainerCredentialsFullUri]
            .map(|key| builder.get_config_value(&key).is_some())
    };
    assert_eq!((role(""), role("anonymous = true")), ([true; 3], [false; 3]));
    assert_eq!(storage("").endpoint().as_deref(), Some("s3.us-east-1.amazonaws.com:443"));
}

#[test]
fn the_way_is_that_to_the_server_which_the_driver_asks() {
    let server = |fields: &str| storage(fields).server_of("b").expect("the fields are good").to_string();
    assert_eq!(server(""), "https://s3.us-east-1.amazonaws.com/");
    assert_eq!(server("virtual_hosted_style = true"), "https://b.s3.us-east-1.amazonaws.com/");
    assert_eq!(server("virtual_hosted_style = true\nendpoint = 'http://b.h:1'"), "http://b.h:1/");
}

#[cfg(feature = "ssh-tunnel")]
#[test]
fn only_keys_say_who_asks_through_a_tunnel() {
    let through = "tunnel = 'bastion'";
    assert_eq!(credentials(through, &[]), ["env-key", "env-secret", "env-token"]);
    assert_eq!(credentials(&format!("{through}\nanonymous = true"), &[]), ["", "", ""]);
    let configured = format!("{through}\naccess_key_id = 'k'\nsecret_access_key = 's'");
    assert_eq!(credentials(&configured, &[]), ["k", "s", ""]);
    let builder = storage(through).builder(|name| Some(variable(name))).expect("there is a key");
    assert!(builder.get_config_value(&Key::RoleArn).is_none());
    let without_key = |name: &str| (!name.contains("KEY")).then(|| variable(name));
    let error = storage(through).builder(without_key).expect_err("what others have is behind no tunnel");
    assert!(error.to_string().contains("must say who asks"), "{error}");
}

#[cfg(feature = "ssh-tunnel")]
#[test]
fn a_bucket_behind_a_tunnel_is_another_one() {
    let endpoint = |fields: &str| storage(&format!("{fields}\ntunnel = 'bastion'")).endpoint();
    assert_eq!(endpoint("endpoint = 'http://h:9000'").as_deref(), Some("h:9000 through bastion"));
    assert_eq!(endpoint("").as_deref(), Some("s3.us-east-1.amazonaws.com:443 through bastion"));
    let memory: Storage = toml::from_str("url = 'memory:'\ntunnel = 'bastion'").expect("the fields are good");
    assert_eq!(memory.endpoint(), None);

    let bastion = "\n[connections.bastion]\ntype = 'ssh-tunnel'\nhost = 'h'\nuser = 'u'\npassword = 'p'";
    let behind = |fields: &str, expected: &[&str]| check(&format!("{fields}\ntunnel = 'bastion'{bastion}"), expected);
    behind("url = 's3://b'\nendpoint = 'http://[::1]:9000'", &[]);
    behind(
        "url = 's3://b'\nendpoint = 'https://[::1]:9000'",
        &["CR008 5 `endpoint` must not have an IPv6 address through a tunnel: the driver cannot verify it there"],
    );
    behind("url = 'memory:'\nendpoint = 'https://[::1]:9000'", &[]);
}

/// Key, secret and token, with every variable set but those that are empty.
fn credentials(fields: &str, empty: &[&str]) -> [String; 3] {
    let variables = |name: &str| Some(if empty.contains(&name) { String::new() } else { variable(name) });
    let builder = storage(fields).builder(variables).expect("the fields are good");
    [Key::AccessKeyId, Key::SecretAccessKey, Key::Token].map(|key| builder.get_config_value(&key).unwrap_or_default())
}

/// `AWS_ACCESS_KEY_ID` is `env-key`, and so on.
fn variable(name: &str) -> String {
    match name {
        "AWS_ACCESS_KEY_ID" => "env-key".to_owned(),
        "AWS_SECRET_ACCESS_KEY" => "env-secret".to_owned(),
        "AWS_SESSION_TOKEN" => "env-token".to_owned(),
        name => format!("https://{name}.example"),
    }
}

fn storage(fields: &str) -> Storage {
    toml::from_str(&format!("url = 's3://b'\n{fields}")).expect("the fields are good")
}

/// The problems as `code line message`, of a connection whose header stands on line 2.
#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    problems::check("storage", fields, expected);
}
