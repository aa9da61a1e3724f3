//! The table `lifecycle`, which every connection may have.

use serde_json::Value;

use super::fields::{Fields, Schema, describe};
use crate::config::{
    decode::{Key, Outline, outline},
    lifecycle::Lifecycle,
};

/// Its keys and what they take are those of [`Lifecycle`]; what they mean and what holds without them is said here.
pub(super) fn schema() -> Schema {
    let outline = outline(|decoder| <Lifecycle as serde::Deserialize>::deserialize(decoder));
    let mut schema = Fields { descriptions: &|_| None, is_whole: true }.value(&outline);
    // The table itself is never a placeholder.
    schema.insert("type".into(), "object".into());
    schema.remove("pattern");
    describe(&mut schema, Some("When the connection is made, checked, replaced and closed."));
    explain(&mut schema, &outline, &settings());
    schema
}

/// Adds descriptions, defaults and limits to the properties of a table.
fn explain(schema: &mut Schema, outline: &Outline, settings: &[Setting]) {
    let (Outline::Struct { keys, .. }, Some(Value::Object(properties))) = (outline, schema.get_mut("properties"))
    else {
        return;
    };
    for Key { name, outline, .. } in keys {
        let setting = settings.iter().find(|setting| setting.key == *name);
        let (Some(setting), Some(Value::Object(property))) = (setting, properties.get_mut(*name)) else { continue };
        describe(property, Some(setting.docs));
        property.extend(setting.default.clone().map(|default| ("default".to_owned(), default)));
        if property.contains_key("maximum") {
            property.insert("minimum".into(), 1.into());
        }
        explain(property, outline, &setting.parts);
    }
}

struct Setting {
    key: &'static str,
    default: Option<Value>,
    docs: &'static str,
    /// Where it is a table.
    parts: Vec<Self>,
}

impl Setting {
    fn new(key: &'static str, default: impl Into<Value>, docs: &'static str) -> Self {
        Self { key, default: Some(default.into()).filter(|default| !default.is_null()), docs, parts: Vec::new() }
    }
}

fn settings() -> Vec<Setting> {
    let retry = Setting {
        parts: retry(),
        ..Setting::new(
            "retry",
            Value::Null,
            "The pauses between attempts: doubled after each failure, half of each random.",
        )
    };
    vec![
        Setting::new(
            "start",
            "lazy",
            "When it is connected: `lazy`, on first use; `eager`, when the program starts its connections.",
        ),
        Setting::new(
            "required",
            true,
            "Whether the program's start fails, and it is not ready, when this connection fails.",
        ),
        Setting::new(
            "connect_timeout",
            "10s",
            "Whoever asks has a client or an error in that time, all attempts and references included.",
        ),
        retry,
        Setting::new("check_interval", "30s", "How long after one health check comes the next, on average."),
        Setting::new("check_timeout", "5s", "How long a check may take before it counts as failed."),
        Setting::new("check_fall", 3, "So many failed checks in a row make the connection degraded."),
        Setting::new("check_rise", 2, "So many passed checks in a row make it healthy again."),
        Setting::new(
            "replace",
            "make-first",
            "How a client is replaced: `make-first`, the new one is connected before the old one is closed; `break-first`, after.",
        ),
        Setting::new(
            "idle_timeout",
            Value::Null,
            "A client that nobody has held for so long is closed; the next use connects again. Default: never.",
        ),
        Setting::new(
            "drain_timeout",
            "30s",
            "How long an old client waits for those who still hold it; `0s`: not at all.",
        ),
        Setting::new("disconnect_timeout", "5s", "How long a goodbye may take."),
        Setting::new("max_instances", 100, "How many connections of a template live at once."),
    ]
}

fn retry() -> Vec<Setting> {
    vec![
        Setting::new("base", "100ms", "The first pause."),
        Setting::new("max", "2s", "The longest pause while somebody waits."),
        Setting::new("background_max", "30s", "The longest pause while nobody waits."),
    ]
}
