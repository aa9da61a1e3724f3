//! What kinds of files are read.

use super::support::{Fixture, text_request};
use crate::config::{MainSource, load};

#[test]
fn a_main_file_that_is_missing_is_named() {
    let mut fixture = Fixture::new("");
    fixture.request.main = MainSource::File(fixture.path().join("gone.toml"));
    fixture.check(&["[CR002]: cannot read `gone.toml`: it does not exist"]);
}

#[test]
fn a_file_above_the_limit_is_refused() {
    let mut fixture = Fixture::new("# 0123456789");
    fixture.request.max_bytes = 11;
    fixture.check(&["[CR002]: cannot read `connections.toml`: it is larger than 11 bytes"]);
    fixture.request.max_bytes = 12;
    fixture.valid();
}

#[test]
fn a_file_that_is_not_text_is_refused_and_a_byte_order_mark_is_not_counted() {
    Fixture::of(&[])
        .file("connections.toml", b"a = '\xff'")
        .check(&["[CR002]: cannot read `connections.toml`: it is not UTF-8 at byte 5"]);
    Fixture::new("\u{feff}x = 1").check(&["connections.toml:1:1: [CR005]: unknown key `x`"]);
}

#[cfg(unix)]
#[test]
fn a_link_to_a_file_is_followed_and_paths_are_relative_to_the_link() {
    let fixture = Fixture::of(&[
        ("data/v1.toml", "include = ['more.toml']"),
        ("more.toml", "[connections.a]\ntype = 'cache'\nhost = ''"),
    ]);
    std::os::unix::fs::symlink("data/v1.toml", fixture.path().join("connections.toml")).unwrap();
    assert_eq!(fixture.valid().connections().len(), 1);
}

#[test]
fn a_relative_folder_becomes_absolute() {
    let configuration = load(&text_request("", "".into()), &super::support::Catalogue).unwrap();
    assert_eq!(**configuration.config_dir(), std::env::current_dir().unwrap());
}
