//! Fields that a program gives as a table, without a file.

use std::path::Path;

use super::{
    context,
    decode::{self, Mode},
    environment::Environment,
    interpolate,
    placeholder::{Resolution, Resolver},
    types::TypeInfo,
    value::{Table, Value, ValueKind},
};
use crate::{
    diagnostic::{Diagnostic, Problem},
    span::{SourceKind, Sources, Span},
};

/// Makes an instance from its fields. Placeholders are resolved from the process's environment, and from files
/// relative to `config_dir`. The diagnostics have key paths, and no places.
pub(crate) fn decode_fields<I>(
    info: &TypeInfo<I>,
    fields: &toml::Table,
    config_dir: &Path,
) -> Result<I, Vec<Diagnostic>> {
    let mut sources = Sources::default();
    let source = sources.add(format!("fields of `{}`", info.name), "", SourceKind::File);
    let mut converter = Converter { place: Span::new(source, 0..0), problems: Vec::new() };
    let table = converter.table(fields, "");
    let mut fields = converter.placed(ValueKind::Table(table));
    let resolver = Resolver {
        environment: &Environment::Process,
        config_dir,
        strict_permissions: false,
        sources: &sources,
        captured: &[],
    };
    let Resolution { mut problems, .. } = resolver.resolve(&mut fields, "");
    problems.append(&mut converter.problems);
    let decoded = decode::decode(&fields, "", info.reader, Mode::Resolved);
    match decoded.map(|decoded| decoded.instance) {
        Ok(Some(instance)) if problems.is_empty() => return Ok(instance),
        Ok(_) => {}
        Err(mut found) => problems.append(&mut found),
    }
    let file = &sources.get(source).name;
    let problems = problems.into_iter().map(|problem| without_place(problem, file)).collect();
    Err(context::diagnostics(problems, &sources, &Default::default()))
}

fn without_place(problem: Problem, file: &str) -> Problem {
    Problem { span: None, file: Some(file.to_owned()), related: Vec::new(), ..problem }
}

/// Converts values that have no place in a text.
struct Converter {
    place: Span,
    problems: Vec<Problem>,
}

impl Converter {
    fn table(&mut self, table: &toml::Table, path: &str) -> Table {
        let entry = |(key, value): (&String, &toml::Value)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            (key.as_str().into(), self.value(value, &path))
        };
        Table { entries: table.iter().map(entry).collect() }
    }

    fn value(&mut self, value: &toml::Value, path: &str) -> Value {
        let kind = match value {
            toml::Value::String(text) => self.string(text, path),
            toml::Value::Integer(integer) => ValueKind::Integer((*integer).into()),
            toml::Value::Float(float) => ValueKind::Float(*float),
            toml::Value::Boolean(boolean) => ValueKind::Boolean(*boolean),
            toml::Value::Datetime(datetime) => ValueKind::Datetime(*datetime),
            toml::Value::Array(items) => {
                let item = |(at, item)| self.value(item, &format!("{path}[{at}]"));
                ValueKind::Array(items.iter().enumerate().map(item).collect())
            }
            toml::Value::Table(table) => ValueKind::Table(self.table(table, path)),
        };
        self.placed(kind)
    }

    fn string(&mut self, text: &str, path: &str) -> ValueKind {
        let mut problems = Vec::new();
        let kind = interpolate::classify(text.into(), "", self.place, &mut problems);
        self.problems.extend(problems.into_iter().map(|problem| problem.key_path(path)));
        kind
    }

    fn placed(&self, kind: ValueKind) -> Value {
        Value::new(kind, self.place, self.place)
    }
}
