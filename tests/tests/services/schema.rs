//! The schema in the hands of those that it is for: an editor's engine, and a validator.

#![allow(clippy::unwrap_used)]

#[path = "schema/editor.rs"]
mod editor;
#[path = "schema/files.rs"]
mod files;

use std::{collections::BTreeMap, time::Duration};

use connection_registry::{
    BoxError, ConnectContext, Connection, ConnectionFactory, ConnectionRef, Describe, Secret, connection_type,
};
use serde::Deserialize;
use serde_json::Value;

/// A type with a field of each kind.
#[connection_type("schema-sample")]
#[derive(Debug)]
#[allow(dead_code)]
struct Sample {
    /// Where it is.
    host: String,
    /// Between 0 and 65535.
    #[serde(default = "default_port")]
    port: u16,
    token: Option<Secret>,
    #[serde(default = "default_secret")]
    other_token: Secret,
    #[serde(default)]
    verbose: bool,
    #[serde(default = "default_pause")]
    pause: Duration,
    #[serde(default = "default_address")]
    address: String,
    #[serde(default = "default_greeting")]
    greeting: String,
    ratio: Option<f64>,
    hosts: Option<Vec<String>>,
    labels: Option<BTreeMap<String, u8>>,
    limits: Option<Limits>,
    upstream: Option<ConnectionRef<()>>,
}

#[derive(Debug, Deserialize, Describe)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Limits {
    /// In a second.
    requests: u32,
    /// What is done then.
    #[serde(default)]
    beyond: Beyond,
}

#[derive(Debug, Default, Deserialize, Describe)]
#[serde(rename_all = "kebab-case")]
#[allow(dead_code)]
enum Beyond {
    /// They wait.
    #[default]
    WaitLonger,
    /// They fail.
    FailAtOnce,
}

impl Connection for Sample {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn default_port() -> u16 {
    5432
}

fn default_secret() -> Secret {
    Secret::new(CANARY)
}

fn default_pause() -> Duration {
    Duration::from_secs(90)
}

fn default_address() -> String {
    format!("db://app:{CANARY}@host")
}

fn default_greeting() -> String {
    "hello".to_owned()
}

fn schema() -> Value {
    ConnectionFactory::linked().expect("no name is used twice").schema()
}

fn sample() -> Value {
    ConnectionFactory::linked()
        .expect("no name is used twice")
        .find("schema-sample")
        .expect("it is declared above")
        .schema()
}

#[test]
fn defaults_are_shown_where_they_are_plain_and_no_secret() {
    let schema = sample();
    let default = |key: &str| schema["properties"][key]["default"].clone();
    assert_eq!(default("port"), 5432);
    assert_eq!(default("verbose"), false);
    assert_eq!(default("pause"), "1m 30s");
    assert_eq!(default("greeting"), "hello");
    for without in ["host", "token", "other_token", "address", "limits"] {
        assert_eq!(default(without), Value::Null, "{without}");
    }
    assert!(!format!("{schema} {}", self::schema()).contains(CANARY));
    assert_eq!(schema["properties"]["other_token"]["x-secret"], true);
    assert_eq!(schema["properties"]["upstream"]["x-connection-client"], "()");
    assert_eq!(schema["required"], serde_json::json!(["host"]));
}

/// What must be true of each built-in type: the schema says what the attribute and the guide say.
#[test]
fn every_linked_type_is_described_in_full() {
    let factory = ConnectionFactory::linked().unwrap();
    let (whole, mut secrets) = (factory.schema(), 0);
    for found in factory.types().iter().filter(|found| found.crate_name() == "connection-registry") {
        let schema = found.schema();
        let properties = schema["properties"].as_object().unwrap();
        for field in found.fields() {
            let place = format!("{}.{}", found.name(), field.name);
            let property = &properties[field.name];
            let is_secret = field.type_name.trim_start_matches("Option<").starts_with("Secret");
            assert_eq!(property["x-secret"] == true, is_secret, "{place}: {property}");
            secrets += usize::from(is_secret);
            assert!(property.as_object().unwrap().len() > 1, "{place}: {property}");
            let description = property["description"].as_str().unwrap_or_default();
            assert!(description.starts_with(field.docs), "{place}: {description}");
            let is_plain = ["u16", "u32", "bool", "Duration", "NonZeroU32", "usize"].contains(&field.type_name);
            let has_default = property.get("default").is_some();
            let is_required =
                schema["required"].as_array().is_some_and(|keys| keys.iter().any(|key| key == field.name));
            assert!(is_required || !is_plain || has_default, "{place} has a default: {property}");
        }
        let known = &whole["definitions"][format!("type.{}", found.name())]["properties"];
        assert_eq!(known.as_object().unwrap().len(), properties.len() + 5, "{}", found.name());
    }
    assert!(secrets > 20, "{secrets}");
}

#[test]
fn tables_and_choices_of_built_in_types_are_known() {
    let factory = ConnectionFactory::linked().unwrap();
    let of = |name: &str| factory.find(name).unwrap().schema()["properties"].clone();
    let tls = &of("postgres")["tls"]["properties"];
    assert_eq!(
        tls["mode"]["anyOf"][0]["enum"],
        serde_json::json!(["disable", "prefer", "require", "verify-ca", "verify-full"])
    );
    let modes = tls["mode"]["description"].as_str().unwrap();
    assert!(modes.starts_with("Default: \"verify-full\".") && modes.contains("- `prefer`: Encrypted where"), "{modes}");
    assert!(tls["ca"]["description"].as_str().unwrap().contains("authorities"));
    assert_eq!(of("http")["redirects"]["anyOf"][0]["enum"], serde_json::json!(["none", "same-origin", "any"]));
    let basic = &of("http")["auth"]["properties"]["basic"];
    assert_eq!((&basic["required"][0], &basic["properties"]["password"]["x-secret"]), (&"user".into(), &true.into()));
    assert_eq!(of("http")["headers"]["additionalProperties"]["x-secret"], true);
    assert_eq!(of("postgres")["max_connections"]["minimum"], 1);
    assert_eq!(of("mqtt")["last_will"]["required"], serde_json::json!(["topic"]));
    assert_eq!(of("smtp")["auth_mechanisms"]["items"]["anyOf"][0]["enum"][2], "xoauth2");
    let tunnel = of("postgres")["tunnel"]["x-connection-client"].clone();
    assert!(tunnel.as_str().unwrap().ends_with("::Tunnel"), "{tunnel}");
}

const CANARY: &str = "c4nary-pass";
