//! Fields given as a table.

use super::support::{Catalogue, Fixture};
use crate::config::{Types, decode_fields};

#[test]
fn fields_are_decoded_with_their_placeholders() {
    let fixture = Fixture::new("").file("secret", "hunter2\n");
    let table = "url = 'x://${env:PATH:-y}$${'\npassword = '${file:secret}'\nport = '${env:THIS_IS_NOT_SET:-7}'";
    let found = decode_fields(&Catalogue.find("db").unwrap(), &table.parse().unwrap(), fixture.path());
    let db = found.unwrap().db();
    assert!(db.url.starts_with("x://") && db.url.ends_with("${"));
    assert_eq!((db.password.expose(), db.port), ("hunter2", 7));
}

#[test]
fn every_problem_has_its_key_and_no_place() {
    let table = "prot = 1\nport = 'hunter2'\npassword = '${env:THIS_IS_NOT_SET}'\ntags = ['${x']";
    let found = decode_fields(&Catalogue.find("db").unwrap(), &table.parse().unwrap(), "".as_ref());
    let problems = found.map(|_| ()).unwrap_err();
    let mut shown: Vec<_> =
        problems.iter().map(|it| format!("{} ({})", it, it.key_path().unwrap_or_default())).collect();
    shown.sort();
    assert_eq!(
        shown,
        [
            "fields of `db`: error[CR005]: unknown key `prot` (prot)",
            "fields of `db`: error[CR006]: missing key `url` (url)",
            "fields of `db`: error[CR007]: `port` must be a whole number from 0 to 65535, found a string (port)",
            "fields of `db`: error[CR010]: a `${` is never closed (tags[0])",
            "fields of `db`: error[CR012]: environment variable `THIS_IS_NOT_SET` is not set (password)",
        ]
    );
}
