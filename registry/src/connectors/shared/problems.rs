//! What a configuration is told, for the tests of the types.

use crate::{ConnectionManager, Diagnostic, Error};

/// Asserts the problems of a connection of this type, as `code line message`. Its header stands on line 2, and the first of
/// `fields` on line 4.
#[track_caller]
pub(in crate::connectors) fn check(type_name: &str, fields: &str, expected: &[&str]) {
    check_toml(&format!("\n[connections.main]\ntype = '{type_name}'\n{fields}\n"), expected);
}

/// Asserts the problems of a configuration, as `code line message`.
#[track_caller]
pub(in crate::connectors) fn check_toml(toml: &str, expected: &[&str]) {
    let built = ConnectionManager::builder().environment([("A", "b")]).toml(toml).build();
    let error = built.err();
    let rendered = error.as_ref().map(ToString::to_string).unwrap_or_default();
    assert!(!rendered.contains("c4nary"), "{rendered}");
    let problems: Vec<_> = error.iter().flat_map(Error::diagnostics).map(line).collect();
    assert_eq!(problems, expected, "{toml}");
}

fn line(problem: &Diagnostic) -> String {
    format!("{} {} {}", problem.code(), problem.line(), problem.message())
}
