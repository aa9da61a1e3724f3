//! The table `lifecycle`, which every connection may have.

use serde_json::Value;

use super::fields::{Fields, Schema, describe};
use crate::config::{
    decode::{Key, Outline, outline},
    lifecycle::Lifecycle,
};

/// Its keys and what they take are those of [`Lifecycle`]; their defaults, too; what they mean is said here.
pub(super) fn schema() -> Schema {
    let outline = outline(|decoder| <Lifecycle as serde::Deserialize>::deserialize(decoder));
    let mut schema = Fields { descriptions: &|_| None, is_whole: true }.value(&outline);
    // The table itself is never a placeholder.
    schema.insert("type".into(), "object".into());
    schema.remove("pattern");
    describe(&mut schema, Some("When the connection is made, checked, replaced and closed."));
    explain(&mut schema, &outline, "", &Lifecycle::default().settings());
    schema
}

/// Adds descriptions, defaults and limits to the properties of a table, whose own key `around` is.
fn explain(schema: &mut Schema, outline: &Outline, around: &str, defaults: &[(&str, String)]) {
    let (Outline::Struct { keys, .. }, Some(Value::Object(properties))) = (outline, schema.get_mut("properties"))
    else {
        return;
    };
    for Key { name, outline, .. } in keys {
        let key = format!("{around}{name}");
        let docs = DOCS.iter().find(|(setting, _)| *setting == key).map(|(_, docs)| *docs);
        let (Some(docs), Some(Value::Object(property))) = (docs, properties.get_mut(*name)) else { continue };
        describe(property, Some(docs));
        let default = defaults.iter().find(|(setting, _)| *setting == key).and_then(|(_, text)| value(text));
        property.extend(default.map(|default| ("default".to_owned(), default)));
        if property.contains_key("maximum") {
            property.insert("minimum".into(), 1.into());
        }
        explain(property, outline, &format!("{key}."), defaults);
    }
}

/// A setting as JSON has it; `None` for what is written by leaving it out.
fn value(text: &str) -> Option<Value> {
    match text {
        "never" => None,
        "true" | "false" => Some((text == "true").into()),
        text => Some(text.parse::<u32>().map_or_else(|_| text.into(), Value::from)),
    }
}

const DOCS: &[(&str, &str)] = &[
    ("start", "When it is connected: `lazy`, on first use; `eager`, when the program starts its connections."),
    ("required", "Whether the program's start fails, and it is not ready, when this connection fails."),
    ("connect_timeout", "Whoever asks has a client or an error in that time, all attempts and references included."),
    ("retry", "The pauses between attempts: doubled after each failure, half of each random."),
    ("retry.base", "The first pause."),
    ("retry.max", "The longest pause while somebody waits."),
    ("retry.background_max", "The longest pause while nobody waits."),
    ("check_interval", "How long after one health check comes the next, on average."),
    ("check_timeout", "How long a check may take before it counts as failed."),
    ("check_fall", "So many failed checks in a row make the connection degraded."),
    ("check_rise", "So many passed checks in a row make it healthy again."),
    (
        "replace",
        "How a client is replaced: `make-first`, the new one is connected before the old one is closed; `break-first`, after.",
    ),
    (
        "idle_timeout",
        "A client that nobody has held for so long is closed; the next use connects again. Default: never.",
    ),
    ("drain_timeout", "How long an old client waits for those who still hold it; `0s`: not at all."),
    ("disconnect_timeout", "How long a goodbye may take."),
    ("max_instances", "How many connections of a template live at once."),
];
