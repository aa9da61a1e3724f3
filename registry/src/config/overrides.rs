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
            context.add(problem);
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
    ) -> Result<(), Problem> {
        let Some(value) = &self.value else {
            return Err(self.problem(0..self.name.len(), "the variable is not UTF-8"));
        };
        let (at, keys) = self.target(names, layers)?;
        let existing = &layers.connections[at].keys;
        let keys = known_keys(keys, existing, type_fields(at, layers, types));
        if matches!(&*keys[0].text, "extends" | "config_file") {
            let message = format!("`{}` cannot be set by a variable", keys[0].text);
            return Err(self.problem(keys[0].range.clone(), message));
        }
        self.insert(tables.entry(at).or_default(), &keys, value)
    }

    /// The connection that the variable names, and the keys behind the name. Since a name may itself hold a
    /// double underscore, the longest one that exists is taken.
    fn target(&self, names: &Names, layers: &Layers) -> Result<(usize, Vec<Segment>), Problem> {
        let segments = self.segments()?;
        let name_up_to = |count: usize| {
            let range = segments[0].range.start..segments[count - 1].range.end;
            (spelling(&self.name[range.clone()]), range)
        };
        for count in (1..segments.len()).rev() {
            let (name, range) = name_up_to(count);
            match names.0.get(&name).map(Vec::as_slice) {
                None => {}
                Some(&[at]) => return Ok((at, segments[count..].to_vec())),
                Some(several) => {
                    let several: Vec<_> =
                        several.iter().map(|&at| layers.connections[at].name.escape_debug().to_string()).collect();
                    let message = format!("the variable fits more than one connection: {}", several.join(", "));
                    return Err(self.problem(range, message));
                }
            }
        }
        let (name, range) = name_up_to(1);
        let near = did_you_mean(&name, names.0.keys().map(String::as_str));
        let help = match near {
            Some(near) => format!("did you mean `{PREFIX}{}`?", near.to_uppercase()),
            None => "a variable cannot declare a connection; declare it in the file first".to_owned(),
        };
        Err(self.problem(range, "the variable fits no connection").help(help))
    }

    fn segments(&self) -> Result<Vec<Segment>, Problem> {
        let mut start = PREFIX.len();
        let mut segments = Vec::new();
        for text in self.name[PREFIX.len()..].split(SEPARATOR) {
            let range = start..start + text.len();
            start = range.end + SEPARATOR.len();
            segments.push(Segment { text: text.to_lowercase(), range });
        }
        if segments.len() < 2 || segments.len() > MAX_SEGMENTS || segments.iter().any(|segment| segment.text.is_empty())
        {
            return Err(self
                .problem(0..self.name.len(), "the variable does not name a connection and a key")
                .help(format!("write `{PREFIX}NAME{SEPARATOR}KEY`")));
        }
        Ok(segments)
    }

    fn insert(&self, table: &mut Table, keys: &[Segment], value: &str) -> Result<(), Problem> {
        let Segment { text: key, range } = &keys[0];
        let key_span = Span::new(self.source, range.clone());
        let is_last = keys.len() == 1;
        match table.get_mut(key) {
            None if is_last => {
                let start = self.name.len() + 1;
                let span = Span::new(self.source, start..start + value.len());
                table
                    .entries
                    .push((key.as_str().into(), Value { kind: ValueKind::Text(value.into()), span, key_span }));
                Ok(())
            }
            None => {
                let mut inner = Table::default();
                self.insert(&mut inner, &keys[1..], value)?;
                let value = Value { kind: ValueKind::Table(inner), span: key_span, key_span };
                table.entries.push((key.as_str().into(), value));
                Ok(())
            }
            Some(Value { kind: ValueKind::Table(inner), .. }) if !is_last => self.insert(inner, &keys[1..], value),
            Some(other) => {
                let problem = self.problem(range.clone(), "two variables set this key");
                Err(problem.also(other.key_span, "the other one"))
            }
        }
    }

    fn problem(&self, range: Range<usize>, message: impl Into<String>) -> Problem {
        Problem::new(Code::Override, Span::new(self.source, range), message)
    }
}

/// The keys as the configuration spells them: those that are there, else those of the type, else reserved
/// ones; as given where nothing fits, to be reported as unknown.
fn known_keys(mut segments: Vec<Segment>, existing: &Table, fields: Vec<&'static str>) -> Vec<Segment> {
    let mut level = Some(existing);
    for (depth, segment) in segments.iter_mut().enumerate() {
        let wanted = spelling(&segment.text);
        let here = level.iter().flat_map(|table| &table.entries).map(|(key, _)| &**key);
        let known: &[&str] = if depth == 0 { RESERVED_KEYS } else { &[] };
        let types: &[&str] = if depth == 0 { &fields } else { &[] };
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

/// A name as far as a variable can spell it: no case, and `_` for all that is neither letter nor digit.
fn spelling(name: &str) -> String {
    name.chars()
        .map(|character| if character.is_alphanumeric() { character } else { '_' })
        .collect::<String>()
        .to_lowercase()
}

const PREFIX: &str = "CONNECTIONS__";

const SEPARATOR: &str = "__";

const MAX_SEGMENTS: usize = 16;
