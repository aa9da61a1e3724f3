//! Problems that more than one pass reports.

use super::{types::Types, value::Value};
use crate::{
    diagnostic::{Code, Problem, did_you_mean},
    span::Span,
};

/// The problem of a value that is not `expected`.
pub(super) fn wrong_type(key: &str, value: &Value, expected: &str) -> Problem {
    let (key, found) = (key.escape_debug(), value.what());
    Problem::new(Code::WrongType, value.span, format!("`{key}` must be {expected}, found {found}"))
        .label(format!("this is {found}"))
}

/// The problem of a placeholder where none is allowed.
pub(super) fn no_placeholder(value: &Value) -> Problem {
    Problem::new(Code::Placeholder, value.span, "a placeholder is not allowed here")
        .help("the shape of a configuration does not depend on the environment; use a profile")
}

/// The problem of a key that is none of `known`.
pub(super) fn unknown_key(key: &str, span: Span, known: &[&str]) -> Problem {
    let help = match did_you_mean(key, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("keys here: {}", known.join(", ")),
    };
    Problem::new(Code::UnknownKey, span, format!("unknown key `{}`", key.escape_debug())).key_path(key).help(help)
}

/// The problem of a type that does not exist.
pub(super) fn unknown_type(name: &str, span: Span, types: &impl Types) -> Problem {
    let message = format!("unknown connection type `{}`", name.escape_debug());
    Problem::new(Code::UnknownType, span, message).help(unknown_type_help(name, &types.names()))
}

/// What to do about a type that is none of `linked`.
pub(crate) fn unknown_type_help(name: &str, linked: &[&str]) -> String {
    let near = did_you_mean(name, linked.iter().copied());
    let suggestion = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    let remedy = if BUILT_IN.contains(&name) {
        format!("it is built in: enable the feature `{name}` of connection-registry")
    } else {
        "is its crate linked? add `use the_crate as _;`".to_owned()
    };
    format!("{suggestion}linked types: {}; {remedy}", listing(linked))
}

/// The names of all linked types, in one line.
pub(super) fn listing(linked: &[&str]) -> String {
    if linked.is_empty() { "none".to_owned() } else { linked.join(", ") }
}

/// The problem of a connection that is declared twice.
pub(super) fn duplicate(message: String, second: Span, first: Span, name: &str) -> Problem {
    Problem::new(Code::Duplicate, second, message)
        .label("declared again here")
        .also(first, "first declared here")
        .key_path(format!("connections.{name}"))
}

/// The connection types that come with this crate, each behind a feature of its name.
const BUILT_IN: &[&str] = &["sqlite"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_built_in_type_that_is_not_linked_asks_for_its_feature() {
        let manifest = include_str!("../../Cargo.toml");
        for name in BUILT_IN {
            assert!(manifest.contains(&format!("\n{name} = [")), "`{name}` is a feature");
        }
        let help = unknown_type_help("sqlite", &["http"]);
        assert_eq!(help, "linked types: http; it is built in: enable the feature `sqlite` of connection-registry");
    }
}
