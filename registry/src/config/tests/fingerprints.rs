//! Which connections say the same.

use std::collections::HashSet;

use super::support::{Fixture, Instance, text_request};
use crate::{
    config::{
        Configuration,
        context::Context,
        document,
        fingerprint::Fingerprint,
        value::{Value, ValueKind},
    },
    span::{SourceKind, Span},
};

/// The fingerprint of a `db` whose fields are `text`: what the type takes does not matter here.
fn of(text: &str) -> Fingerprint {
    let mut request = text_request(text, "".into());
    request.max_bytes = u64::MAX;
    let mut context = Context::new(&request);
    let table = document::read_main(&mut context).root;
    assert!(context.problems.is_empty(), "{text}");
    let source = context.sources.add("", "", SourceKind::File);
    let span = Span::new(source, 0..0);
    Fingerprint::of("db", &Value::new(ValueKind::Table(table), span, span))
}

#[track_caller]
fn check(one: &str, other: &str, expected: bool) {
    assert_eq!(of(one) == of(other), expected, "{one}\n{other}");
}

#[test]
fn order_and_spelling_do_not_matter() {
    check("a = 'x'\nb = 1", "b = 1\n\n# a comment\na = \"x\"", true);
    check("a = 'x'", "a = '''x'''", true);
    check("a = \"\\u0041\"", "a = 'A'", true);
    check("a = 0x10", "a = 1_6", true);
    check("a = 1.50", "a = 15e-1", true);
    check("a = nan", "a = -nan", true);
    check("a = { b = 1, c = [1] }", "[a]\nc = [\n  1,\n]\nb = 1", true);
    check("a.b = 1\na.c = 2", "a = { c = 2, b = 1 }", true);
    check("a = '$${x}'", "a = \"$${x}\"", true);
}

#[test]
fn everything_else_does() {
    let texts = [
        "",
        "a = ''",
        "b = ''",
        "a = ' '",
        "a = 'x'",
        "a = 'y'",
        "a = 1",
        "a = '1'",
        "a = 1.0",
        "a = -1",
        "a = true",
        "a = false",
        "a = 0",
        "a = 'true'",
        "a = []",
        "a = {}",
        "a = [[]]",
        "a = [1]",
        "a = [1, 2]",
        "a = [2, 1]",
        "a = [[1], 2]",
        "a = [1, [2]]",
        "a = ['x', 'y']",
        "a = ['xy']",
        "a = ['y', 'x']",
        "a = { x = 'y' }",
        "a = { y = 'x' }",
        "a = { x = 1, y = 2 }",
        "a = { x = 2, y = 1 }",
        "a = [{ x = 1 }, { y = 2 }]",
        "a = { b = { c = 1 } }",
        "a = { b = 1 }\nc = 1",
        "a = { b = 1, c = 1 }",
        "a = 1979-05-27",
        "a = 1979-05-27T07:32:00Z",
        "a = '1979-05-27'",
        "a = '${env:X}'",
        "a = '$${env:X}'",
        "a = '${env:Y}'",
        "a = '${env:X:-1}'",
        "a = 0.0",
        "a = -0.0",
        "a = nan",
        "a = inf",
        "a = 'x'\nb = 'y'",
        "a = 'y'\nb = 'x'",
        "a = 'x'\nb = 'x'",
        "b = 'x'",
    ];
    let prints: HashSet<_> = texts.iter().map(|text| of(text)).collect();
    assert_eq!(prints.len(), texts.len());
}

#[test]
fn the_type_counts_and_lifecycle_and_enabled_do_not() {
    let content = |text: &str| Fixture::new(&format!("[connections.a]\n{text}")).valid().connections()[0].content;
    let base = content("type = 'db'\nurl = 'x'\n");
    assert_eq!(content("url = \"x\"\ntype = \"db\"\nlifecycle.start = 'eager'\nenabled = false"), base);
    assert_ne!(content("type = 'db'\nurl = 'x'\nport = 0\n"), base);
    assert_eq!(
        content("type = 'gone'\nurl = 'x'\nenabled = false"),
        content("type = 'gone'\nurl = 'x'\nenabled = false")
    );
    assert_ne!(content("type = 'gone'\nurl = 'x'\nenabled = false"), base);
}

#[test]
fn where_a_value_comes_from_does_not_count() {
    let content = |fixture: Fixture| fixture.valid().find("a").unwrap().content;
    let base = content(Fixture::new("[connections.a]\ntype = 'db'\nurl = 'x'\nport = 1\n"));
    let defaults = "[defaults.db]\nport = 1\n[connections.a]\ntype = 'db'\nurl = 'x'\n";
    let extends = "[connections.b]\ntype = 'db'\nurl = 'x'\nport = 2\n[connections.a]\nextends = 'b'\nport = 1\n";
    let file = "[connections.a]\ntype = 'db'\nconfig_file = 'f.toml'\n";
    assert_eq!(content(Fixture::new(defaults)), base);
    assert_eq!(content(Fixture::new(extends)), base);
    assert_eq!(content(Fixture::new(file).file("f.toml", "port = 1\nurl = 'x'\n")), base);
    let variable = Fixture::new("[connections.a]\ntype = 'db'\nurl = 'y'\nport = 1\n");
    assert_eq!(content(variable.variable("CONNECTIONS__A__URL", "x")), base);
}

const ROTATED: &str = "[connections.a]\ntype = 'db'\nurl = '${env:URL:-x}'\npassword = '${file:secret}'\n\
                       [connections.b]\ntype = 'db'\nurl = 'x'\npassword = 'one'\n";

/// The resolved content of a connection, which is the same with and without decoding.
#[track_caller]
fn resolved(configuration: &Configuration<Instance>, name: &str) -> Fingerprint {
    let content = configuration.resolve(name).unwrap().content;
    assert_eq!(configuration.resolved_content(name).unwrap(), content);
    content
}

#[test]
fn a_rotated_file_changes_what_is_resolved_and_not_what_is_declared() {
    let fixture = Fixture::new(ROTATED).file("secret", "one\n");
    let configuration = fixture.valid();
    let (a, b) = (resolved(&configuration, "a"), resolved(&configuration, "b"));
    assert_eq!(a, b);
    assert_eq!(configuration.find("b").unwrap().content, b);
    assert_ne!(configuration.find("a").unwrap().content, a);
    let fixture = fixture.file("secret", "two");
    assert_ne!(resolved(&configuration, "a"), a);
    assert_eq!(resolved(&configuration, "b"), b);
    let again = fixture.valid();
    assert_eq!(again.find("a").unwrap().content, configuration.find("a").unwrap().content);
    assert_eq!(resolved(&again, "a"), resolved(&configuration, "a"));
    let fixture = fixture.file("secret", "one");
    assert_eq!(resolved(&configuration, "a"), a);
    assert_ne!(resolved(&fixture.variable("URL", "y").valid(), "a"), a);
}

#[test]
fn instances_differ_by_what_their_names_give() {
    let fixture = Fixture::new(
        "[connections.\"t/{id}\"]\ntype = 'cache'\nhost = 'h-${name:id}'\n\
                                [connections.\"t/9\"]\ntype = 'cache'\nhost = 'h-9'\n\
                                [connections.\"u/{x}\"]\ntype = 'cache'\nhost = 'h-${name:x}'\n",
    );
    let configuration = fixture.valid();
    assert_ne!(resolved(&configuration, "t/1"), resolved(&configuration, "t/2"));
    assert_eq!(resolved(&configuration, "t/1"), resolved(&configuration, "u/1"));
    assert_eq!(resolved(&configuration, "t/9"), resolved(&configuration, "u/9"));
}

#[test]
fn what_cannot_be_resolved_has_no_content() {
    let configuration = Fixture::new(&format!("{ROTATED}[connections.c]\nextends = 'b'\nenabled = false\n")).valid();
    let message = |name| configuration.resolved_content(name).unwrap_err()[0].message().to_owned();
    assert_eq!(message("a"), "file `secret` is missing or empty");
    assert_eq!(message("c"), "connection `c` is disabled");
    assert_eq!(message("d"), "there is no connection `d`");
}
