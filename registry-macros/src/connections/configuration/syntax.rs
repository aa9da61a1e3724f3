//! What is wrong with a text that is not TOML.

use std::rc::Rc;

use toml::de::Error;

use super::place::Place;

/// One message for the first mistake. The parser's own words are used when they are known to repeat nothing of the text.
pub(super) fn message(file: &Rc<str>, text: &str, errors: &[Error]) -> Option<String> {
    let range = |error: &Error| error.span().unwrap_or(0..0);
    let first = errors.iter().min_by_key(|error| range(error).start)?;
    let place = Place::new(file, text, &range(first));
    let is_nothing = text.get(range(first)).is_some_and(|there| there.trim().is_empty());
    Some(match first.message().split(", expected").next().unwrap_or_default() {
        // Of nothing at all, as in `key = `.
        "string values must be quoted" if is_nothing => format!("{place}: not valid TOML: missing value"),
        known if KNOWN.contains(&known) => format!("{place}: not valid TOML: {known}"),
        _ => format!("{place}: not valid TOML"),
    })
}

/// Constant texts of the parser: the common mistakes.
const KNOWN: &[&str] = &[
    "duplicate key",
    "extra assignment between key-value pairs",
    "invalid basic string",
    "invalid boolean",
    "invalid key",
    "invalid literal string",
    "invalid table",
    "key with no value",
    "missing assignment between key-value pairs",
    "missing comma between array elements",
    "missing comma between key-value pairs",
    "missing value for key",
    "string values must be quoted",
    "unclosed array",
    "unclosed inline table",
    "unclosed table",
    "unexpected content",
    "unexpected key or value",
];
