//! Placeholders: nothing is read at load, everything when a connection is used.

use super::support::Fixture;

const DB: &str = "[connections.a]\ntype = 'db'\nurl = 'db://app:${env:PW}@h/$${x}'\nport = '${env:PORT:-5432}'\n\
                  pool = { min = '${env:MIN}' }\npassword = \"${file:secret}\"\n";

fn fixture() -> Fixture {
    Fixture::new(DB).file("secret", "hunter2\r\n\n")
}

#[test]
fn placeholders_are_resolved_when_a_connection_is_used() {
    let fixture = fixture().variable("PW", "p%40ss").variable("MIN", "3");
    let db = fixture.instance("a").db();
    assert_eq!((&*db.url, db.port, db.pool.min), ("db://app:p%40ss@h/${x}", 5432, 3));
    assert_eq!(db.password.expose(), "hunter2\r\n");
}

#[test]
fn the_texts_that_must_not_be_printed_are_known() {
    let fixture = fixture().variable("PW", "p%40ss").variable("MIN", "3");
    let resolved = fixture.valid().resolve("a").unwrap();
    assert_eq!(resolved.secrets, ["5432", "hunter2\r\n", "p%40ss", "p@ss"]);
    let plain = Fixture::new("[connections.a]\ntype = 'db'\nurl = 'db://u:hunt%65r@h'\npassword = 'literal'\n");
    assert_eq!(plain.valid().resolve("a").unwrap().secrets, ["hunt%65r", "hunter", "literal"]);
}

#[test]
fn what_is_missing_harms_the_connection_that_needs_it_and_no_other() {
    let fixture = Fixture::new(&format!("{DB}[connections.b]\ntype = 'cache'\nhost = 'h'\n"))
        .variable("PWD", "x")
        .variable("MIN", "many");
    let configuration = fixture.valid();
    assert!(configuration.resolve("b").is_ok());
    let problems = configuration.resolve("a").map(|_| ()).unwrap_err();
    assert_eq!(
        fixture.lines(&problems),
        [
            "connections.toml:3:17: [CR012]: environment variable `PW` is not set",
            "connections.toml:5:16: [CR007]: `min` must be a whole number from 0 to 4294967295",
            "connections.toml:6:13: [CR012]: file `secret` is missing or empty",
        ]
    );
    assert_eq!(problems[0].key_path(), Some("connections.a.url"));
    assert_eq!(problems[0].help(), Some("did you mean `PWD`? set it, or give a default: `${env:PW:-default}`"));
}

#[track_caller]
fn check(placeholder: &str, expected: Result<&str, &str>) {
    let fixture = Fixture::new(&format!("[connections.a]\ntype = 'cache'\nhost = '{placeholder}'\n"))
        .variable("EMPTY", "")
        .variable("SET", "${env:SET}")
        .file("d/lines", "a\nb\n")
        .file("large", "x".repeat(64 * 1024 + 1))
        .file("bytes", b"\xff");
    let found = fixture.valid().resolve("a");
    let found = match &found {
        Ok(resolved) => match &resolved.instance {
            super::support::Instance::Cache(cache) => Ok(&*cache.host),
            other => panic!("{other:?}"),
        },
        Err(problems) => Err(problems[0].message()),
    };
    assert_eq!(found, expected);
}

#[test]
fn defaults_messages_and_files_follow_the_grammar() {
    check("${env:EMPTY}", Err("environment variable `EMPTY` is empty"));
    check("${env:EMPTY:-}", Ok(""));
    check("${env:GONE:-a:-b}", Ok("a:-b"));
    check("${env:SET}", Ok("${env:SET}"));
    check("<${env:SET}>", Ok("<${env:SET}>"));
    check("${file:d/lines}", Ok("a\nb"));
    check("${file:./gone:-x}", Ok("x"));
    check("${file:../x}", Err("file `../x` is outside of the configuration's folder"));
    check("${file:large}", Err("cannot read file `large`: it is larger than 65536 bytes"));
    check("${file:bytes}", Err("cannot read file `bytes`: it is not UTF-8 at byte 0"));
    check("${file:d}", Err("cannot read file `d`: it is a directory"));
    #[cfg(unix)]
    check("${file:/dev/zero}", Err("cannot read file `/dev/zero`: it is not a regular file"));
}

#[test]
fn a_placeholder_beside_other_text_is_no_number_already_at_load() {
    Fixture::new("[connections.a]\ntype = 'db'\nurl = 'x${env:A}'\nport = '1${env:A}'\ntimeout = '${env:A}s'\n")
        .check(&["connections.toml:4:8: [CR007]: `port` must be a whole number from 0 to 65535, found a string"]);
}

#[test]
fn a_message_of_the_author_is_part_of_the_message() {
    let fixture = Fixture::new("[connections.a]\ntype = 'cache'\nhost = '${env:GONE:?ask the team}'\n");
    let problems = fixture.valid().resolve("a").map(|_| ()).unwrap_err();
    assert_eq!(problems[0].message(), "environment variable `GONE` is not set: ask the team");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_text_is_an_error_of_its_own() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let fixture = fixture().variable("PW", OsStr::from_bytes(b"\xff")).variable("MIN", "1");
    let problems = fixture.valid().resolve("a").map(|_| ()).unwrap_err();
    assert_eq!(problems[0].message(), "environment variable `PW` is not UTF-8");
}

#[cfg(unix)]
#[test]
fn a_secret_file_that_others_can_read_is_refused_when_strict() {
    use std::{fs, os::unix::fs::PermissionsExt};
    let mut fixture = fixture().variable("PW", "x").variable("MIN", "1");
    fixture.request.strict_permissions = true;
    let allow = |mode| fs::set_permissions(fixture.path().join("secret"), fs::Permissions::from_mode(mode)).unwrap();
    allow(0o640);
    let problems = fixture.valid().resolve("a").map(|_| ()).unwrap_err();
    assert_eq!(
        fixture.lines(&problems),
        ["connections.toml:6:13: [CR012]: file `secret` can be read by its group or by everybody"]
    );
    allow(0o600);
    fixture.instance("a");
}

#[test]
fn enabled_is_resolved_at_load() {
    let text = "[connections.a]\ntype = 'cache'\nhost = ''\nenabled = '${env:ON}'\n";
    assert!(!Fixture::new(text).variable("ON", "false").valid().connections()[0].enabled);
    Fixture::new(text).check(&["connections.toml:4:12: [CR012]: environment variable `ON` is not set"]);
    Fixture::new(text).variable("ON", "1").check(&["connections.toml:4:11: [CR007]: `enabled` must be a boolean"]);
}
