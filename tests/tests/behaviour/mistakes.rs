//! A configuration with many mistakes: all are reported in one run, each at its place, and no value with them.

use std::{fs, path::Path};

use connection_registry::{ConnectionManager, Error, ErrorKind};

const CANARY: &str = "canary-Xq7";

/// Where a mistake is: file, line, column, code.
type Place = (&'static str, usize, usize, &'static str);

#[test]
fn eighteen_mistakes_in_three_files_and_a_variable_give_eighteen_diagnostics_at_their_places() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "app.toml",
        "\
include = ['more.toml']
[defaults.prob]
delay = '1s'
[conections]
[connections.a]
type = 'prob'
record = 'canary-Xq7'
[connections.b]
type = 'probe'
recrod = 'canary-Xq7'
password = 17
[connections.c]
type = 'probe'
record = 'c'
connect = ['canary-Xq7']
delay = 'canary-Xq7'
[connections.d]
type = 'probe'
record = '${emv:canary_Xq7}'
needs = 'e'
[connections.e]
type = 'probe'
record = 'e'
needs = 'd'
[connections.f]
extends = 'g'
lifecycle.connect_timeout = '0s'
[connections.h]
type = 'probe'
config_file = 'h.toml'
",
    );
    write(folder.path(), "more.toml", "[connections.B]\ntype = 'probe'\nrecord = 'x'\n[connections.i]\nenabled = 1\n");
    write(folder.path(), "h.toml", "record = 'h'\ntype = 'probe'\npassword = ['canary-Xq7']\n");
    let variables = [("CONNECTIONS__NOBODY__RECORD", "canary-Xq7")];
    let error = ConnectionManager::builder()
        .file(folder.path().join("app.toml"))
        .environment(variables)
        .build()
        .expect_err("it is full of mistakes");
    check_places(
        &error,
        &[
            ("app.toml", 2, 11, "CR004"),
            ("app.toml", 4, 2, "CR005"),
            ("app.toml", 6, 8, "CR004"),
            ("app.toml", 8, 1, "CR006"),
            ("app.toml", 8, 14, "CR003"),
            ("app.toml", 10, 1, "CR005"),
            ("app.toml", 11, 12, "CR007"),
            ("app.toml", 15, 12, "CR007"),
            ("app.toml", 16, 9, "CR007"),
            ("app.toml", 19, 11, "CR011"),
            ("app.toml", 20, 9, "CR014"),
            ("app.toml", 26, 11, "CR013"),
            ("app.toml", 27, 29, "CR008"),
            ("more.toml", 4, 1, "CR006"),
            ("more.toml", 5, 11, "CR007"),
            ("CONNECTIONS__NOBODY__RECORD", 1, 14, "CR017"),
            ("h.toml", 2, 1, "CR008"),
            ("h.toml", 3, 12, "CR007"),
        ],
    );
    check_no_canary(&error);
}

#[test]
fn a_file_with_syntax_errors_gives_all_of_them_and_nothing_else() {
    let error = connection_registry_tests::refused(
        "[connections.a]\ntype = 'probe'\npassword = canary-Xq7\nrecord = \n[connections.b\ntype = 'prob'\n",
    );
    assert!(error.diagnostics().len() >= 3, "{error}");
    for (diagnostic, line) in error.diagnostics().iter().zip([3, 4, 5]) {
        assert_eq!((diagnostic.code(), diagnostic.line()), ("CR001", line), "{error}");
    }
    check_no_canary(&error);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = ConnectionManager::from_file("nowhere/connections.toml").expect_err("there is no such file");
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("nowhere/connections.toml"), "{error}");
}

#[track_caller]
fn check_places(error: &Error, expected: &[Place]) {
    let found: Vec<_> = error
        .diagnostics()
        .iter()
        .map(|diagnostic| {
            let file = Path::new(diagnostic.file()).file_name().and_then(|name| name.to_str()).unwrap_or_default();
            (file.to_owned(), diagnostic.line(), diagnostic.column(), diagnostic.code().to_owned())
        })
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(file, line, column, code)| ((*file).to_owned(), *line, *column, (*code).to_owned()))
        .collect();
    assert_eq!(found, expected, "{}", error.render());
}

#[track_caller]
fn check_no_canary(error: &Error) {
    let outputs = [error.to_string(), format!("{error:?}"), format!("{error:#?}"), error.render(), error.to_json()];
    for output in outputs {
        assert!(!output.contains(CANARY), "a secret is in: {output}");
    }
    let data = format!("{:?}", error.diagnostics());
    assert!(!data.contains(CANARY), "a secret is in: {data}");
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}
