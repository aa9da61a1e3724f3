//! Anything as a file, anything as a variable.

use std::{
    ffi::OsString,
    time::{Duration, Instant},
};

use proptest::prelude::*;

use super::support::{Catalogue, Fixture, text_request};
use crate::config::load;

/// Stands for a secret in [`LINES`].
const CANARY: &str = "hunter2canary";

fn loads(text: &str) {
    let mut request = text_request(text, std::env::temp_dir().join("there is no such folder"));
    request.max_bytes = u64::MAX;
    if let Err(problems) = load(&request, &Catalogue) {
        assert!(!problems.is_empty());
        assert!(!format!("{problems:?}").contains(CANARY), "{text}");
    }
}

/// Lines that mean something, so that a random order of them reaches every pass.
const LINES: &[&str] = &[
    "[connections.a]",
    "[connections.b]",
    "[[connections.c]]",
    "[connections.a.lifecycle]",
    "[defaults.db]",
    "[defaults.lifecycle]",
    "include = ['*.toml', '${env:A}']",
    "type = 'db'",
    "type = 'app'",
    "extends = 'a'",
    "extends = 'b'",
    "app = 'b'",
    "app = 'a'",
    "url = \"\\u0041${env:A:-b}$${\"",
    "url = '''\n${oc.env:A,b}'''",
    "enabled = '${env:A}'",
    "port = inf",
    "port = 99999999999999999999999999999999999999999999",
    "a.b.c = { d = [1, { e = 2, e = 3 }] }",
    "config_file = 'x'",
    "check_fall = -1",
    "\u{feff}",
    "\"\\u0000\" = 1979-05-27",
    "[connections.a",
    "x = \"",
    "password = 'hunter2canary'",
    "password = hunter2canary",
    "password = ['hunter2canary', { hunter2 = 'hunter2canary' }]",
    "port = 'hunter2canary'",
    "url = 'x://u:hunter2canary@h/${env:A}${'",
    "timeout = \"hunter2canary",
    "pool = { min = 'hunter2canary', min = 1 }",
    "[connections.d] # hunter2canary",
    "[connections.\"t/{id}\"]",
    "[connections.\"t/{x}\"]",
    "[connections.\"t/{\"]",
    "url = '${name:id}${name:x}hunter2canary'",
    "app = 't/${name:id}'",
    "app = 't/1'",
    "extends = 't/{id}'",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_a_value_or_problems(text in ".{0,200}") {
        loads(&text);
    }

    #[test]
    fn any_lines_give_a_value_or_problems(lines in proptest::collection::vec(proptest::sample::select(LINES), 0..30)) {
        loads(&lines.join("\n"));
    }

    #[test]
    fn any_bytes_of_a_file_give_a_value_or_problems(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Fixture::of(&[]).file("connections.toml", bytes).load();
    }

    #[test]
    fn a_value_of_the_environment_stays_plain_data(
        value in prop_oneof!["[^\0]{1,40}", Just("\"\n[connections.b]\ntype = 'db'".to_owned()), Just("${env:OTHER}".to_owned())],
    ) {
        let fixture = Fixture::new("[connections.a]\ntype = 'db'\nurl = '${env:V}'\ntags = ['<${env:V}>']\n")
            .variable("V", value.clone())
            .variable("OTHER", "expanded")
            .variable("CONNECTIONS__A__PASSWORD", value.clone());
        let configuration = fixture.valid();
        prop_assert_eq!(configuration.connections().len(), 1);
        let Ok(resolved) = configuration.resolve("a") else { return Err(TestCaseError::fail("not resolved")) };
        let db = resolved.instance.db();
        prop_assert_eq!(&db.url, &value);
        prop_assert_eq!(&db.tags, &[format!("<{value}>")]);
        prop_assert_eq!(db.password.expose(), value.as_str());
    }

    #[test]
    fn any_variable_gives_a_value_or_problems(name in "[A-Za-z_]{0,20}", value in any::<String>()) {
        let fixture = Fixture::new("[connections.a]\ntype = 'db'\nurl = ''\n[connections.a_b]\nextends = 'a'\n")
            .variable(&format!("CONNECTIONS__{name}"), OsString::from(value.clone()))
            .variable(&format!("CONNECTIONS__A__{name}"), OsString::from(value));
        let _ = fixture.load();
    }
}

#[test]
fn deep_nesting_is_an_error() {
    let inline = format!("{}{}", "{ a = ".repeat(70), "}".repeat(70));
    let dotted = vec!["a"; 79].join(".");
    let deep = (0..79).fold("1".to_owned(), |inner, _| format!("{{ {dotted} = {inner} }}"));
    for text in [
        format!("x = {}", "[".repeat(100_000)),
        format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("[{}]", vec!["a"; 100_000].join(".")),
        format!("{} = 1", vec!["a"; 10_000].join(".")),
        format!("[connections.a]\nurl = {inline}"),
        format!("[connections.a]\nurl = {deep}"),
    ] {
        loads(&text);
    }
}

#[test]
fn ten_thousand_connections_are_loaded_in_order() {
    let text = ten_thousand();
    let mut request = text_request(&text, "".into());
    request.max_bytes = u64::MAX;
    let start = Instant::now();
    let configuration = load(&request, &Catalogue).unwrap();
    // Many times what it takes, for a slow and busy machine.
    assert!(start.elapsed() < Duration::from_secs(20));
    assert!(configuration.connections().is_sorted_by_key(|declared| declared.name.clone()));
    assert_eq!(configuration.connections().len(), 10_000);
}

fn ten_thousand() -> String {
    let connection = |at| {
        format!(
            "[connections.name_{at}]\ntype = \"db\"\nurl = \"postgres://app@host-{at}.example.org:5432/app\"\n\
             password = \"${{env:PASSWORD_{at}}}\"\nport = 5432\ntimeout = \"30s\"\ntags = [\"a\", \"b\"]\n\
             pool = {{ min = 1, max = 20 }}\nlifecycle.start = \"eager\"\n\n"
        )
    };
    (0..10_000).map(connection).collect()
}

#[test]
fn ten_thousand_mistakes_are_reported_in_time() {
    let text: String = (0..10_000).map(|at| format!("[connections.a{at}]\nextends = 'b{at}'\n")).collect();
    let mut request = text_request(&text, "".into());
    request.max_bytes = u64::MAX;
    let start = Instant::now();
    assert_eq!(load(&request, &Catalogue).map(|_| ()).unwrap_err().len(), 10_000);
    assert!(start.elapsed() < Duration::from_secs(20));
}
