//! A connection of some type as a text that says what the type takes.

use serde_json::{Map, Value as Json};
use toml_edit::{Key, Value};

use super::import::variable;
use crate::factory::ConnectionType;

/// The text of a connection: the type's docs, and its fields with theirs; the optional ones are commented out.
pub(super) struct Sample<'a> {
    name: &'a str,
    entry: &'a ConnectionType,
    properties: Map<String, Json>,
    given: Vec<Setting>,
}

/// A key with the value that it is to have.
#[derive(Clone)]
pub(super) struct Setting {
    /// The key as it stands in the connection; with dots for one of a table.
    pub(super) keys: Vec<String>,
    pub(super) value: Value,
}

impl<'a> Sample<'a> {
    pub(super) fn new(name: &'a str, entry: &'a ConnectionType) -> Self {
        let mut schema = entry.schema();
        let properties = match schema["properties"].take() {
            Json::Object(properties) => properties,
            _ => Map::new(),
        };
        Self { name, entry, properties, given: Vec::new() }
    }

    /// With these keys as they are said to be.
    pub(super) fn with(mut self, given: Vec<Setting>) -> Self {
        self.given = given;
        self
    }

    /// The whole text, each line ended by `\n`.
    pub(super) fn text(&self) -> String {
        let mut text = comment(self.entry.docs().split("\n\n").next().unwrap_or_default());
        text.push_str(&self.head());
        let required = needed(self.entry, &self.given);
        for field in self.entry.fields() {
            text.push('\n');
            text.push_str(&comment(field.docs));
            text.push_str(&self.field(field.name, &required));
        }
        text
    }

    /// The text without docs and without the keys that it can do without; it has two of these where no key is needed.
    pub(super) fn brief(&self) -> String {
        let mut text = comment(self.entry.docs().lines().next().unwrap_or_default());
        text.push_str(&self.head());
        let fields = self.entry.fields().iter().map(|field| field.name);
        let needed = needed(self.entry, &self.given);
        let required: Vec<_> = fields.clone().filter(|name| needed.iter().any(|key| key == name)).collect();
        let shown = if required.is_empty() { fields.take(2).collect() } else { required };
        text.extend(shown.into_iter().map(|name| self.field(name, &needed)));
        text
    }

    fn head(&self) -> String {
        let mut head = format!("[connections.{}]\n", Key::new(self.name).display_repr());
        head.push_str(&format!("type = {}\n", Value::from(self.entry.name())));
        let is_field = |setting: &&Setting| self.properties.contains_key(&setting.keys[0]);
        head.extend(self.given.iter().filter(|setting| !is_field(setting)).map(line));
        head
    }

    /// The lines of a field.
    fn field(&self, name: &str, required: &[String]) -> String {
        let given: Vec<_> = self.given.iter().filter(|setting| setting.keys[0] == name).collect();
        if !given.is_empty() {
            return given.into_iter().map(line).collect();
        }
        let is_required = required.iter().any(|key| key == name);
        let value = if is_required { self.placeholder(name) } else { self.example(name) };
        let line = line(&Setting { keys: vec![name.to_owned()], value });
        if is_required { line } else { comment(&line) }
    }

    /// What stands where the author has to say something: one of the choices, or a variable.
    fn placeholder(&self, name: &str) -> Value {
        match self.properties.get(name).and_then(first_choice) {
            Some(choice) => Value::from(choice),
            None => Value::from(format!("${{env:{}}}", variable(&[self.name, name]))),
        }
    }

    /// The default, or a value of the right kind.
    fn example(&self, name: &str) -> Value {
        let Some(property) = self.properties.get(name) else { return Value::from("") };
        let kind = |wanted: &str| is_kind(property, wanted);
        match toml_value(&property["default"]) {
            Some(default) => default,
            None if property["x-secret"] == true => self.placeholder(name),
            None if first_choice(property).is_some() => self.placeholder(name),
            None if self.is_duration(name) => Value::from("10s"),
            None if kind("boolean") => Value::from(false),
            None if kind("integer") => Value::from(property["minimum"].as_i64().unwrap_or(0)),
            None if kind("number") => Value::from(0.0),
            None if kind("array") => Value::Array(toml_edit::Array::new()),
            None if kind("object") => Value::InlineTable(toml_edit::InlineTable::new()),
            None => Value::from(""),
        }
    }

    fn is_duration(&self, name: &str) -> bool {
        let mut fields = self.entry.fields().iter();
        fields.any(|field| field.name == name && field.type_name.contains("Duration"))
    }

    /// Whether the field takes texts and nothing else.
    pub(super) fn is_text(&self, name: &str) -> bool {
        self.properties.get(name).is_none_or(|property| property["type"] == "string")
    }
}

// By hand: what is given may be a secret.
impl std::fmt::Debug for Sample<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, entry, properties: _, given: _ } = self;
        f.debug_struct("Sample").field("name", name).field("entry", entry).finish_non_exhaustive()
    }
}

/// The keys without which there is no connection, beside those that are given. Of what can be said in two ways it is the
/// `url`, which says the whole in one line.
fn needed(entry: &ConnectionType, given: &[Setting]) -> Vec<String> {
    let mut keys = entry.required_fields();
    let with =
        |keys: &[String]| [given.iter().map(|setting| setting.keys[0].clone()).collect(), keys.to_vec()].concat();
    // One key may ask for another.
    for _ in 0..entry.fields().len() {
        let missing = entry.missing_fields(&with(&keys));
        let Some(first) = missing.first() else { break };
        let url = [keys.as_slice(), &[URL.to_owned()]].concat();
        let is_enough =
            entry.fields().iter().any(|field| field.name == URL) && entry.missing_fields(&with(&url)).is_empty();
        keys.push(if is_enough { URL.to_owned() } else { first.clone() });
    }
    keys
}

const URL: &str = "url";

/// Each line as a comment.
pub(super) fn comment(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "#\n".to_owned() } else { format!("# {line}\n") }).collect()
}

fn line(setting: &Setting) -> String {
    let keys: Vec<_> = setting.keys.iter().map(|key| Key::new(key).display_repr().into_owned()).collect();
    format!("{} = {}\n", keys.join("."), setting.value.to_string().trim())
}

/// Of a field that takes one of some words.
fn first_choice(property: &Json) -> Option<&str> {
    let ways = property["anyOf"].as_array().map(Vec::as_slice).unwrap_or_default();
    std::iter::once(property).chain(ways).find_map(|way| way["enum"][0].as_str())
}

fn is_kind(property: &Json, wanted: &str) -> bool {
    match &property["type"] {
        Json::String(kind) => kind == wanted,
        Json::Array(kinds) => kinds.iter().any(|kind| kind == wanted),
        _ => false,
    }
}

/// The same value in TOML; `None` for null.
fn toml_value(value: &Json) -> Option<Value> {
    match value {
        Json::Null => None,
        Json::Bool(boolean) => Some(Value::from(*boolean)),
        Json::Number(number) => number.as_i64().map(Value::from).or_else(|| number.as_f64().map(Value::from)),
        Json::String(text) => Some(Value::from(text)),
        Json::Array(items) => Some(Value::Array(items.iter().filter_map(toml_value).collect())),
        Json::Object(entries) => {
            let entries = entries.iter().filter_map(|(key, value)| Some((key.as_str(), toml_value(value)?)));
            Some(Value::InlineTable(entries.collect()))
        }
    }
}
