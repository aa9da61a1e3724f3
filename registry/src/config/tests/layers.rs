//! Includes, profiles and overrides.

use super::support::{Catalogue, Fixture, text_request};
use crate::config::load;

const DB: &str = "[connections.a]\ntype = 'db'\nurl = 'base'\nport = 1\npool.min = 1\n";

#[test]
fn later_layers_win_key_by_key() {
    let fixture = Fixture::of(&[
        ("connections.toml", &format!("include = ['conf.d/*.toml', 'more.toml']\n{DB}")),
        ("connections.prod.toml", "[connections.a]\nport = 3\npool.max = 9\n"),
        ("conf.d/a.toml", "[connections.a]\ntype = 'db'\nport = 0\ntimeout = '5s'\n"),
        ("conf.d/.b.toml", "not read"),
        ("conf.d/b.txt", "not read"),
        ("more.toml", "[connections.c]\ntype = 'cache'\nhost = 'h'\n"),
    ])
    .profile("prod")
    .variable("CONNECTIONS__A__POOL__MIN", "7");
    let db = fixture.instance("a").db();
    assert_eq!((&*db.url, db.port, db.pool.min, db.pool.max), ("base", 3, 7, 9));
    assert_eq!(db.timeout, Some(std::time::Duration::from_secs(5)));
    let names: Vec<_> = fixture.valid().connections().iter().map(|declared| declared.name.to_string()).collect();
    assert_eq!(names, ["a", "c"]);
}

#[test]
fn another_type_in_an_upper_layer_drops_the_fields_of_the_old_one() {
    let fixture = Fixture::of(&[
        ("connections.toml", &format!("{DB}lifecycle.start = 'eager'\n")),
        ("connections.test.toml", "[connections.a]\ntype = 'cache'\nhost = 'h'\n"),
    ])
    .profile("test");
    let configuration = fixture.valid();
    assert_eq!(&*configuration.connections()[0].type_name, "cache");
    assert_eq!(configuration.connections()[0].lifecycle.start, crate::config::lifecycle::Start::Eager);
}

#[test]
fn one_name_in_two_included_files_is_an_error() {
    let cache = "[connections.a]\ntype = 'cache'\nhost = ''\n";
    let fixture =
        Fixture::of(&[("connections.toml", "include = ['*-x.toml']"), ("1-x.toml", cache), ("2-x.toml", cache)]);
    fixture.check(&["2-x.toml:1:14: [CR003]: connection `a` is declared twice"]);
}

#[test]
fn includes_stay_in_the_folder_and_names_must_exist() {
    let fixture = Fixture::new("include = ['../x', '/etc/passwd', 'a/*/b.toml', '', 5, 'gone.d/*.toml']");
    fixture.check(&[
        "connections.toml:1:12: [CR008]: the path leaves the configuration's folder",
        "connections.toml:1:20: [CR008]: the path leaves the configuration's folder",
        "connections.toml:1:35: [CR008]: `*` and `?` are allowed in the file name alone",
        "connections.toml:1:49: [CR008]: the path leaves the configuration's folder",
        "connections.toml:1:53: [CR007]: `include` must be a string, found an integer",
    ]);
    let fixture = Fixture::of(&[("connections.toml", "include = ['gone.toml']\nx = 1"), ("a.toml", "include = []")]);
    fixture.check(&[
        "connections.toml:1:12: [CR002]: cannot read `gone.toml`: it does not exist",
        "connections.toml:2:1: [CR005]: unknown key `x`",
    ]);
    let fixture = Fixture::of(&[("connections.toml", "include = ['a.toml']"), ("a.toml", "include = []")]);
    fixture.check(&["a.toml:1:1: [CR008]: `include` is for the main file alone"]);
}

#[test]
fn an_included_file_that_is_no_toml_hides_no_mistake_of_the_others() {
    let main = "include = ['*-x.toml', 'gone.toml']\n[connections.a]\ntype = 'cache'\nhots = ''\n";
    let fixture = Fixture::of(&[
        ("connections.toml", main),
        ("1-x.toml", "[connections.b]\ntype = \nurl = 1"),
        ("2-x.toml", "[connections.c]\ntype = 'cashe'\n"),
    ]);
    fixture.check(&[
        "connections.toml:1:24: [CR002]: cannot read `gone.toml`: it does not exist",
        "connections.toml:2:1: [CR006]: missing key `host`",
        "connections.toml:4:1: [CR005]: unknown key `hots`",
        "1-x.toml:2:8: [CR001]: not valid TOML: missing value",
        "2-x.toml:2:8: [CR004]: unknown connection type `cashe`",
    ]);
}

#[test]
fn a_profile_that_does_not_exist_is_an_error_that_lists_those_that_do() {
    let files = [("connections.toml", DB), ("connections.prod.toml", ""), ("connections.test.toml", "")];
    let fixture = Fixture::of(&files).profile("prd");
    fixture.check(&["[CR016]: there is no profile `prd`"]);
    assert_eq!(fixture.load().unwrap_err()[0].help(), Some("did you mean `prod`? profiles: prod, test"));
    Fixture::of(&files)
        .variable("CONNECTIONS_PROFILE", "../x")
        .check(&["CONNECTIONS_PROFILE:1:21: [CR016]: `../x` cannot be the name of a profile"]);
    Fixture::of(&files).variable("CONNECTIONS_PROFILE", "").valid();
    Fixture::of(&files).variable("CONNECTIONS_PROFILE", "x").profile("test").valid();
}

#[test]
fn overrides_find_names_and_keys_whatever_their_spelling() {
    let fixture = Fixture::new("[connections.Primary-db]\ntype = 'db'\nurl = ''\n")
        .variable("CONNECTIONS__PRIMARY_DB__PORT", "5432")
        .variable("CONNECTIONS__primary_db__URL", "a=b ${env:X} \"")
        .variable("CONNECTIONS__PRIMARY_DB__LIFECYCLE__CHECK_FALL", "9");
    let db = fixture.instance("Primary-db").db();
    assert_eq!((&*db.url, db.port), ("a=b ${env:X} \"", 5432));
    assert_eq!(fixture.valid().connections()[0].lifecycle.check_fall, 9);
}

#[test]
fn an_override_can_switch_a_connection_off_or_give_it_another_type() {
    let fixture = Fixture::new(DB).variable("CONNECTIONS__A__ENABLED", "false");
    let configuration = fixture.valid();
    assert!(!configuration.connections()[0].enabled);
    assert_eq!(configuration.connections()[0].enabled_at().as_deref(), Some("CONNECTIONS__A__ENABLED:1:25"));
    let fixture = Fixture::new(DB).variable("CONNECTIONS__A__TYPE", "cache").variable("CONNECTIONS__A__HOST", "h");
    assert_eq!(&*fixture.valid().connections()[0].type_name, "cache");
}

#[test]
fn overrides_that_fit_nothing_are_errors_in_the_variable() {
    let fixture = Fixture::new(&format!(
        "{DB}[connections.b-c]\ntype = 'cache'\nhost = ''\n[connections.b_c]\ntype = 'cache'\nhost = ''\n"
    ))
    .variable("CONNECTIONS__AA__PORT", "1")
    .variable("CONNECTIONS__A", "1")
    .variable("CONNECTIONS__A__EXTENDS", "b")
    .variable("CONNECTIONS__A__PROT", "hunter2")
    .variable("CONNECTIONS__A__PORT", "hunter2")
    .variable("CONNECTIONS__B_C__HOST", "1")
    .variable("CONNECTIONS__a__URL", "1")
    .variable("CONNECTIONS__A__URL", "1");
    fixture.check(&[
        "CONNECTIONS__A:1:1: [CR017]: the variable does not name a connection and a key",
        "CONNECTIONS__AA__PORT:1:14: [CR017]: the variable fits no connection",
        "CONNECTIONS__A__EXTENDS:1:17: [CR017]: `extends` cannot be set by a variable",
        "CONNECTIONS__A__PORT:1:22: [CR007]: `port` must be a whole number from 0 to 65535",
        "CONNECTIONS__A__PROT:1:17: [CR005]: unknown key `prot`",
        "CONNECTIONS__B_C__HOST:1:14: [CR017]: the variable fits more than one connection: b-c, b_c",
        "CONNECTIONS__a__URL:1:17: [CR017]: two variables set this key",
    ]);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_text_is_an_error() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    Fixture::new(DB)
        .variable("CONNECTIONS__A__URL", OsStr::from_bytes(b"\xff"))
        .check(&["CONNECTIONS__A__URL:1:1: [CR017]: the variable is not UTF-8"]);
}

#[test]
fn a_text_has_its_own_name_and_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("connections.x.toml"), "[connections.a]\nprot = 1").unwrap();
    let request = crate::config::LoadRequest {
        profile: Some("x".to_owned()),
        ..text_request("[connections.a]\ntype = 'cache'", folder.path().to_owned())
    };
    let problems = load(&request, &Catalogue).map(|_| ()).unwrap_err();
    assert_eq!(problems[0].to_string(), "<text>:1:1: error[CR006]: missing key `host`");
    assert!(problems[1].file().ends_with("connections.x.toml"));
}
