//! Placeholders: from those of OmegaConf, which the Python library reads its files by, to ours.
//!
//! OmegaConf knows `${oc.env:NAME}`, `${oc.env:NAME,default}`, `${oc.decode:…}` around one of these, and `${key.path}`
//! for another value of the file; `\${` is a literal `${`. Behind the tag `!ENV` of other loaders a string has `${NAME}`
//! and `${NAME:default}`, or is the name alone.

use super::yaml::{Syntax, Text};

/// A part of a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Literal(String),
    Variable {
        name: String,
        default: Fallback,
    },
    /// The path of another value of the file, such as `database.host` or `.port`.
    Reference(String),
}

/// What a placeholder stands for when the variable is not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fallback {
    Missing,
    Null,
    Text(String),
}

/// Why a string cannot be carried over. Repeats nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) message: &'static str,
    pub(super) help: &'static str,
}

/// The parts of a string.
pub(super) fn pieces(text: &Text) -> Result<Vec<Piece>, Fault> {
    let body = match text.syntax {
        Syntax::Plain => placeholder,
        Syntax::Environment if is_variable(&text.text) => return Ok(vec![variable(&text.text)]),
        Syntax::Environment => environment_placeholder,
    };
    split(&text.text, body)
}

/// The string in our own writing. No reference may be left in it.
pub(super) fn written(pieces: &[Piece]) -> Result<String, Fault> {
    let mut written = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(text) => written.push_str(&text.replace("${", "$${")),
            Piece::Variable { .. } if written.ends_with('$') => return Err(DOLLAR_BEFORE),
            Piece::Variable { name, default } => written.push_str(&placeholder_of(name, default)?),
            Piece::Reference(_) => return Err(NOT_FOUND),
        }
    }
    Ok(written)
}

/// The text of a string without placeholders.
pub(super) fn literal(pieces: &[Piece]) -> Option<String> {
    match pieces {
        [] => Some(String::new()),
        [Piece::Literal(text)] => Some(text.clone()),
        _ => None,
    }
}

/// Whether a text is written like the name of a variable.
pub(super) fn is_variable(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

fn variable(name: &str) -> Piece {
    Piece::Variable { name: name.to_owned(), default: Fallback::Missing }
}

fn placeholder_of(name: &str, default: &Fallback) -> Result<String, Fault> {
    match default {
        Fallback::Missing | Fallback::Null => Ok(format!("${{env:{name}}}")),
        Fallback::Text(text) if text.contains('}') || text.contains("${") => Err(BRACE_IN_DEFAULT),
        Fallback::Text(text) => Ok(format!("${{env:{name}:-{text}}}")),
    }
}

/// Splits at each `${…}`, whose inside `body` reads.
fn split(text: &str, body: fn(&str) -> Result<Piece, Fault>) -> Result<Vec<Piece>, Fault> {
    let (mut pieces, mut literal, mut rest) = (Vec::new(), String::new(), text);
    while let Some(at) = rest.find("${") {
        let backslashes = rest[..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
        // Before a `${`, and there alone, a backslash escapes.
        literal.push_str(&rest[..at - backslashes.div_ceil(2)]);
        if backslashes % 2 == 1 {
            literal.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        let end = closing(&rest[at..]).ok_or(NEVER_CLOSED)?;
        push_literal(&mut pieces, &mut literal);
        pieces.push(body(rest[at + 2..at + end].trim())?);
        rest = &rest[at + end + 1..];
    }
    literal.push_str(rest);
    push_literal(&mut pieces, &mut literal);
    Ok(pieces)
}

fn push_literal(pieces: &mut Vec<Piece>, literal: &mut String) {
    if !literal.is_empty() {
        pieces.push(Piece::Literal(std::mem::take(literal)));
    }
}

/// Where the brace stands that closes the one which `text` begins with; those in quotes do not count.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote, mut is_escaped) = (0, None, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '\'' | '"' if quote.is_none_or(|open| open == character) => {
                quote = if quote.is_none() { Some(character) } else { None };
            }
            '{' if quote.is_none() => depth += 1,
            '}' if quote.is_none() => depth -= 1,
            _ => continue,
        }
        if character == '}' && depth == 0 && quote.is_none() {
            return Some(at);
        }
    }
    None
}

/// What stands in a placeholder of OmegaConf.
fn placeholder(body: &str) -> Result<Piece, Fault> {
    let Some((resolver, arguments)) = body.split_once(':') else { return reference(body) };
    match resolver.trim() {
        // `env` is how OmegaConf 1 wrote it.
        "oc.env" | "env" => environment(arguments),
        // What it makes of the text, our fields do: they take one whole placeholder as their own type.
        "oc.decode" => match split(arguments.trim(), placeholder)?.as_slice() {
            [piece @ Piece::Variable { .. }] => Ok(piece.clone()),
            _ => Err(UNKNOWN_RESOLVER),
        },
        _ => Err(UNKNOWN_RESOLVER),
    }
}

fn reference(path: &str) -> Result<Piece, Fault> {
    if path.is_empty() || path.contains(['$', '{', '}', '\'', '"', '\\']) {
        return Err(NESTED);
    }
    Ok(Piece::Reference(path.to_owned()))
}

/// `NAME` or `NAME,default`.
fn environment(arguments: &str) -> Result<Piece, Fault> {
    if arguments.contains("${") {
        return Err(NESTED);
    }
    let (name, default) = match unquoted_comma(arguments) {
        Some(at) => (&arguments[..at], Some(arguments[at + 1..].trim())),
        None => (arguments, None),
    };
    let name = argument(name.trim())?;
    let default = match default {
        None => Fallback::Missing,
        Some("null") => Fallback::Null,
        Some(default) => Fallback::Text(argument(default)?),
    };
    if is_variable(&name) { Ok(Piece::Variable { name, default }) } else { Err(NO_NAME) }
}

fn unquoted_comma(text: &str) -> Option<usize> {
    let (mut quote, mut is_escaped) = (None, false);
    text.char_indices().find_map(|(at, character)| {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '\'' | '"' if quote.is_none() => quote = Some(character),
            _ if quote == Some(character) => quote = None,
            ',' if quote.is_none() => return Some(at),
            _ => {}
        }
        None
    })
}

/// An argument without its quotes and escapes.
fn argument(text: &str) -> Result<String, Fault> {
    let quote = text.chars().next().filter(|first| matches!(first, '\'' | '"'));
    let inside = match quote {
        Some(quote) => text[1..].strip_suffix(quote).ok_or(NESTED)?,
        None if text.contains(['[', ']', '{', '}']) => return Err(NESTED),
        None => text,
    };
    let (mut plain, mut characters) = (String::new(), inside.chars().peekable());
    while let Some(character) = characters.next() {
        let escaped = match (character, characters.peek(), quote) {
            ('\\', Some(&next), Some(quote)) => (next == quote || next == '\\').then_some(next),
            ('\\', Some(&next), None) => (!next.is_alphanumeric()).then_some(next),
            _ => None,
        };
        plain.push(escaped.unwrap_or(character));
        if escaped.is_some() {
            characters.next();
        }
    }
    Ok(plain)
}

/// `NAME` or `NAME:default`, as other loaders have it behind `!ENV`; also with the `:-` of shells.
fn environment_placeholder(body: &str) -> Result<Piece, Fault> {
    let (name, default) = match body.split_once(':') {
        Some((name, default)) => (name, Fallback::Text(default.strip_prefix('-').unwrap_or(default).to_owned())),
        None => (body, Fallback::Missing),
    };
    if is_variable(name) { Ok(Piece::Variable { name: name.to_owned(), default }) } else { Err(NO_NAME) }
}

pub(super) const NOT_FOUND: Fault = Fault {
    message: "a placeholder for a value that the file does not have",
    help: "write `${env:NAME}` for an environment variable, and `\\${` for a literal `${`",
};

const NEVER_CLOSED: Fault = Fault { message: "a `${` is never closed", help: "write `\\${` for a literal `${`" };

const NESTED: Fault = Fault {
    message: "a placeholder that is no name and no path",
    help: "here a placeholder is `${env:NAME}` or `${env:NAME:-default}`, with nothing inside of it",
};

const UNKNOWN_RESOLVER: Fault = Fault {
    message: "a placeholder of a resolver that does not exist here",
    help: "`oc.env`, and `oc.decode` around it, are known; write `\\${` for a literal `${`",
};

const NO_NAME: Fault =
    Fault { message: "a placeholder without the name of a variable", help: "a name has letters, digits and `_`" };

const BRACE_IN_DEFAULT: Fault = Fault {
    message: "the default of a placeholder has a `}` or `${`, which ours cannot have",
    help: "set the variable, and leave the default out",
};

const DOLLAR_BEFORE: Fault = Fault {
    message: "a `$` right before a placeholder, which would make it a literal one here",
    help: "put the `$` into the variable",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_as(syntax: Syntax, text: &str, expected: &str) {
        let pieces = pieces(&Text { text: text.to_owned(), syntax });
        let shown = match pieces.and_then(|pieces| match pieces.as_slice() {
            [Piece::Reference(path)] => Ok(format!("reference {path}")),
            pieces => written(pieces),
        }) {
            Ok(written) => written,
            Err(fault) => format!("error: {}", fault.message),
        };
        assert_eq!(shown, expected, "{text}");
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        check_as(Syntax::Plain, text, expected);
    }

    #[test]
    fn variables_of_omegaconf_become_ours() {
        check("${oc.env:HOST}", "${env:HOST}");
        check("${ oc.env: HOST }", "${env:HOST}");
        check("${env:HOST}", "${env:HOST}");
        check("${oc.env:\"HOST\"}", "${env:HOST}");
        check("${oc.env:HOST,localhost}", "${env:HOST:-localhost}");
        check("${oc.env:HOST, 'a b, c'}", "${env:HOST:-a b, c}");
        check("${oc.env:HOST,a\\,b}", "${env:HOST:-a,b}");
        check("${oc.env:HOST,\"a\\\"b\"}", "${env:HOST:-a\"b}");
        check("${oc.env:HOST,''}", "${env:HOST:-}");
        check("${oc.env:HOST,null}", "${env:HOST}");
        check("${oc.env:HOST,a:b}", "${env:HOST:-a:b}");
        check("${oc.decode:${oc.env:PORT,12}}", "${env:PORT:-12}");
        check("tcp://${oc.env:A}:${oc.env:B}/x", "tcp://${env:A}:${env:B}/x");
    }

    #[test]
    fn other_dollars_and_percents_are_text() {
        for text in ["$HOST", "a$", "%(HOST)s", "pa$$word", "{}", "a}b", "\\\\", "a\\b", ""] {
            check(text, text);
        }
    }

    #[test]
    fn a_literal_brace_is_doubled() {
        check("\\${HOST}", "$${HOST}");
        check("\\\\${oc.env:A}", "\\${env:A}");
        check("\\\\\\${A}", "\\$${A}");
        check("$\\${A}", "$$${A}");
        check("\\${oc.env:A} ${oc.env:B}", "$${oc.env:A} ${env:B}");
    }

    #[test]
    fn paths_are_references() {
        check("${database.host}", "reference database.host");
        check("${.host}", "reference .host");
        check("${hosts[0]}", "reference hosts[0]");
        check("${HOST}", "reference HOST");
    }

    #[test]
    fn behind_the_tag_names_are_variables() {
        let check = |text, expected| check_as(Syntax::Environment, text, expected);
        check("HOST", "${env:HOST}");
        check("${HOST}", "${env:HOST}");
        check("${HOST:localhost}", "${env:HOST:-localhost}");
        check("${HOST:-localhost}", "${env:HOST:-localhost}");
        check("tcp://${A}:${B}", "tcp://${env:A}:${env:B}");
        check("${a-b}", "error: a placeholder without the name of a variable");
    }

    #[test]
    fn what_cannot_be_carried_over_is_said() {
        check("${", &format!("error: {}", NEVER_CLOSED.message));
        check("a ${ b", &format!("error: {}", NEVER_CLOSED.message));
        check("${}", &format!("error: {}", NESTED.message));
        check("${a.${b}}", &format!("error: {}", NESTED.message));
        check("${oc.env:A,${oc.env:B}}", &format!("error: {}", NESTED.message));
        check("${oc.env:A,[1, 2]}", &format!("error: {}", NESTED.message));
        check("${oc.env:A,'a}b'}", &format!("error: {}", BRACE_IN_DEFAULT.message));
        check("${oc.env:a b}", &format!("error: {}", NO_NAME.message));
        check("${oc.create:{}}", &format!("error: {}", UNKNOWN_RESOLVER.message));
        check("${oc.decode:12}", &format!("error: {}", UNKNOWN_RESOLVER.message));
        check("$${oc.env:A}", &format!("error: {}", DOLLAR_BEFORE.message));
    }
}
