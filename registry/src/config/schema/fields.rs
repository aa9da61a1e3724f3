//! What a field may be, as a schema.

use serde_json::{Map, Value, json};

use super::{
    patterns::{ANY_PLACEHOLDER, DURATION, PLACEHOLDER},
    requirements,
};
use crate::config::{
    decode::{Key, Outline, Variant},
    default::DefaultValue,
};

/// A schema that is being put together.
pub(super) type Schema = Map<String, Value>;

/// What is known of a field's own type beside what it takes: its doc comments.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// Those of the keys of a struct, or of the variants of an enum.
    pub parts: &'static [(&'static str, &'static str)],
}

/// Finds the description of a type by its name.
pub(super) type Descriptions<'a> = &'a dyn Fn(&str) -> Option<Description>;

/// Makes schemas of what types take.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    pub(super) descriptions: Descriptions<'a>,
    /// Whether a table must have all its keys where it stands, and not only together with what is laid under it.
    pub(super) is_whole: bool,
}

impl Fields<'_> {
    /// The schema of a value.
    pub(super) fn value(self, outline: &Outline) -> Schema {
        match outline {
            Outline::Anything => Schema::new(),
            Outline::Integer { min, max } => integer(*min, *max),
            Outline::Number => or_placeholder("number", PLACEHOLDER),
            Outline::Boolean => or_placeholder("boolean", PLACEHOLDER),
            Outline::Character => {
                one_of([object(json!({ "type": "string", "minLength": 1, "maxLength": 1 })), placeholder()])
            }
            Outline::Text => object(json!({ "type": "string" })),
            Outline::Duration => object(json!({ "type": "string", "pattern": DURATION })),
            Outline::Secret => object(json!({ "type": "string", "writeOnly": true, "x-secret": true })),
            Outline::Reference(client) => object(json!({ "type": "string", "x-connection-client": client })),
            Outline::Array(element) => self.array(element),
            Outline::Tuple(elements) => self.tuple(elements),
            Outline::Map(value) => {
                let mut schema = or_placeholder("object", ANY_PLACEHOLDER);
                schema.insert("additionalProperties".into(), self.value(value).into());
                schema
            }
            Outline::Struct { type_name, keys } => self.table(type_name, keys),
            Outline::Enum { type_name, variants } => self.variants(type_name, variants),
        }
    }

    fn array(self, element: &Outline) -> Schema {
        let mut schema = or_placeholder("array", ANY_PLACEHOLDER);
        schema.insert("items".into(), self.whole().value(element).into());
        schema
    }

    fn tuple(self, elements: &[Outline]) -> Schema {
        let mut schema = or_placeholder("array", ANY_PLACEHOLDER);
        let items: Vec<_> = elements.iter().map(|element| Value::from(self.whole().value(element))).collect();
        schema.insert("minItems".into(), items.len().into());
        schema.insert("maxItems".into(), items.len().into());
        schema.insert("items".into(), items.into());
        schema
    }

    /// Nothing is laid under an element of an array.
    fn whole(self) -> Self {
        Self { is_whole: true, ..self }
    }

    fn table(self, type_name: &str, keys: &[Key]) -> Schema {
        let description = (self.descriptions)(type_name);
        let mut schema = or_placeholder("object", ANY_PLACEHOLDER);
        let properties = keys.iter().map(|key| {
            let mut property = self.value(&key.outline);
            describe(&mut property, part(description, key.name));
            (key.name.to_owned(), property.into())
        });
        schema.insert("properties".into(), Value::Object(properties.collect()));
        schema.insert("additionalProperties".into(), false.into());
        if self.is_whole {
            schema.append(&mut requirements::of_keys(keys));
        }
        schema
    }

    fn variants(self, type_name: &str, variants: &[Variant]) -> Schema {
        let description = (self.descriptions)(type_name);
        let (names, tables): (Vec<_>, Vec<_>) = variants.iter().partition(|variant| variant.content.is_none());
        let mut choices = Vec::new();
        if !names.is_empty() {
            let names: Vec<_> = names.iter().map(|variant| variant.name).collect();
            choices.push(object(json!({ "type": "string", "enum": names })));
        }
        if !tables.is_empty() {
            choices.push(self.variant_table(description, &tables));
        }
        choices.push(placeholder());
        let mut schema = one_of(choices);
        let listed = variants.iter().filter_map(|variant| Some((variant.name, part(description, variant.name)?)));
        let listed: Vec<_> = listed.map(|(name, docs)| format!("- `{name}`: {docs}")).collect();
        describe(&mut schema, Some(listed.join("\n")).filter(|list| !list.is_empty()).as_deref());
        schema
    }

    /// A table whose one key is the name of a variant.
    fn variant_table(self, description: Option<Description>, variants: &[&Variant]) -> Schema {
        let properties = variants.iter().filter_map(|variant| {
            let mut content = self.value(variant.content.as_ref()?);
            describe(&mut content, part(description, variant.name));
            Some((variant.name.to_owned(), content.into()))
        });
        let properties = Value::Object(properties.collect());
        object(json!({
            "type": "object", "properties": properties, "additionalProperties": false,
            "minProperties": 1, "maxProperties": 1,
        }))
    }
}

/// Puts a text before the description that there is.
pub(super) fn describe(schema: &mut Schema, text: Option<&str>) {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return };
    let before = schema.get("description").and_then(Value::as_str);
    let text = before.map_or_else(|| text.to_owned(), |before| format!("{text}\n\n{before}"));
    schema.insert("description".into(), text.into());
}

/// The default as it is written.
pub(super) fn default(value: &DefaultValue) -> Value {
    match value {
        DefaultValue::Integer(number) => integer_value(*number).unwrap_or_default(),
        DefaultValue::Number(number) => (*number).into(),
        DefaultValue::Boolean(value) => (*value).into(),
        DefaultValue::Text(text) => text.as_str().into(),
    }
}

/// `value`, which is an object.
pub(super) fn object(value: Value) -> Schema {
    match value {
        Value::Object(schema) => schema,
        _ => Schema::new(),
    }
}

/// A value of that type, or a string of that form. One pattern for both, so that a mistake is one message.
pub(super) fn or_placeholder(kind: &str, pattern: &str) -> Schema {
    object(json!({ "type": [kind, "string"], "pattern": pattern }))
}

fn integer(min: i128, max: i128) -> Schema {
    let mut schema = or_placeholder("integer", PLACEHOLDER);
    let in_toml = |number: i128| i64::try_from(number).is_ok();
    for (keyword, limit) in [("minimum", min), ("maximum", max)] {
        // The largest number of TOML limits nothing.
        if in_toml(limit) && limit != i64::MIN.into() && limit != i64::MAX.into() {
            schema.extend(integer_value(limit).map(|limit| (keyword.to_owned(), limit)));
        }
    }
    schema
}

fn integer_value(number: i128) -> Option<Value> {
    i64::try_from(number).map(Value::from).or_else(|_| u64::try_from(number).map(Value::from)).ok()
}

fn one_of(choices: impl IntoIterator<Item = Schema>) -> Schema {
    let choices: Vec<_> = choices.into_iter().map(Value::from).collect();
    object(json!({ "anyOf": choices }))
}

fn placeholder() -> Schema {
    object(json!({ "type": "string", "pattern": ANY_PLACEHOLDER }))
}

fn part(description: Option<Description>, name: &str) -> Option<&'static str> {
    description?.parts.iter().find(|(part, _)| *part == name).map(|(_, docs)| *docs)
}
