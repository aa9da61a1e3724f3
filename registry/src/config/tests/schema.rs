//! What the schema says of types and files.

use serde::Deserialize;
use serde_json::{Value, json};

use super::support::Fixture;
use crate::config::{
    Defaults, Field, Reader, TypeInfo, TypeSchema, Visibility,
    lifecycle::{Lifecycle, SETTINGS},
    of_type, whole,
};

fn subject<T: serde::de::DeserializeOwned>(name: &'static str, fields: &'static [Field]) -> TypeSchema<T> {
    let reader = Reader::plain(|decoder| T::deserialize(decoder));
    let info = TypeInfo { name, client_type_name: "Client", fields, reader };
    TypeSchema { info, docs: "Of a test.", defaults: Defaults::default() }
}

/// The schema of the one field of `$type`.
macro_rules! of_field {
    ($type:ty) => {{
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Holder {
            #[allow(dead_code)]
            field: $type,
        }
        let schema = of_type(&subject::<Holder>("holder", &[]), &|_| None);
        schema["properties"]["field"].clone()
    }};
}

#[track_caller]
fn check(found: &Value, expected: &Value) {
    assert_eq!(found, expected, "{found:#}");
}

#[test]
fn plain_types_are_what_they_are_or_a_placeholder() {
    let whole = r"^\$\{(env|file|name):[^}]*\}$";
    check(&of_field!(String), &json!({ "type": "string" }));
    check(&of_field!(std::path::PathBuf), &json!({ "type": "string" }));
    check(&of_field!(std::net::IpAddr), &json!({ "type": "string" }));
    check(&of_field!(bool), &json!({ "type": ["boolean", "string"], "pattern": whole }));
    check(&of_field!(u16), &json!({ "type": ["integer", "string"], "pattern": whole, "minimum": 0, "maximum": 65535 }));
    check(&of_field!(i8), &json!({ "type": ["integer", "string"], "pattern": whole, "minimum": -128, "maximum": 127 }));
    check(&of_field!(u64), &json!({ "type": ["integer", "string"], "pattern": whole, "minimum": 0 }));
    check(&of_field!(i64), &json!({ "type": ["integer", "string"], "pattern": whole }));
    check(
        &of_field!(std::num::NonZeroU8),
        &json!({ "type": ["integer", "string"], "pattern": whole, "minimum": 1, "maximum": 255 }),
    );
    check(&of_field!(f32), &json!({ "type": ["number", "string"], "pattern": whole }));
    check(&of_field!(Option<bool>), &of_field!(bool));
    check(&of_field!(crate::Secret), &json!({ "type": "string", "writeOnly": true, "x-secret": true }));
    check(&of_field!(crate::ConnectionRef<u8>), &json!({ "type": "string", "x-connection-client": "u8" }));
}

#[test]
fn containers_are_what_is_in_them_or_a_placeholder() {
    let any = r"\$\{";
    let byte = of_field!(u8);
    check(&of_field!(Vec<u8>), &json!({ "type": ["array", "string"], "pattern": any, "items": byte }));
    check(&of_field!(Option<Vec<Box<u8>>>), &of_field!(Vec<u8>));
    check(
        &of_field!((u8, String)),
        &json!({
            "type": ["array", "string"], "pattern": any, "items": [byte, { "type": "string" }],
            "minItems": 2, "maxItems": 2,
        }),
    );
    check(
        &of_field!(std::collections::HashMap<String, u8>),
        &json!({ "type": ["object", "string"], "pattern": any, "additionalProperties": byte }),
    );
    check(
        &of_field!(()),
        &json!({
            "type": ["object", "string"], "pattern": any, "properties": {}, "additionalProperties": false,
        }),
    );
    check(
        &of_field!(char),
        &json!({ "anyOf": [
            { "type": "string", "minLength": 1, "maxLength": 1 }, { "type": "string", "pattern": any },
        ] }),
    );
    check(&of_field!(toml::Value), &json!({}));
    check(&of_field!(serde::de::IgnoredAny), &json!({}));
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[allow(dead_code)]
struct Nested {
    max_size: u8,
    #[serde(alias = "colour")]
    color: String,
    #[serde(default)]
    level: Level,
    inner: Option<Box<Nested>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(dead_code)]
enum Level {
    #[default]
    VeryLow,
    Exactly(u8),
    Between {
        from: u8,
        to: Option<u8>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
#[allow(dead_code)]
enum Either {
    Number(u8),
    Text(String),
}

#[test]
fn a_nested_struct_has_its_keys_and_what_it_cannot_do_without() {
    let schema = of_field!(Nested);
    let keys: Vec<_> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["color", "colour", "inner", "level", "max-size"]);
    check(&schema["additionalProperties"], &json!(false));
    check(&schema["required"], &json!(["max-size"]));
    check(&schema["allOf"], &json!([{ "anyOf": [{ "required": ["color"] }, { "required": ["colour"] }] }]));
    // It holds itself: once is enough.
    check(&schema["properties"]["inner"], &json!({}));
}

#[test]
fn an_enum_has_its_variants() {
    let (any, byte) = (r"\$\{", of_field!(u8));
    let between = json!({
        "type": ["object", "string"], "pattern": any, "additionalProperties": false,
        "properties": { "from": byte, "to": byte }, "required": ["from"],
    });
    check(
        &of_field!(Level),
        &json!({ "anyOf": [
            { "type": "string", "enum": ["very-low"] },
            {
                "type": "object", "properties": { "exactly": byte, "between": between },
                "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
            },
            { "type": "string", "pattern": any },
        ] }),
    );
    check(&of_field!(Either), &json!({}));
}

#[test]
fn what_a_type_does_by_itself_is_found_out_as_well() {
    #[derive(Deserialize)]
    #[serde(try_from = "String")]
    struct Ascii(#[allow(dead_code)] String);
    impl TryFrom<String> for Ascii {
        type Error = &'static str;
        fn try_from(text: String) -> Result<Self, &'static str> {
            if text.is_ascii() { Ok(Self(text)) } else { Err("not ASCII") }
        }
    }
    check(&of_field!(Ascii), &json!({ "type": "string" }));
    check(&of_field!(std::time::Duration)["type"], &json!("string"));
}

#[test]
fn a_type_has_the_docs_of_its_fields() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Cache {
        host: String,
        nested: Option<Nested>,
    }
    const FIELDS: &[Field] = &[
        Field { name: "host", type_name: "String", docs: "Where.", visibility: Visibility::Hidden },
        Field { name: "nested", type_name: "Option<Nested>", docs: "", visibility: Visibility::Hidden },
    ];
    let description =
        crate::config::Description { parts: &[("max-size", "How large."), ("very-low", "Next to nothing.")] };
    let schema = of_type(&subject::<Cache>("cache", FIELDS), &|name| {
        (name.ends_with("::Nested") || name.ends_with("::Level")).then_some(description)
    });
    check(&schema["title"], &json!("cache"));
    check(&schema["description"], &json!("Of a test."));
    check(&schema["required"], &json!(["host"]));
    check(&schema["properties"]["host"], &json!({ "type": "string", "description": "Where." }));
    let nested = &schema["properties"]["nested"];
    check(&nested["description"], &Value::Null);
    check(&nested["properties"]["max-size"]["description"], &json!("How large."));
    check(&nested["properties"]["level"]["description"], &json!("- `very-low`: Next to nothing."));
}

#[test]
fn keys_that_may_come_from_elsewhere_are_asked_for_apart() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Cache {
        host: String,
        port: Option<u16>,
        nested: Option<Nested>,
    }
    let schema = whole(&[subject::<Cache>("cache", &[])], &|_| None);
    let definition = &schema["definitions"]["type.cache"];
    check(&definition["required"], &Value::Null);
    check(&definition["properties"]["nested"]["required"], &Value::Null);
    let rules = &schema["allOf"].as_array().unwrap()[1..];
    assert_eq!(rules.len(), 2);
    let then = |at: usize| &rules[at]["else"]["properties"]["connections"]["additionalProperties"]["then"];
    check(&then(0)["required"], &json!(["host"]));
    check(&then(1)["required"], &Value::Null);
    check(&then(1)["properties"]["nested"]["required"], &json!(["max-size"]));
}

#[test]
fn every_setting_of_the_lifecycle_is_explained_and_has_its_true_default() {
    let schema = &whole::<()>(&[], &|_| None)["definitions"]["lifecycle"];
    let (mut names, mut defaults) = (Vec::new(), Vec::new());
    for (around, table) in [("", schema), ("retry.", &schema["properties"]["retry"])] {
        for (key, property) in table["properties"].as_object().unwrap() {
            assert!(property["description"].is_string(), "{key}");
            names.push(key.as_str());
            defaults.extend(property.get("default").map(|default| format!("{around}{key} = {default}\n")));
        }
    }
    let mut settings = SETTINGS.to_vec();
    settings.sort_unstable();
    names.sort_unstable();
    assert_eq!(names, settings);
    // All but `retry`, whose parts have them, and `idle_timeout`, which has none.
    assert_eq!(defaults.len(), SETTINGS.len() - 2);
    let read = |settings: &str| {
        let connection = format!("[connections.a]\ntype = 'cache'\nhost = ''\n[connections.a.lifecycle]\n{settings}");
        Fixture::new(&connection).valid().find("a").unwrap().lifecycle
    };
    assert_eq!(read(&defaults.concat()), Lifecycle::default());
    for default in &defaults {
        assert_ne!(read(&other(default)), Lifecycle::default(), "{default}");
    }
}

/// The same setting with another value.
fn other(setting: &str) -> String {
    let (key, value) = setting.split_once(" = ").unwrap();
    let value = match value.trim() {
        "true" => "false",
        "\"lazy\"" => "'eager'",
        "\"make-first\"" => "'break-first'",
        number if number.starts_with(|digit: char| digit.is_ascii_digit()) => "7",
        _ if key == "retry.base" => "'200ms'",
        _ => "'31s'",
    };
    format!("{key} = {value}\n")
}
