//! Which keys must be there, apart from what they must be: of a connection they may come from elsewhere, too.

use serde_json::{Value, json};

use super::fields::{Schema, object};
use crate::config::decode::{Key, Outline};

/// What a table with these keys must have, at any depth that is no element of an array.
pub(super) fn of_keys(keys: &[Key]) -> Schema {
    let (single, several): (Vec<_>, Vec<_>) =
        keys.iter().filter(|key| key.is_required).partition(|key| key.aliases.is_empty());
    let mut schema = Schema::new();
    if !single.is_empty() {
        let names: Vec<_> = single.iter().map(|key| key.name).collect();
        schema.insert("required".into(), names.into());
    }
    if !several.is_empty() {
        let choices: Vec<_> = several.iter().map(|key| Value::from(one_name(key))).collect();
        schema.insert("allOf".into(), choices.into());
    }
    schema
}

/// What a table must have because of `key`; `None` when it need not have anything.
pub(super) fn of_key(key: &Key) -> Option<Schema> {
    let mut schema = open();
    if key.is_required {
        schema.append(&mut one_name(key));
    }
    let inside = inside(&key.outline);
    if inside.is_none() && !key.is_required {
        return None;
    }
    if let Some(inside) = inside {
        schema.insert("properties".into(), json!({ key.name: inside }));
    }
    Some(schema)
}

fn one_name(key: &Key) -> Schema {
    let names = [key.name].into_iter().chain(key.aliases.iter().copied());
    let mut choices: Vec<_> = names.map(|name| json!({ "required": [name] })).collect();
    match choices.pop() {
        Some(only) if choices.is_empty() => object(only),
        last => object(json!({ "anyOf": choices.into_iter().chain(last).collect::<Vec<_>>() })),
    }
}

/// What must be in a value.
fn inside(outline: &Outline) -> Option<Schema> {
    match outline {
        Outline::Struct { keys, .. } => {
            let mut schema = open();
            schema.append(&mut of_keys(keys));
            let below = keys.iter().filter_map(|key| Some((key.name, inside(&key.outline)?)));
            insert_properties(&mut schema, below.collect());
            Some(schema).filter(|schema| schema.len() > open().len())
        }
        Outline::Enum { variants, .. } => {
            let mut schema = open();
            let below = variants.iter().filter_map(|variant| Some((variant.name, inside(variant.content.as_ref()?)?)));
            insert_properties(&mut schema, below.collect());
            Some(schema).filter(|schema| schema.len() > open().len())
        }
        Outline::Map(value) => {
            let value = inside(value)?;
            Some(object(json!({ "type": ["object", "string"], "additionalProperties": value })))
        }
        _ => None,
    }
}

fn insert_properties(schema: &mut Schema, properties: Vec<(&str, Schema)>) {
    let properties: Schema = properties.into_iter().map(|(name, inside)| (name.to_owned(), inside.into())).collect();
    if !properties.is_empty() {
        schema.insert("properties".into(), properties.into());
    }
}

/// Any table, or the placeholder for one. That other keys are allowed is said, for engines that are strict otherwise.
fn open() -> Schema {
    object(json!({ "type": ["object", "string"], "additionalProperties": true }))
}
