//! Streams, colours, exit codes, and arguments that nobody expects.

use std::{
    io,
    path::Path,
    process::{Output, Stdio},
};

use crate::program::{commands, folder, own_cli, run, text};
#[cfg(target_os = "linux")]
use crate::terminal::Terminal;

const GOOD: &str = "[connections.answers]\ntype = 'cache'\nhost = 'cache.example.com'\n";

const BAD: &str = "[connections.answers]\ntype = 'cache'\nhots = 'cache.example.com'\n";

#[track_caller]
fn check_code(configuration: &str, arguments: &[&str], expected: i32) -> Output {
    let output = run(folder(configuration).path(), arguments);
    assert_eq!(output.status.code(), Some(expected), "{arguments:?}: {}", text(&output));
    output
}

#[test]
fn the_exit_code_says_how_it_went() {
    for arguments in [
        &["check"][..],
        &["list"],
        &["show", "answers"],
        &["types"],
        &["types", "cache"],
        &["schema"],
        &["schema", "--type", "cache"],
        &["explain", "CR001"],
        &["graph"],
        &["diff", "connections.toml"],
        &["test"],
        &["watch", "--for", "1ms"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
        &["help", "check"],
    ] {
        check_code(GOOD, arguments, 0);
    }
    for arguments in [
        &["check"][..],
        &["check", "--format", "json"],
        &["check", "--format", "sarif"],
        &["list"],
        &["show", "answers"],
        &["types", "cach"],
        &["schema", "--type", "cach"],
        &["explain", "CR999"],
        &["graph"],
        &["test"],
        &["watch", "--for", "1ms"],
    ] {
        check_code(BAD, arguments, 1);
    }
    check_code(GOOD, &["test", "anwers"], 1);
    check_code(BAD, &["diff", "connections.toml"], 3);
    check_code(GOOD, &["check", "--names", "anwers"], 1);
    for arguments in [&[][..], &["lst"], &["show"], &["list", "--color", "pink"], &["check", "--names"]] {
        check_code(GOOD, arguments, 2);
    }
}

#[test]
fn results_go_to_the_standard_output_and_failures_to_the_standard_error() {
    for (configuration, arguments) in [(GOOD, &["list"][..]), (GOOD, &["check"]), (BAD, &["check"])] {
        let output = run(folder(configuration).path(), arguments);
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{}", text(&output));
    }
    for (configuration, arguments) in [(BAD, &["list"][..]), (GOOD, &["show", "x"]), (GOOD, &["lst"])] {
        let output = run(folder(configuration).path(), arguments);
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{}", text(&output));
    }
}

#[test]
fn json_is_one_value() {
    for arguments in [
        &["list", "--format", "json"][..],
        &["show", "answers", "--format", "json"],
        &["types", "--format", "json"],
        &["types", "cache", "--format", "json"],
        &["check", "--format", "json"],
        &["check", "--format", "sarif"],
        &["diff", "connections.toml", "--format", "json"],
        &["test", "--format", "json"],
    ] {
        let output = check_code(GOOD, arguments, 0);
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        assert!(value.is_object() || value.is_array());
    }
    let output = check_code(BAD, &["check", "--format", "json"], 1);
    let problems: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!((problems[0]["code"].as_str(), problems[0]["line"].as_u64()), (Some("CR006"), Some(1)));
    assert_eq!((problems[1]["code"].as_str(), problems[1]["line"].as_u64()), (Some("CR005"), Some(3)));
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let folder = folder(BAD);
    let is_colored = |arguments: &[&str], variables: &[(&str, &str)]| {
        let output = own_cli(folder.path()).args(arguments).envs(variables.iter().copied()).output();
        text(&output.expect("the program starts")).contains('\u{1b}')
    };
    for arguments in [&["check"][..], &["list"], &["types"], &["show", "x"], &["lst"], &["--help"]] {
        assert!(!is_colored(arguments, &[]), "{arguments:?}");
        assert!(!is_colored(arguments, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), "{arguments:?}");
    }
    for arguments in [&["check", "--color", "always"][..], &["types", "--color=always"], &["list", "--color=always"]] {
        assert!(is_colored(arguments, &[("NO_COLOR", "1")]), "{arguments:?}");
    }
    assert!(!is_colored(&["check", "--color", "never"], &[("CLICOLOR_FORCE", "1")]));
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_has_colours_unless_it_cannot_or_its_user_will_not() {
    let folder = folder(BAD);
    for (arguments, variables, expected) in [
        (&["check"][..], &[("TERM", "xterm")][..], true),
        (&["check"], &[("TERM", "xterm"), ("NO_COLOR", "1")], false),
        (&["check"], &[("TERM", "dumb")], false),
        (&["check", "--color", "never"], &[("TERM", "xterm")], false),
    ] {
        let (_, written) = Terminal::run(folder.path(), arguments, variables).end();
        assert!(written.contains("CR005"), "{written}");
        assert_eq!(written.contains('\u{1b}'), expected, "{arguments:?} {variables:?}: {written}");
    }
}

#[test]
fn colours_change_nothing_else() {
    let folder = folder(BAD);
    let plain = run(folder.path(), &["check"]).stdout;
    let colored = run(folder.path(), &["check", "--color", "always"]).stdout;
    assert_ne!(plain, colored);
    assert_eq!(String::from_utf8_lossy(&plain), without_styles(&String::from_utf8_lossy(&colored)));
}

fn without_styles(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.split_once('m').map_or("", |(_, rest)| rest));
    std::iter::once(first.as_str()).chain(rest).collect()
}

/// The standard output of the program is a pipe that nobody reads any more.
fn run_into_closed_pipe(folder: &Path, arguments: &[&str]) -> Output {
    let (reader, writer) = io::pipe().expect("a pipe can be made");
    drop(reader);
    let program = own_cli(folder).args(arguments).stdout(writer).stderr(Stdio::piped()).spawn();
    program.expect("the program starts").wait_with_output().expect("the program ends")
}

#[test]
fn a_closed_pipe_is_quiet() {
    for configuration in [GOOD, BAD] {
        let folder = folder(configuration);
        for arguments in
            [&["check"][..], &["check", "--format", "sarif"], &["types"], &["explain", "CR001"], &["--help"], &["-V"]]
        {
            let output = run_into_closed_pipe(folder.path(), arguments);
            assert_eq!((output.status.code(), text(&output).as_str()), (Some(141), ""), "{arguments:?}");
        }
    }
    let folder = folder(GOOD);
    for arguments in [
        &["list"][..],
        &["list", "--format=json"],
        &["show", "answers"],
        &["types", "--format=json"],
        &["graph"],
        &["diff", "connections.toml"],
        &["test"],
        &["test", "--format=json"],
        &["watch", "--for=1ms"],
        &["completions", "fish"],
    ] {
        let output = run_into_closed_pipe(folder.path(), arguments);
        assert_eq!((output.status.code(), text(&output).as_str()), (Some(141), ""), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said() {
    let full = std::fs::File::options().write(true).open("/dev/full").expect("there is a full disk");
    let output = own_cli(folder(GOOD).path()).arg("list").stdout(full).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output).starts_with("error: failed to write the output: "), "{}", text(&output));
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_not_utf8_is_no_panic() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    let strange = OsStr::from_bytes(b"a\xffb");
    let folder = folder(GOOD);
    let mut calls: Vec<Vec<&OsStr>> = vec![vec![strange]];
    for command in &commands() {
        let command: &OsStr = command.as_ref();
        calls.push(vec![OsStr::from_bytes(command.as_bytes().to_vec().leak()), strange]);
    }
    for option in ["--config", "--profile", "--color"] {
        calls.push(vec![OsStr::new("list"), OsStr::new(option), strange]);
    }
    for arguments in calls {
        let output = run(folder.path(), &arguments);
        assert!(matches!(output.status.code(), Some(1..=3)), "{arguments:?}: {}", text(&output));
        assert!(!text(&output).contains("panicked"), "{}", text(&output));
    }
}

#[test]
fn a_name_with_control_characters_cannot_repaint_the_terminal() {
    let folder = folder(GOOD);
    for arguments in [["show", "a\u{1b}[2Jb"], ["explain", "a\u{1b}[2Jb"], ["types", "a\u{1b}[2Jb"]] {
        let output = run(folder.path(), &[arguments[0], arguments[1], "--color=always"]);
        assert!(!text(&output).contains("\u{1b}[2J"), "{}", text(&output));
    }
}

#[test]
fn the_schema_is_written_to_the_output_or_to_a_file() {
    let folder = folder(GOOD);
    let whole = run(folder.path(), &["schema"]);
    let written = run(folder.path(), &["schema", "--output", "made.json"]);
    assert!(written.status.success() && written.stdout.is_empty() && written.stderr.is_empty(), "{}", text(&written));
    assert_eq!(std::fs::read(folder.path().join("made.json")).unwrap(), whole.stdout);
    let schema: serde_json::Value = serde_json::from_slice(&whole.stdout).unwrap();
    assert_eq!(schema["definitions"]["type.cache"]["properties"]["port"]["default"], 6379);
    let alone = run(folder.path(), &["schema", "--type", "cache"]);
    let alone: serde_json::Value = serde_json::from_slice(&alone.stdout).unwrap();
    assert_eq!(alone["required"], serde_json::json!(["host"]));
    let failed = run(folder.path(), &["schema", "--output", "nowhere/made.json"]);
    assert_eq!(failed.status.code(), Some(3));
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(said.contains("failed to write the output: `nowhere/made.json`: "), "{said}");
}
