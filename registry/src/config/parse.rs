//! From the text of a file to a tree of values with their places.

use std::collections::HashSet;

use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};

use super::{
    context::Context,
    duplicate, interpolate,
    value::{Table, Value, ValueKind},
};
use crate::{
    diagnostic::{Code, Problem},
    span::{SourceId, Span},
};

/// Parses a source. A text with mistakes gives the problems, and a tree of what could be read; unless all of
/// them are duplicate keys, the source is marked as broken and its tree must not be trusted.
pub(super) fn parse(source: SourceId, context: &mut Context<'_>) -> Table {
    let text = &context.sources.get(source).text;
    let (tree, errors) = DeTable::parse_recoverable(text);
    let (mut problems, broken) = if errors.is_empty() { (Vec::new(), false) } else { syntax(source, text, errors) };
    let mut converter = Converter { source, text, problems: Vec::new() };
    let table = converter.table(tree.into_inner(), 0);
    if !broken {
        problems.append(&mut converter.problems);
    } else {
        context.sources.mark_broken(source);
    }
    context.problems.append(&mut problems);
    table
}

/// One problem for each place with a mistake, in the order of the text, and whether any is worse than a
/// duplicate key.
fn syntax(source: SourceId, text: &str, mut errors: Vec<toml::de::Error>) -> (Vec<Problem>, bool) {
    let range = |error: &toml::de::Error| error.span().unwrap_or(0..0);
    errors.sort_by_key(|error| range(error).start);
    let broken = errors.iter().any(|error| error.message() != DUPLICATE);
    errors.dedup_by_key(|error| range(error).start);
    let span = |error: &toml::de::Error| Span::new(source, range(error));
    if broken {
        let syntax = |error| Problem::new(Code::Syntax, span(error), words(error.message(), &text[range(error)]));
        return (errors.iter().map(syntax).collect(), true);
    }
    let firsts = duplicate::firsts(text, errors.iter().map(&range));
    (duplicate_keys(errors.iter().map(span).zip(&firsts)), false)
}

/// One problem for each, but none for the keys of a table that is itself given again.
fn duplicate_keys<'a>(seconds: impl Iterator<Item = (Span, &'a Option<duplicate::Duplicate>)>) -> Vec<Problem> {
    let mut repeated = HashSet::new();
    let mut is_first = |duplicate: &'a duplicate::Duplicate| {
        let path = duplicate.path.as_slice();
        repeated.insert(path);
        !(1..path.len()).any(|depth| repeated.contains(&path[..depth]))
    };
    seconds
        .filter(|(_, duplicate)| duplicate.as_ref().is_none_or(&mut is_first))
        .map(|(span, duplicate)| duplicate_key(span, duplicate.as_ref()))
        .collect()
}

fn duplicate_key(span: Span, duplicate: Option<&duplicate::Duplicate>) -> Problem {
    let Some(duplicate::Duplicate { path, first }) = duplicate else {
        return Problem::new(Code::Duplicate, span, "duplicate key").label("given again here");
    };
    let message = match path.as_slice() {
        [table, name] if table == "connections" => format!("connection `{}` is declared twice", name.escape_debug()),
        path => format!("duplicate key `{}`", path.last().map(String::as_str).unwrap_or_default().escape_debug()),
    };
    Problem::new(Code::Duplicate, span, message)
        .label("given again here")
        .also(Span::new(span.source, first.clone()), "first given here")
        .key_path(path.join("."))
}

/// The parser's message when it is one that is known to repeat nothing of the text.
fn words(message: &str, place: &str) -> String {
    let description = message.split(", expected").next().unwrap_or_default();
    match description {
        // Of nothing at all, as in `key = `.
        "string values must be quoted" if place.trim().is_empty() => "not valid TOML: missing value".to_owned(),
        "recursion limit" | "cannot recurse further; max recursion depth met" => TOO_DEEP.to_owned(),
        _ if KNOWN_MESSAGES.contains(&description) => format!("not valid TOML: {description}"),
        _ => "not valid TOML".to_owned(),
    }
}

struct Converter<'t> {
    source: SourceId,
    text: &'t str,
    problems: Vec<Problem>,
}

impl Converter<'_> {
    fn table(&mut self, table: DeTable<'_>, depth: usize) -> Table {
        let entries = table.into_iter().map(|(key, value)| {
            let (key_span, before) = (self.span(&key), self.problems.len());
            let value = self.value(key_span, value, depth + 1);
            self.add_step(before, key.get_ref());
            (Box::from(&**key.get_ref()), value)
        });
        Table { entries: entries.collect() }
    }

    fn array(&mut self, array: DeArray<'_>, depth: usize) -> Vec<Value> {
        array
            .into_iter()
            .enumerate()
            .map(|(at, item)| {
                let (span, before) = (self.span(&item), self.problems.len());
                let value = self.value(span, item, depth + 1);
                if self.problems.len() > before {
                    self.add_step(before, &format!("[{at}]"));
                }
                value
            })
            .collect()
    }

    fn value(&mut self, key_span: Span, value: Spanned<DeValue<'_>>, depth: usize) -> Value {
        let span = self.span(&value);
        let kind = match value.into_inner() {
            DeValue::String(text) => self.string(text.into(), span),
            DeValue::Integer(integer) => match i128::from_str_radix(integer.as_str(), integer.radix()) {
                Ok(integer) => ValueKind::Integer(integer),
                Err(_) => self.wrong(Problem::new(Code::InvalidValue, span, "the integer is too large")),
            },
            DeValue::Float(float) => ValueKind::Float(float.as_str().parse().unwrap_or(f64::NAN)),
            DeValue::Boolean(boolean) => ValueKind::Boolean(boolean),
            DeValue::Datetime(datetime) => ValueKind::Datetime(datetime),
            deep @ (DeValue::Array(_) | DeValue::Table(_)) if depth >= MAX_DEPTH => {
                take_apart(deep);
                self.wrong(Problem::new(Code::InvalidValue, span, TOO_DEEP))
            }
            DeValue::Array(array) => ValueKind::Array(self.array(array, depth)),
            DeValue::Table(table) => ValueKind::Table(self.table(table, depth)),
        };
        Value::new(kind, span, key_span)
    }

    fn string(&mut self, text: Box<str>, span: Span) -> ValueKind {
        if !text.contains("${") {
            return ValueKind::String(text);
        }
        let literal = self.text.get(span.range()).unwrap_or_default();
        interpolate::classify(text, literal, span, &mut self.problems)
    }

    /// Puts a step in front of the key paths of the problems that were found below it.
    fn add_step(&mut self, before: usize, step: &str) {
        for problem in &mut self.problems[before..] {
            let dot = if problem.key_path.as_ref().is_none_or(|rest| rest.starts_with('[')) { "" } else { "." };
            problem.key_path = Some(format!("{step}{dot}{}", problem.key_path.as_deref().unwrap_or_default()));
        }
    }

    fn wrong(&mut self, problem: Problem) -> ValueKind {
        self.problems.push(problem);
        ValueKind::Dummy(0)
    }

    fn span<T>(&self, spanned: &Spanned<T>) -> Span {
        Span::new(self.source, spanned.span())
    }
}

/// Drops a value of any depth. Its own drop calls itself, and dotted keys in inline tables make values so deep
/// that this ends the stack.
fn take_apart(value: DeValue<'_>) {
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        match value {
            DeValue::Array(items) => rest.extend(items.into_iter().map(Spanned::into_inner)),
            DeValue::Table(table) => rest.extend(table.into_iter().map(|(_, value)| value.into_inner())),
            _ => {}
        }
    }
}

const DUPLICATE: &str = "duplicate key";

const TOO_DEEP: &str = "nested too deeply";

/// More than the parser's own limit for one header, one key or one value; keeps all that recurses over the
/// tree far from the end of the stack.
const MAX_DEPTH: usize = 100;

/// Constant texts of the parser.
const KNOWN_MESSAGES: &[&str] = &[
    "`_` may only go between digits",
    "carriage return must be followed by newline",
    "cannot extend value of type array with a dotted key",
    "cannot extend value of type inline table with a dotted key",
    "duplicate key",
    "extra `=`",
    "extra assignment between key-value pairs",
    "extra comma in array",
    "extra comma in inline table",
    "integers with a radix cannot be signed",
    "invalid basic string",
    "invalid boolean",
    "invalid comment character",
    "invalid date-time",
    "invalid float",
    "invalid inline table element",
    "invalid integer number",
    "invalid key",
    "invalid key-value pair",
    "invalid literal string",
    "invalid multi-line basic string",
    "invalid multi-line literal string",
    "invalid string",
    "invalid table",
    "invalid unquoted key",
    "invalid value",
    "key with no value",
    "keys cannot be multi-line basic strings",
    "keys cannot be multi-line literal strings",
    "missing assignment between key-value pairs",
    "missing comma between array elements",
    "missing comma between key-value pairs",
    "missing escaped value",
    "missing key for inline table element",
    "missing opening quote",
    "missing table open",
    "missing value",
    "missing value for key",
    "radix must be lowercase",
    "redundant integer number prefix",
    "redundant numeric sign",
    "string values must be quoted",
    "too few unicode value digits",
    "unclosed array",
    "unclosed array table",
    "unclosed inline table",
    "unclosed table",
    "unexpected `=` in array",
    "unexpected content",
    "unexpected content between comment and newline",
    "unexpected key or value",
    "unexpected leading zero",
    "unexpected sign",
    "unquoted keys cannot be empty",
    "unquoted string",
];
