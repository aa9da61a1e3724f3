//! Which bytes of a source may not be shown.
//!
//! Everything is hidden unless it is known to be harmless. While a file parses, the roles of its tokens are
//! known: keys, punctuation and the values named as public are shown. In a file with a syntax error a
//! password may stand where a key would, so that only punctuation and reserved words are shown.
//!
//! What this cannot hide, in a file that does parse: a secret that was written as a key, as a part of a public
//! value, or as the name in a placeholder. Nothing tells it from a name there.

use std::{collections::HashSet, ops::Range};

use toml_parser::{
    ParseError,
    lexer::{Token, TokenKind},
    parser::{Event, EventKind, RecursionGuard, parse_document},
};

use super::placeholder;
use crate::span::{Source, SourceId, SourceKind, Span};

/// The hidden ranges of one source.
pub(super) struct Mask {
    /// In order, none touching the next. One may be empty: that of an empty string, which looks like any other.
    hidden: Vec<Range<usize>>,
}

impl Mask {
    pub(super) fn new(id: SourceId, source: &Source, public: &HashSet<Span>) -> Self {
        Self { hidden: merge(hidden_ranges(id, source, public)) }
    }

    /// The hidden ranges that have a part in `range` or touch an end of it, as an empty part does.
    pub(super) fn touching(&self, range: &Range<usize>) -> &[Range<usize>] {
        let first = self.hidden.partition_point(|hidden| hidden.end < range.start);
        let rest = &self.hidden[first..];
        &rest[..rest.partition_point(|hidden| hidden.start <= range.end)]
    }

    /// Whether a part of `range` is hidden.
    pub(super) fn covers_part_of(&self, range: &Range<usize>) -> bool {
        self.touching(range).iter().any(|hidden| hidden.start < range.end && hidden.end > range.start)
    }
}

fn hidden_ranges(id: SourceId, source: &Source, public: &HashSet<Span>) -> Vec<Range<usize>> {
    let text = &source.text;
    if source.kind == SourceKind::Environment {
        let value = text.find('=').map_or(0, |equals| equals + 1);
        return std::iter::once(value..text.len()).collect();
    }
    let tokens = toml_parser::Source::new(text).lex().into_vec();
    let is_public = |range: &Range<usize>| public.contains(&Span::new(id, range.clone()));
    let by_role = if source.broken { None } else { hidden_by_role(text, &tokens, is_public) };
    by_role.unwrap_or_else(|| hidden_by_token(text, &tokens))
}

/// Hides comments and all values that are not public; `None` when the text is not TOML.
fn hidden_by_role(
    text: &str,
    tokens: &[Token],
    is_public: impl Fn(&Range<usize>) -> bool,
) -> Option<Vec<Range<usize>>> {
    let mut hidden = Vec::new();
    let mut receiver = |event: Event| {
        let range = event.span().start()..event.span().end();
        match event.kind() {
            EventKind::Scalar if !is_public(&range) => hide_value(text, range, &mut hidden),
            EventKind::Comment => hidden.push(comment_text(text, range)),
            _ => {}
        }
    };
    let mut error: Option<ParseError> = None;
    parse_document(tokens, &mut RecursionGuard::new(&mut receiver, MAX_DEPTH), &mut error);
    error.is_none().then_some(hidden)
}

/// Hides every word and string but the reserved words.
fn hidden_by_token(text: &str, tokens: &[Token]) -> Vec<Range<usize>> {
    let mut hidden: Vec<Range<usize>> = Vec::new();
    let mut in_value = false;
    for token in tokens {
        let range = token.span().start()..token.span().end();
        let word = &text[range.clone()];
        match token.kind() {
            TokenKind::Newline => in_value = false,
            TokenKind::Comment => hidden.push(comment_text(text, range)),
            // `p4ss.w0rd=` without quotes: where its dots are is nobody's business either.
            TokenKind::Dot | TokenKind::Equals if in_value && follows(&hidden, &range) => hidden.push(range),
            TokenKind::Equals => in_value = true,
            TokenKind::Atom if KNOWN_WORDS.contains(&word) => {}
            TokenKind::Atom => hidden.push(range),
            TokenKind::BasicString
            | TokenKind::LiteralString
            | TokenKind::MlBasicString
            | TokenKind::MlLiteralString => hidden.push(inside_quotes(text, range)),
            _ => {}
        }
    }
    hidden
}

fn follows(hidden: &[Range<usize>], range: &Range<usize>) -> bool {
    hidden.last().is_some_and(|last| last.end == range.start)
}

fn hide_value(text: &str, value: Range<usize>, hidden: &mut Vec<Range<usize>>) {
    let content = inside_quotes(text, value.clone());
    if content == value {
        hidden.push(value);
        return;
    }
    let parts = placeholder::hidden_parts(&text[content.clone()]);
    hidden.extend(parts.into_iter().map(|part| content.start + part.start..content.start + part.end));
}

/// The content of a string without its quotes; all of anything else.
fn inside_quotes(text: &str, range: Range<usize>) -> Range<usize> {
    let word = &text[range.clone()];
    let quotes = ["\"\"\"", "'''", "\"", "'"];
    match quotes.iter().find(|quote| word.starts_with(**quote)).map(|quote| (quote, quote.len())) {
        Some((quote, length)) if word.len() >= 2 * length && word.ends_with(quote) => {
            range.start + length..range.end - length
        }
        _ => range,
    }
}

/// What follows the `#`, and the space after it if there is one.
fn comment_text(text: &str, range: Range<usize>) -> Range<usize> {
    let start = range.start + if text[range.clone()].starts_with("# ") { 2 } else { 1 };
    start..range.end
}

fn merge(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    ranges.dedup_by(|next, last| {
        let touch = next.start <= last.end;
        if touch {
            last.end = last.end.max(next.end);
        }
        touch
    });
    ranges
}

/// Words that mean the same in every file, and so tell nothing of this one.
const KNOWN_WORDS: &[&str] =
    &["type", "enabled", "extends", "config_file", "lifecycle", "connections", "defaults", "include"];

/// The depth at which `toml` gives up, too.
const MAX_DEPTH: u32 = 80;
