//! From TOML text to what the pass gives.

use serde::de::DeserializeOwned;
use toml::de::DeTable;

use super::super::{DecodeError, Decoded, Decoder, Mode, decode, text};
use crate::{
    config::{
        types::Reader,
        value::{Value, ValueKind},
    },
    diagnostic::Problem,
    span::{SourceKind, Sources, Span},
};

/// The fields of one connection, `connections.main`.
pub(super) struct Fixture {
    pub(super) sources: Sources,
    pub(super) value: Value,
}

impl Fixture {
    /// A string that starts with `=` becomes text from a placeholder, one with `${` an unresolved placeholder.
    pub(super) fn new(toml: &str) -> Self {
        let mut sources = Sources::default();
        let id = sources.add("main.toml", toml, SourceKind::File);
        let parsed = DeTable::parse(toml).expect("the test's TOML is right");
        let table = text::table(parsed.into_inner(), &|range| Span::new(id, range));
        let span = Span::new(id, 0..0);
        let mut value = Value::new(ValueKind::Table(table), span, span);
        mark(&mut value);
        Self { sources, value }
    }

    pub(super) fn decode<T: DeserializeOwned>(&self, mode: Mode) -> Result<Decoded<T>, Vec<Problem>> {
        decode(&self.value, "connections.main", Reader::plain(instance::<T>), mode)
    }

    /// `CR007 2:8 connections.main.port: the message (the help)`.
    pub(super) fn line(&self, problem: &Problem) -> String {
        let position = self.sources.position(problem.span.expect("every problem here has a place"));
        let help = problem.help.as_ref().map_or_else(String::new, |help| format!(" ({help})"));
        let Problem { code, message, key_path, .. } = problem;
        let key_path = key_path.as_deref().unwrap_or("-");
        format!("{} {}:{} {key_path}: {message}{help}", code.id(), position.line, position.column)
    }
}

fn instance<T: DeserializeOwned>(decoder: Decoder<'_>) -> Result<T, DecodeError> {
    T::deserialize(decoder)
}

/// Decodes what must be right.
#[track_caller]
pub(super) fn decoded<T: DeserializeOwned>(toml: &str, mode: Mode) -> Decoded<T> {
    let fixture = Fixture::new(toml);
    fixture.decode(mode).unwrap_or_else(|problems| {
        let lines: Vec<_> = problems.iter().map(|problem| fixture.line(problem)).collect();
        panic!("{toml}\n{lines:#?}")
    })
}

/// The problems in file order, as lines.
pub(super) fn problems_of<T: DeserializeOwned>(toml: &str, mode: Mode) -> Vec<String> {
    let fixture = Fixture::new(toml);
    let mut problems = fixture.decode::<T>(mode).err().unwrap_or_default();
    problems.sort_by_key(|problem| (problem.span, problem.code));
    problems.iter().map(|problem| fixture.line(problem)).collect()
}

#[track_caller]
pub(super) fn check_problems<T: DeserializeOwned>(toml: &str, expected: &[&str]) {
    assert_eq!(problems_of::<T>(toml, Mode::Resolved), expected, "{toml}");
}

fn mark(value: &mut Value) {
    match &mut value.kind {
        ValueKind::String(text) if text.starts_with('=') => value.kind = ValueKind::Text(text[1..].into()),
        ValueKind::String(text) if text.contains("${") => value.kind = ValueKind::Template(text.clone()),
        ValueKind::Array(elements) => elements.iter_mut().for_each(mark),
        ValueKind::Table(table) => table.entries.iter_mut().for_each(|(_, value)| mark(value)),
        _ => {}
    }
}
