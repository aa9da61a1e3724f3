//! The grammar of placeholders: `${env:NAME}` and `${file:path}`, each with an optional `:-default` or `:?message`,
//! `${name:capture}`, and `$${` for a literal `${`. One pass, never nested, in string values only.

use std::ops::Range;

use super::{template, value::ValueKind};
use crate::{
    diagnostic::{Code, Problem, did_you_mean},
    span::{Sources, Span},
};

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    Literal(&'t str),
    Placeholder(Placeholder<'t>),
}

/// `${scheme:name…}`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Placeholder<'t> {
    pub(super) scheme: Scheme,
    pub(super) name: &'t str,
    pub(super) otherwise: Otherwise<'t>,
    /// Where it stands in the text.
    pub(super) range: Range<usize>,
}

/// Where the text of a placeholder comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Environment,
    File,
    /// A capture of the connection's name.
    Name,
}

/// What holds when there is no such variable or file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Otherwise<'t> {
    Error,
    Default(&'t str),
    Message(&'t str),
}

/// A placeholder that breaks the grammar.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    code: Code,
    range: Range<usize>,
    message: String,
    help: String,
}

/// The parts of a text, in order. A malformed placeholder is an item of its own.
pub(super) struct Pieces<'t> {
    text: &'t str,
    at: usize,
}

pub(super) fn pieces(text: &str) -> Pieces<'_> {
    Pieces { text, at: 0 }
}

/// Whether `text` is a placeholder and nothing else.
pub(super) fn is_one_placeholder(text: &str) -> bool {
    let mut pieces = pieces(text);
    matches!((pieces.next(), pieces.next()), (Some(Ok(Piece::Placeholder(_))), None))
}

impl<'t> Iterator for Pieces<'t> {
    type Item = Result<Piece<'t>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        let (start, rest) = (self.at, &self.text[self.at..]);
        if rest.is_empty() {
            return None;
        }
        if rest.starts_with("$${") {
            self.at += 3;
            return Some(Ok(Piece::Literal("${")));
        }
        if rest.starts_with("${") {
            return Some(self.placeholder());
        }
        let length = rest.find("${").map_or(rest.len(), |at| if rest[..at].ends_with('$') { at - 1 } else { at });
        self.at += length;
        Some(Ok(Piece::Literal(&self.text[start..self.at])))
    }
}

impl<'t> Pieces<'t> {
    /// The placeholder that starts here; goes on behind it in any case.
    fn placeholder(&mut self) -> Result<Piece<'t>, Malformed> {
        let start = self.at;
        let Some(length) = self.text[start..].find('}') else {
            self.at = self.text.len();
            return Err(Malformed::new(start..self.at, "a `${` is never closed", LITERAL_HELP));
        };
        let range = start..start + length + 1;
        self.at = range.end;
        parse_placeholder(&self.text[range.start + 2..range.end - 1], range).map(Piece::Placeholder)
    }
}

impl Malformed {
    fn new(range: Range<usize>, message: &str, help: impl Into<String>) -> Self {
        Self { code: Code::Placeholder, range, message: message.to_owned(), help: help.into() }
    }
}

/// What a string of the configuration is: a plain one, with `$${` undone, or a template to be resolved when
/// the connection is used. `literal` is the string as the source has it, with its quotes.
pub(super) fn classify(text: Box<str>, literal: &str, span: Span, problems: &mut Vec<Problem>) -> ValueKind {
    let (mut plain, mut is_template) = (String::new(), false);
    let before = problems.len();
    for piece in pieces(&text) {
        match piece {
            Ok(Piece::Literal(piece)) => plain.push_str(piece),
            Ok(Piece::Placeholder(_)) => is_template = true,
            Err(Malformed { code, range, message, help }) => {
                let place = inside(span, literal, &text, range);
                problems.push(Problem::new(code, place, message).help(help));
            }
        }
    }
    match (problems.len() > before, is_template) {
        (true, _) => ValueKind::Dummy(0),
        (false, true) => ValueKind::Template(text),
        (false, false) => ValueKind::String(plain.into()),
    }
}

/// The place of `range` of a string in its source: exact when the literal has no escapes, else the whole
/// string.
pub(super) fn inside(span: Span, literal: &str, text: &str, range: Range<usize>) -> Span {
    let Some(offset) = literal.find(text) else { return span };
    let start = span.range().start + offset;
    Span::new(span.source, start + range.start..start + range.end)
}

/// The string at `span` as its source has it.
pub(super) fn literal(sources: &Sources, span: Span) -> &str {
    sources.get(span.source).text.get(span.range()).unwrap_or_default()
}

fn parse_placeholder(body: &str, range: Range<usize>) -> Result<Placeholder<'_>, Malformed> {
    if body.contains("${") {
        return Err(Malformed::new(range, "a placeholder inside a placeholder", "placeholders do not nest"));
    }
    let Some((scheme, rest)) = body.split_once(':') else { return Err(without_scheme(body, range)) };
    let scheme = match scheme {
        "env" => Scheme::Environment,
        "file" => Scheme::File,
        "name" => Scheme::Name,
        _ => return Err(unknown_scheme(scheme, rest, range)),
    };
    let (name, otherwise) = split_name(rest);
    if !is_name(scheme, name) {
        let what = if name.is_empty() { "a placeholder without a name" } else { "a placeholder with an invalid name" };
        return Err(Malformed::new(range, what, GRAMMAR_HELP));
    }
    if scheme == Scheme::Name && otherwise != Otherwise::Error {
        let help = format!("a capture always has a text: write `${{name:{name}}}`");
        return Err(Malformed::new(range, "a capture has no default and no message", help));
    }
    Ok(Placeholder { scheme, name, otherwise, range })
}

/// Splits at the first `:-` or `:?`.
fn split_name(rest: &str) -> (&str, Otherwise<'_>) {
    let mark = rest.match_indices(':').find(|(at, _)| rest[at + 1..].starts_with(['-', '?']));
    let Some((at, _)) = mark else { return (rest, Otherwise::Error) };
    let (name, tail) = (&rest[..at], &rest[at + 2..]);
    let is_default = rest[at + 1..].starts_with('-');
    (name, if is_default { Otherwise::Default(tail) } else { Otherwise::Message(tail) })
}

fn is_name(scheme: Scheme, name: &str) -> bool {
    let of_variable = |it: char| !(it.is_control() || it.is_whitespace() || "=:{$".contains(it));
    !name.is_empty()
        && match scheme {
            Scheme::Environment => name.chars().all(of_variable),
            Scheme::File => !name.contains(char::is_control),
            Scheme::Name => template::is_capture(name),
        }
}

fn without_scheme(body: &str, range: Range<usize>) -> Malformed {
    let name = if is_variable(body) { body } else { "NAME" };
    let help = format!("write `${{env:{name}}}`; {LITERAL_HELP}");
    Malformed::new(range, "a placeholder without a scheme", help)
}

fn unknown_scheme(scheme: &str, rest: &str, range: Range<usize>) -> Malformed {
    let help = if scheme == "oc.env" {
        let name = rest.split(',').next().map(str::trim).filter(|name| is_variable(name)).unwrap_or("NAME");
        let default = if rest.contains(',') { ":-default" } else { "" };
        format!("write `${{env:{name}{default}}}`")
    } else if let Some(near) = did_you_mean(scheme, ["env", "file", "name"]) {
        format!("did you mean `{near}`? {LITERAL_HELP}")
    } else {
        format!("the schemes are `env`, `file` and, in a template, `name`; {LITERAL_HELP}")
    };
    // A text that does not look like the name of a scheme may be part of a password.
    let is_plain =
        scheme.len() <= 16 && scheme.chars().all(|character| character.is_ascii_lowercase() || character == '.');
    let message = if is_plain && !scheme.is_empty() {
        format!("unknown placeholder scheme `{scheme}`")
    } else {
        "unknown placeholder scheme".to_owned()
    };
    Malformed { code: Code::UnknownScheme, range, message, help }
}

/// Whether a text looks like the name of an environment variable, and so may be repeated in a message.
fn is_variable(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

const GRAMMAR_HELP: &str = "write `${env:NAME}`, `${env:NAME:-default}`, `${env:NAME:?message}`, `${file:path}`, or, in a \
                            template, `${name:capture}`";

const LITERAL_HELP: &str = "write `$${` for a literal `${`";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let shown = pieces(text).map(|piece| match piece {
            Ok(Piece::Literal(text)) => text.to_owned(),
            Ok(Piece::Placeholder(Placeholder { scheme, name, otherwise, range })) => {
                format!("{scheme:?} {name} {otherwise:?} {range:?}")
            }
            Err(Malformed { code, range, message, help }) => format!("{code:?} {range:?} {message} ({help})"),
        });
        assert_eq!(shown.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn reads_placeholders_and_leaves_other_dollars_alone() {
        check("${env:A}", &["Environment A Error 0..8"]);
        check("a${env:A:-b}c", &["a", "Environment A Default(\"b\") 1..12", "c"]);
        check("${env:A:-}", &["Environment A Default(\"\") 0..10"]);
        check("${env:A:?give :-me}", &["Environment A Message(\"give :-me\") 0..19"]);
        check("${env:A:-b:?c}", &["Environment A Default(\"b:?c\") 0..14"]);
        check("${file:/run/secrets/a b}", &["File /run/secrets/a b Error 0..24"]);
        check("${file:C:\\x}", &["File C:\\x Error 0..12"]);
        check("${name:id}/${name:_x9}", &["Name id Error 0..10", "/", "Name _x9 Error 11..22"]);
        check("$ $$ {} $A $", &["$ $$ {} $A $"]);
        check("", &[]);
    }

    #[test]
    fn a_doubled_dollar_is_a_literal_brace() {
        check("$${env:A}", &["${", "env:A}"]);
        check("a$$${env:A}", &["a$", "${", "env:A}"]);
    }

    #[test]
    fn says_what_is_malformed_and_goes_on() {
        check(
            "${A}",
            &["Placeholder 0..4 a placeholder without a scheme (write `${env:A}`; write `$${` for a literal `${`)"],
        );
        check("a${", &["a", "Placeholder 1..3 a `${` is never closed (write `$${` for a literal `${`)"]);
        check(
            "${env:}${env:B}",
            &[&format!("Placeholder 0..7 a placeholder without a name ({GRAMMAR_HELP})"), "Environment B Error 7..15"],
        );
        check("${name:}", &[&format!("Placeholder 0..8 a placeholder without a name ({GRAMMAR_HELP})")]);
        for name in ["Id", "9", "i-d", "i d", "ü", "{id"] {
            let end = 8 + name.len();
            let text = format!("Placeholder 0..{end} a placeholder with an invalid name ({GRAMMAR_HELP})");
            check(&format!("${{name:{name}}}"), &[&text]);
        }
        for (text, end) in [("${name:id:-x}", 13), ("${name:id:?x}", 13), ("${name:id:-}", 12)] {
            let message = "a capture has no default and no message (a capture always has a text: write `${name:id}`)";
            check(text, &[&format!("Placeholder 0..{end} {message}")]);
        }
        check("${env:A=B}", &[&format!("Placeholder 0..10 a placeholder with an invalid name ({GRAMMAR_HELP})")]);
        check(
            "${evn:A}",
            &[
                "UnknownScheme 0..8 unknown placeholder scheme `evn` (did you mean `env`? write `$${` for a literal `${`)",
            ],
        );
        check(
            "${oc.env:V,d}",
            &["UnknownScheme 0..13 unknown placeholder scheme `oc.env` (write `${env:V:-default}`)"],
        );
        check(
            "${env:A:-${env:B}}",
            &["Placeholder 0..17 a placeholder inside a placeholder (placeholders do not nest)", "}"],
        );
    }

    #[test]
    fn a_text_that_may_be_a_password_is_not_repeated() {
        check(
            "${Hunter2!}",
            &["Placeholder 0..11 a placeholder without a scheme (write `${env:NAME}`; write `$${` for a literal `${`)"],
        );
        check(
            "${Hunter2:x}",
            &[
                "UnknownScheme 0..12 unknown placeholder scheme (the schemes are `env`, `file` and, in a template, `name`; write `$${` for a literal `${`)",
            ],
        );
    }
}
