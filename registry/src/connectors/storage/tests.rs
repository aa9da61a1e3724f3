//! What can be told without a server. The rest is in `tests/tests/services/storage.rs`.

use std::path::PathBuf;

use super::options::Place;
use crate::{ConnectionManager, Diagnostic};

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
    check("url = 'memory:'\nregion = 'eu'", &["CR008 5 `region` is for a `url` that begins with `s3://`"]);
    check("url = 's3://b'\naccess_key_id = 'k'", &["CR006 2 missing key `secret_access_key`"]);
    check(
        "url = 's3://b'\nendpoint = 'localhost'",
        &["CR008 5 `endpoint` must be an address such as `https://s3.example.com`"],
    );
    check(
        "url = 's3://b'\nendpoint = 'http://h:1'\ntls.ca = 'ca.pem'",
        &["CR008 6 `tls` is of no use with an `endpoint` that begins with `http://`"],
    );
    check(
        "url = 's3://b'\ntls.server_name = 'n'",
        &["CR008 5 `tls.server_name` cannot be set: the driver knows `ca` alone"],
    );
    check("url = '${env:STORAGE_URL}'\nregion = 'eu'", &[]);
}

/// The problems as `code line message`, of a connection whose header stands on line 2.
#[track_caller]
fn check(fields: &str, expected: &[&str]) {
    let toml = format!("\n[connections.files]\ntype = 'storage'\n{fields}\n");
    let built = ConnectionManager::builder().environment([("A", "b")]).toml(toml).build();
    let problems =
        built.err().map(|error| error.diagnostics().iter().map(line).collect::<Vec<_>>()).unwrap_or_default();
    assert_eq!(problems, expected, "{fields}");
}

fn line(problem: &Diagnostic) -> String {
    format!("{} {} {}", problem.code(), problem.line(), problem.message())
}
