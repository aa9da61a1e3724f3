//! Overrides from the environment: `CONNECTIONS__PRIMARY_DB__MAX_CONNECTIONS=4`.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use super::{
    context::Context,
    layer::Layers,
    reserved::{self, RESERVED_KEYS},
    types::Types,
    value::{Table, Value, ValueKind},
};
use crate::{
    diagnostic::{Code, Problem, did_you_mean},
    span::{SourceId, SourceKind, Span},
};

/// Lays the variables over the connections that they name.
pub(super) fn apply(layers: &mut Layers, types: &impl Types, context: &mut Context<'_>) {
    let variables = context.request.environment.starting_with(PREFIX);
    if variables.is_empty() {
        return;
    }
    let names = Names::of(layers);
    let mut tables: BTreeMap<usize, Table> = BTreeMap::new();
    for (name, is_text, value) in variables {
        let value = value.into_string().ok().filter(|_| is_text);
        let variable = Variable::new(name, value, context);
        if let Err(problem) = variable.add_to(&mut tables, layers, &names, types) {
            context.add(*problem);
        }
    }
    for (at, table) in tables {
        layers.connections[at].lay_over(table);
    }
}

/// The connections by their names as a variable can spell them.
struct Names(HashMap<String, Vec<usize>>);

impl Names {
    fn of(layers: &Layers) -> Self {
        let mut names: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, connection) in layers.connections.iter().enumerate() {
            names.entry(spelling(&connection.name)).or_default().push(at);
        }
        Self(names)
    }
}

/// One variable of the environment.
struct Variable {
    name: String,
    /// `None` when it is not UTF-8.
    value: Option<String>,
    source: SourceId,
}

/// A part of a variable's name between double underscores.
#[derive(Clone)]
struct Segment {
    text: String,
    range: Range<usize>,
}

impl Variable {
    fn new(name: String, value: Option<String>, context: &mut Context<'_>) -> Self {
        let text = format!("{name}={}", value.as_deref().unwrap_or_default());
        let source = context.sources.add(name.escape_debug().to_string(), text, SourceKind::Environment);
        Self { name, value, source }
    }

    fn add_to(
        &self,
        tables: &mut BTreeMap<usize, Table>,
        layers: &Layers,
        names: &Names,
        types: &impl Types,
    ) -> Result<(), Box<Problem>> {
        let Some(value) = &self.value else {
            return Err(self.problem(0..self.name.len(), "the variable is not UTF-8").into());
        };
        let (at, keys) = self.target(names, layers)?;
        let existing = &layers.connections[at].keys;
        let keys = known_keys(keys, existing, &type_fields(at, layers, types));
        if matches!(&*keys[0].text, "extends" | "config_file") {
            let message = format!("`{}` cannot be set by a variable", keys[0].text);
            return Err(self.problem(keys[0].range.clone(), message).into());
        }
        self.insert(tables.entry(at).or_default(), &keys, value)
    }

    /// The connection that the variable names, and the keys behind the name. Since a name may itself hold a
    /// double underscore, the longest one that exists is taken.
    fn target(&self, names: &Names, layers: &Layers) -> Result<(usize, Vec<Segment>), Box<Problem>> {
        let mut segments = self.segments()?;
        let name_of = |count: usize| segments[0].range.start..segments[count - 1].range.end;
        let found = (1..segments.len())
            .rev()
            .find_map(|count| Some((names.0.get(&spelling(&self.name[name_of(count)]))?.as_slice(), count)));
        match found {
            Some((&[at], count)) => Ok((at, segments.split_off(count))),
            Some((several, count)) => Err(self.fits_several(name_of(count), several, layers).into()),
            None => Err(self.fits_none(name_of(1), names).into()),
        }
    }

    fn fits_several(&self, range: Range<usize>, several: &[usize], layers: &Layers) -> Problem {
        let name = |&at: &usize| layers.connections[at].name.escape_debug().to_string();
        let several = several.iter().map(name).collect::<Vec<_>>().join(", ");
        self.problem(range, format!("the variable fits more than one connection: {several}"))
    }

    fn fits_none(&self, range: Range<usize>, names: &Names) -> Problem {
        let name = spelling(&self.name[range.clone()]);
        let help = match did_you_mean(&name, names.0.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{PREFIX}{}`?", near.to_uppercase()),
            None => "a variable cannot declare a connection; declare it in the file first".to_owned(),
        };
        self.problem(range, "the variable fits no connection").help(help)
    }

    fn segments(&self) -> Result<Vec<Segment>, Box<Problem>> {
        let mut start = PREFIX.len();
        let mut segments = Vec::new();
        for text in self.name[PREFIX.len()..].split(SEPARATOR) {
            let range = start..start + text.len();
            start = range.end + SEPARATOR.len();
            segments.push(Segment { text: text.to_lowercase(), range });
        }
        let has_empty = segments.iter().any(|segment| segment.text.is_empty());
        if has_empty || !(2..=MAX_SEGMENTS).contains(&segments.len()) {
            let problem = self.problem(0..self.name.len(), "the variable does not name a connection and a key");
            return Err(problem.help(format!("write `{PREFIX}NAME{SEPARATOR}KEY`")).into());
        }
        Ok(segments)
    }

    fn insert(&self, table: &mut Table, keys: &[Segment], value: &str) -> Result<(), Box<Problem>> {
        let key = &keys[0];
        let Some(existing) = table.get_mut(&key.text) else {
            table.entries.push((key.text.as_str().into(), self.value(keys, value)));
            return Ok(());
        };
        match (&mut existing.kind, &keys[1..]) {
            (ValueKind::Table(inner), rest @ [_, ..]) => self.insert(inner, rest, value),
            _ => {
                let problem = self.problem(key.range.clone(), "two variables set this key");
                Err(problem.also(existing.key_span, "the other one").into())
            }
        }
    }

    /// The value of the first of `keys`: the text itself, or tables around it for the others.
    fn value(&self, keys: &[Segment], text: &str) -> Value {
        let key_span = Span::new(self.source, keys[0].range.clone());
        let Some(next) = keys.get(1) else {
            let start = self.name.len() + 1;
            let span = Span::new(self.source, start..start + text.len());
            return Value::new(ValueKind::Text(text.into()), span, key_span);
        };
        let entries = vec![(next.text.as_str().into(), self.value(&keys[1..], text))];
        Value::new(ValueKind::Table(Table { entries }), key_span, key_span)
    }

    fn problem(&self, range: Range<usize>, message: impl Into<String>) -> Problem {
        Problem::new(Code::Override, Span::new(self.source, range), message)
    }
}

/// The keys as the configuration spells them: those that are there, else those of the type, else reserved
/// ones; as given where nothing fits, to be reported as unknown.
fn known_keys(mut segments: Vec<Segment>, existing: &Table, fields: &[&str]) -> Vec<Segment> {
    let mut level = Some(existing);
    for (depth, segment) in segments.iter_mut().enumerate() {
        let wanted = spelling(&segment.text);
        let here = level.iter().flat_map(|table| &table.entries).map(|(key, _)| &**key);
        let known: &[&str] = if depth == 0 { RESERVED_KEYS } else { &[] };
        let types: &[&str] = if depth == 0 { fields } else { &[] };
        let mut candidates = here.chain(types.iter().copied()).chain(known.iter().copied());
        if let Some(key) = candidates.find(|key| spelling(key) == wanted) {
            segment.text = key.to_owned();
        }
        level = level.and_then(|table| table.get(&segment.text)).and_then(Value::as_table);
    }
    segments
}

/// The field names of a connection's type, its own or the one that it inherits.
fn type_fields(mut at: usize, layers: &Layers, types: &impl Types) -> Vec<&'static str> {
    let text = |at: usize, key: &str| layers.connections[at].keys.get(key).and_then(reserved::text);
    for _ in 0..layers.connections.len() {
        if let Some(name) = text(at, "type") {
            let fields = types.find(name).map(|found| found.fields).unwrap_or_default();
            return fields.iter().map(|field| field.name).collect();
        }
        let Some(parent) = text(at, "extends").and_then(|parent| layers.position(parent)) else { break };
        at = parent;
    }
    Vec::new()
}

/// A name as far as a variable can spell it: no case, no braces, and `_` for all else that is neither letter nor
/// digit.
fn spelling(name: &str) -> String {
    name.chars()
        .filter(|character| !matches!(character, '{' | '}'))
        .map(|character| if character.is_alphanumeric() { character } else { '_' })
        .collect::<String>()
        .to_lowercase()
}

const PREFIX: &str = "CONNECTIONS__";

const SEPARATOR: &str = "__";

const MAX_SEGMENTS: usize = 16;
