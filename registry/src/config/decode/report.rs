//! The problems of the decode pass, one constructor each. None takes a value's text.

use super::expected::Expected;
use crate::{
    config::value::Value,
    diagnostic::{Code, Problem, did_you_mean},
    span::Span,
};

/// Where a problem is and what its message calls the place.
pub(super) struct Spot {
    pub(super) span: Span,
    pub(super) name: String,
    pub(super) key_path: String,
}

impl Spot {
    fn problem(self, code: Code, message: String) -> Problem {
        Problem::new(code, self.span, message).key_path(self.key_path)
    }
}

pub(super) fn unknown_key(spot: Spot, key: &str, known: &[&str]) -> Problem {
    let message = format!("unknown key `{}`", key.escape_debug());
    let known_keys = match known {
        [] => "this type has no keys of its own".to_owned(),
        _ => format!("known keys: {}", known.join(", ")),
    };
    let help = match did_you_mean(key, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? {known_keys}"),
        None => known_keys,
    };
    spot.problem(Code::UnknownKey, message).label("not a key of this type").help(help)
}

/// `spot` is the table's; its path that of the key.
pub(super) fn missing_key(spot: Spot, key: &str) -> Problem {
    spot.problem(Code::MissingKey, format!("missing key `{key}`")).label(format!("`{key}` is required here"))
}

pub(super) fn given_twice(spot: Spot, key: &str) -> Problem {
    spot.problem(Code::Duplicate, format!("`{key}` is given twice, under two of its names")).help("keep one of them")
}

pub(super) fn wrong_type(spot: Spot, expected: Expected, value: &Value) -> Problem {
    let found = (!expected.is_kind_of(value)).then(|| value.what());
    let help = expected.help(value).map(str::to_owned);
    wrong(spot, Code::WrongType, &expected.to_string(), found).maybe_help(help)
}

pub(super) fn wrong_variant(spot: Spot, variants: &'static [&'static str], near: Option<&str>) -> Problem {
    let expected = Expected::Variant(variants).to_string();
    wrong(spot, Code::WrongType, &expected, None).maybe_help(near.map(|near| format!("did you mean `{near}`?")))
}

/// `expected` are the type's own words, which repeat no value.
pub(super) fn refused(spot: Spot, expected: &str, found: Option<&'static str>) -> Problem {
    let code = if found.is_some() { Code::WrongType } else { Code::InvalidValue };
    wrong(spot, code, &in_one_line(expected), found)
}

/// `text` are the type's own words, which repeat no value.
pub(super) fn invalid(spot: Spot, text: &str) -> Problem {
    let message = format!("invalid value for `{}`: {}", spot.name, in_one_line(text));
    spot.problem(Code::InvalidValue, message)
}

pub(super) fn invalid_and_hidden(spot: Spot) -> Problem {
    let message = format!("invalid value for `{}`", spot.name);
    spot.problem(Code::InvalidValue, message).help("the type's message is hidden because it repeats the value")
}

pub(super) fn unresolved(spot: Spot) -> Problem {
    let message = format!("`{}` holds a placeholder that is not resolved", spot.name);
    spot.problem(Code::Unresolved, message)
}

fn wrong(spot: Spot, code: Code, expected: &str, found: Option<&'static str>) -> Problem {
    let found_words = found.map_or_else(String::new, |found| format!(", found {found}"));
    let message = format!("`{}` must be {expected}{found_words}", spot.name);
    spot.problem(code, message).label(found.map_or_else(String::new, |found| format!("this is {found}")))
}

fn in_one_line(text: &str) -> String {
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
