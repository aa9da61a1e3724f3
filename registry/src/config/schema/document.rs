//! The schema of one type's fields, and that of a whole file.

use serde_json::{Value, json};

use super::{
    fields::{Descriptions, Fields, Schema, default, describe, object, or_placeholder},
    lifecycle,
    patterns::{NAME, PLACEHOLDER},
    requirements,
};
use crate::config::{
    decode::{Key, Outline, outline},
    default::Defaults,
    types::TypeInfo,
};

/// What the schema says of one type.
pub(crate) struct TypeSchema<I> {
    pub(crate) info: TypeInfo<I>,
    pub(crate) docs: &'static str,
    pub(crate) defaults: Defaults,
}

/// The schema of the fields of a type, as they must be when nothing is laid under them.
pub(crate) fn of_type<I>(subject: &TypeSchema<I>, descriptions: Descriptions<'_>) -> Value {
    let keys = subject.keys();
    let fields = Fields { descriptions, is_whole: true };
    let mut schema = object(json!({
        "$schema": DRAFT, "title": subject.info.name, "type": "object",
        "properties": subject.properties(&keys, fields), "additionalProperties": false,
    }));
    describe(&mut schema, Some(subject.docs));
    schema.append(&mut requirements::of_keys(&keys));
    finished(schema)
}

/// The schema of a configuration file that may use these types.
pub(crate) fn whole<I>(types: &[TypeSchema<I>], descriptions: Descriptions<'_>) -> Value {
    let types: Vec<_> = types.iter().map(|subject| Subject::new(subject, descriptions)).collect();
    let mut definitions = Schema::new();
    definitions.insert("lifecycle".into(), lifecycle::schema().into());
    definitions.insert("connection".into(), connection(&types).into());
    definitions.insert("rules".into(), rules(&types).into());
    for subject in &types {
        definitions.insert(format!("type.{}", subject.name), subject.connection().into());
        definitions.insert(format!("defaults.{}", subject.name), subject.defaults().into());
    }
    let rules = of_connections(&json!({ "$ref": "#/definitions/rules" }));
    let rules: Vec<_> = [rules].into_iter().chain(types.iter().flat_map(Subject::missing)).collect();
    finished(object(json!({
        "$schema": DRAFT,
        "title": "connections",
        "description": "Named connections. A string may hold placeholders such as ${env:NAME} and ${file:path}.",
        "type": "object",
        "properties": top_level(&types),
        "additionalProperties": false,
        "allOf": rules,
        "definitions": definitions,
    })))
}

impl<I> TypeSchema<I> {
    fn keys(&self) -> Vec<Key> {
        match outline(self.info.reader.decode) {
            Outline::Struct { keys, .. } => keys,
            _ => Vec::new(),
        }
    }

    fn properties(&self, keys: &[Key], fields: Fields<'_>) -> Schema {
        keys.iter().map(|key| (key.name.to_owned(), self.property(key, fields).into())).collect()
    }

    fn property(&self, key: &Key, fields: Fields<'_>) -> Schema {
        let mut schema = fields.value(&key.outline);
        let field = self.info.fields.iter().find(|field| field.name == key.name);
        describe(&mut schema, field.map(|field| field.docs));
        // That of a secret may be one.
        if let Some(value) = self.defaults.get(key.name).filter(|_| key.outline != Outline::Secret) {
            schema.insert("default".into(), default(value));
        }
        schema
    }
}

/// One type of a whole file.
struct Subject {
    name: &'static str,
    docs: &'static str,
    keys: Vec<Key>,
    properties: Schema,
}

impl Subject {
    fn new<I>(subject: &TypeSchema<I>, descriptions: Descriptions<'_>) -> Self {
        let keys = subject.keys();
        let properties = subject.properties(&keys, Fields { descriptions, is_whole: false });
        Self { name: subject.info.name, docs: subject.docs, keys, properties }
    }

    /// A connection of this type.
    fn connection(&self) -> Schema {
        let mut properties = reserved(json!({ "const": self.name }));
        properties.extend(self.properties.clone());
        self.table(&properties)
    }

    /// `[defaults.<type>]`.
    fn defaults(&self) -> Schema {
        self.table(&self.properties.keys().map(|key| (key.clone(), self.reference(key))).collect())
    }

    fn table(&self, properties: &Schema) -> Schema {
        let mut schema = object(json!({ "type": "object", "properties": properties, "additionalProperties": false }));
        describe(&mut schema, Some(self.docs));
        schema
    }

    fn whole_reference(&self) -> Value {
        json!({ "$ref": format!("#/definitions/type.{}", self.name) })
    }

    /// The same property of a connection.
    fn reference(&self, key: &str) -> Value {
        json!({ "$ref": format!("#/definitions/type.{}/properties/{}", self.name, pointer(key)) })
    }

    /// That connections of this type have what they must, for each key by itself: unless the key is a default of the type, or
    /// may come from elsewhere.
    fn missing(&self) -> Vec<Value> {
        self.keys.iter().filter_map(|key| Some(self.missing_key(key, &requirements::of_key(key)?))).collect()
    }

    fn missing_key(&self, key: &Key, required: &Schema) -> Value {
        let is_default = json!({
            "required": ["defaults"],
            "properties": { "defaults": {
                "required": [self.name], "properties": { self.name: { "required": [key.name] } },
            } },
        });
        let is_alone = json!({
            "required": ["type"],
            "properties": { "type": { "const": self.name } },
            "not": { "anyOf": [{ "required": ["extends"] }, { "required": ["config_file"] }] },
        });
        json!({ "if": is_default, "else": of_connections(&json!({ "if": is_alone, "then": required })) })
    }
}

fn top_level(types: &[Subject]) -> Value {
    let mut defaults = object(json!({ "lifecycle": { "$ref": LIFECYCLE } }));
    let by_type = |subject: &Subject| {
        (subject.name.to_owned(), json!({ "$ref": format!("#/definitions/defaults.{}", subject.name) }))
    };
    defaults.extend(types.iter().map(by_type));
    json!({
        "include": {
            "description": "Files whose content is laid under that of this one: paths below its folder. In a file name `*` stands for any characters and `?` for one.",
            "type": "array",
            "items": { "type": "string" },
        },
        "defaults": {
            "description": "`[defaults.<type>]` gives fields to every connection of a type, `[defaults.lifecycle]` settings to every connection.",
            "type": "object",
            "properties": defaults,
            "additionalProperties": false,
        },
        "connections": {
            "description": "The connections by name. A name with captures, such as `tenant/{id}`, is that of a template: its fields take the value of a capture by `${name:id}`.",
            "type": "object",
            "propertyNames": { "type": "string", "minLength": 1, "maxLength": 128, "pattern": NAME },
            "additionalProperties": { "$ref": "#/definitions/connection" },
        },
    })
}

/// A file all of whose connections are so.
fn of_connections(connection: &Value) -> Value {
    json!({
        "type": "object",
        "additionalProperties": true,
        "properties": { "connections": { "type": "object", "additionalProperties": connection } },
    })
}

/// What editors complete and explain: the keys of the type where the connection is right for it, and otherwise those of all
/// types. It accepts anything, since what is wrong is said by the rules, in better words than those of a choice.
fn connection(types: &[Subject]) -> Schema {
    let mut choices: Vec<_> = types.iter().map(Subject::whole_reference).collect();
    let mut other = object(json!({ "type": "object", "properties": any_key(types), "additionalProperties": true }));
    if !choices.is_empty() {
        other.insert("not".into(), json!({ "anyOf": choices }));
    }
    choices.push(other.into());
    object(json!({ "type": "object", "additionalProperties": true, "anyOf": choices }))
}

/// The keys of all types, each of which accepts anything.
fn any_key(types: &[Subject]) -> Schema {
    let mut choices = by_key(types);
    let reserved = reserved(json!({ "type": "string", "enum": names(types) }));
    choices.extend(reserved.into_iter().map(|(key, property)| (key, vec![property])));
    let anything = |mut choices: Vec<Value>| {
        choices.push(true.into());
        json!({ "anyOf": choices })
    };
    choices.into_iter().map(|(key, choices)| (key, anything(choices))).collect()
}

/// What is wrong with a connection, said by a branch for each type, so that each mistake is a message of its own.
fn rules(types: &[Subject]) -> Schema {
    let mut properties = reserved(json!({}));
    properties.remove("type");
    let mut branches = vec![known_type(&names(types))];
    branches.extend(types.iter().map(|subject| {
        json!({
            "if": { "required": ["type"], "properties": { "type": { "const": subject.name } } },
            "then": subject.whole_reference(),
        })
    }));
    object(json!({ "type": "object", "properties": properties, "additionalProperties": true, "allOf": branches }))
}

fn names(types: &[Subject]) -> Vec<&'static str> {
    types.iter().map(|subject| subject.name).collect()
}

/// The type of a connection that is switched off need not be linked.
fn known_type(names: &[&str]) -> Value {
    json!({
        "if": { "required": ["enabled"], "properties": { "enabled": { "const": false } } },
        "else": {
            "type": "object",
            "additionalProperties": true,
            "properties": { "type": { "type": "string", "enum": names } },
        },
    })
}

/// All keys of all types, in the order of their names, with the types that have them.
fn by_key(types: &[Subject]) -> Vec<(String, Vec<Value>)> {
    let mut keys: Vec<(String, Vec<Value>)> = Vec::new();
    for subject in types {
        for key in subject.properties.keys() {
            match keys.iter_mut().find(|(known, _)| known == key) {
                Some((_, references)) => references.push(subject.reference(key)),
                None => keys.push((key.clone(), vec![subject.reference(key)])),
            }
        }
    }
    keys
}

/// The keys that every connection has.
fn reserved(type_name: Value) -> Schema {
    let mut type_name = object(type_name);
    describe(&mut type_name, Some("The connection type."));
    let mut enabled = or_placeholder("boolean", PLACEHOLDER);
    describe(&mut enabled, Some("`false` keeps the connection declared and checked, and it cannot be got."));
    enabled.insert("default".into(), true.into());
    let mut schema = object(json!({
        "extends": {
            "description": "The name of another connection: every key of it holds here, unless it is written here as well.",
            "type": "string",
        },
        "config_file": {
            "description": "A TOML file with fields of this connection: a path below the folder of the main file.",
            "type": "string",
        },
        "lifecycle": { "$ref": LIFECYCLE },
    }));
    schema.insert("type".into(), type_name.into());
    schema.insert("enabled".into(), enabled.into());
    schema
}

/// In the order of keys, whatever map other crates have chosen for `serde_json`: the text is the same in every program.
fn finished(schema: Schema) -> Value {
    let mut schema = Value::Object(schema);
    schema.sort_all_objects();
    schema
}

/// A key as a step of a reference, which is a URL.
fn pointer(key: &str) -> String {
    let mut step = String::new();
    for byte in key.replace('~', "~0").replace('/', "~1").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => step.push(byte.into()),
            other => step.push_str(&format!("%{other:02X}")),
        }
    }
    step
}

const DRAFT: &str = "http://json-schema.org/draft-07/schema#";

const LIFECYCLE: &str = "#/definitions/lifecycle";
