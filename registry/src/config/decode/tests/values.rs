//! Values of the right type.

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Debug,
    net::IpAddr,
    num::NonZeroU16,
    path::PathBuf,
    time::Duration,
};

use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};

use super::{super::Mode, fixture::decoded};
use crate::{reference::ConnectionRef, secret::Secret};

#[derive(Deserialize)]
struct One<T> {
    value: T,
}

#[track_caller]
#[allow(clippy::needless_pass_by_value)]
fn check<T: DeserializeOwned + Debug + PartialEq>(written: &str, expected: T) {
    let decoded = decoded::<One<T>>(&format!("value = {written}"), Mode::Resolved);
    assert!(!decoded.deferred);
    assert_eq!(decoded.instance.unwrap().value, expected, "{written}");
}

#[test]
fn each_scalar_type_takes_its_own_kind() {
    check("255", u8::MAX);
    check("65535", u16::MAX);
    check("4294967295", u32::MAX);
    check("9223372036854775807", i64::MAX as u64);
    check("-128", i8::MIN);
    check("-32768", i16::MIN);
    check("-2147483648", i32::MIN);
    check("-9223372036854775808", i64::MIN);
    check("7", 7usize);
    check("7", 7u128);
    check("-7", -7i128);
    check("0x1F", 31u16);
    check("1.5", 1.5f32);
    check("-2.25", -2.25f64);
    check("2", 2.0f32);
    check("3", 3.0f64);
    check("true", true);
    check("\"x\"", 'x');
    check("\"text\"", "text".to_owned());
    check("\"a/b\"", PathBuf::from("a/b"));
    check("\"127.0.0.1\"", IpAddr::from([127, 0, 0, 1]));
    check("80", NonZeroU16::new(80).unwrap());
    check("2001-02-03", "2001-02-03".to_owned());
}

#[test]
fn text_takes_the_type_that_is_asked_for() {
    check("'= 5432 '", 5432u16);
    check("'=-5'", -5i64);
    check("'=1.5'", 1.5f64);
    check("'=true'", true);
    check("'=x'", 'x');
    check("'= 12 '", " 12 ".to_owned());
    check("'=5'", Some(5u8));
    check("'=90s'", Duration::from_secs(90));
    check("'=slow'", Speed::Slow);
    check("'=[1, 2]'", vec![1u8, 2]);
    check("'=[\"a\", \"5\"]'", vec!["a".to_owned(), "5".to_owned()]);
    check("'=[1, \"a\"]'", (1u8, "a".to_owned()));
    check("'={ size = 3 }'", Pool { size: 3, wait: None });
    check("'={ a = 1 }'", HashMap::from([("a".to_owned(), 1u8)]));
    check("['=1', 2]", vec![1u16, 2]);
}

#[test]
fn a_plain_duration_reads_its_usual_writing() {
    check("\"1h 30m\"", Duration::from_secs(5400));
    check("\"250ms\"", Duration::from_millis(250));
    check("\"1s 1ns\"", Duration::new(1, 1));
    check("[\"1s\", \"2s\"]", vec![Duration::from_secs(1), Duration::from_secs(2)]);
    check("\"2s\"", Some(Duration::from_secs(2)));
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Pool {
    size: u32,
    wait: Option<Duration>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Speed {
    Slow,
    VeryFast,
    Limited(u32),
    Range(u8, u8),
    Shaped {
        burst: u32,
    },
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Address {
    Port(u16),
    Text(String),
    Pair { host: String, port: u16 },
    Many(Vec<Address>),
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Login {
    Password { user: String },
    Token { days: u32 },
}

#[derive(Debug, Deserialize, PartialEq)]
struct Size(u64);

#[derive(Debug, Deserialize, PartialEq)]
#[serde(try_from = "u32")]
struct Even(u32);

impl TryFrom<u32> for Even {
    type Error = String;
    fn try_from(number: u32) -> Result<Self, String> {
        if number.is_multiple_of(2) { Ok(Self(number)) } else { Err("it is odd".into()) }
    }
}

#[test]
fn values_with_parts_are_decoded() {
    let pool = Pool { size: 4, wait: Some(Duration::from_secs(1)) };
    check("{ size = 4, wait = '1s' }", pool.clone());
    check("{ size = 4, wait = '1s' }", Some(pool.clone()));
    check("[{ size = 4, wait = '1s' }, { size = 1 }]", vec![pool.clone(), Pool { size: 1, wait: None }]);
    check("{ main = { size = 4, wait = '1s' } }", BTreeMap::from([("main".to_owned(), pool)]));
    check("[1, 'a', true]", (1u8, "a".to_owned(), true));
    check("[1, 2, 3]", [1u8, 2, 3]);
    check("7", Size(7));
    check("8", Even(8));
    check("{ a = [[1], []] }", HashMap::from([("a".to_owned(), vec![vec![1u8], vec![]])]));
}

#[test]
fn enums_are_a_name_or_a_table_with_one_key() {
    check("'slow'", Speed::Slow);
    check("'very-fast'", Speed::VeryFast);
    check("{ slow = {} }", Speed::Slow);
    check("{ limited = 5 }", Speed::Limited(5));
    check("{ range = [1, 2] }", Speed::Range(1, 2));
    check("{ shaped = { burst = 9 } }", Speed::Shaped { burst: 9 });
    check("'whatever'", Speed::Other);
    check("{ 'slow' = 1 }", HashMap::from([(SpeedName::Slow, 1u8)]));
}

#[derive(Debug, Deserialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "lowercase")]
enum SpeedName {
    Slow,
}

#[test]
fn types_that_take_anything_see_each_kind() {
    check("80", Address::Port(80));
    check("'x'", Address::Text("x".into()));
    check("{ host = 'h', port = 1 }", Address::Pair { host: "h".into(), port: 1 });
    check("[1, 'x']", Address::Many(vec![Address::Port(1), Address::Text("x".into())]));
    check("{ kind = 'password', user = 'u' }", Login::Password { user: "u".into() });
    check("{ days = 3, kind = 'token' }", Login::Token { days: 3 });
    let mut table = toml::Table::new();
    table.insert("a".into(), toml::Value::Array(vec![1.into(), true.into(), 1.5.into(), "x".into()]));
    check("{ a = [1, true, 1.5, 'x'] }", toml::Value::Table(table));
}

#[test]
fn serde_attributes_work() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Attributes {
        #[serde(default = "ten")]
        page_size: u32,
        #[serde(default)]
        retries: u8,
        #[serde(alias = "uri", rename = "url")]
        address: String,
        #[serde(with = "hundredfold")]
        ratio: u32,
        any: IgnoredAny,
        #[serde(skip)]
        state: u8,
    }
    fn ten() -> u32 {
        10
    }
    mod hundredfold {
        pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
            <u32 as serde::Deserialize>::deserialize(deserializer).map(|number| number * 100)
        }
    }
    let toml = "uri = 'u'\nratio = 3\nany = [{ a = 1 }]";
    let found = decoded::<Attributes>(toml, Mode::Resolved).instance.unwrap();
    assert_eq!((found.page_size, found.retries, &*found.address, found.ratio, found.state), (10, 0, "u", 300, 0));
    let _: IgnoredAny = found.any;
}

#[test]
fn a_type_without_fields_is_an_empty_table() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Unit;
    #[derive(Debug, Deserialize, PartialEq)]
    struct Empty {}
    #[derive(Deserialize)]
    struct Wrapped(Pool);
    assert_eq!(decoded::<Unit>("", Mode::Resolved).instance, Some(Unit));
    assert_eq!(decoded::<Empty>("", Mode::Resolved).instance, Some(Empty {}));
    assert_eq!(decoded::<Wrapped>("size = 1", Mode::Resolved).instance.unwrap().0.size, 1);
    check("{}", Unit);
}

#[test]
fn references_and_secrets_are_noted() {
    #[derive(Deserialize)]
    struct Service {
        database: ConnectionRef<Pool>,
        caches: Vec<ConnectionRef<u32>>,
        tunnel: Option<ConnectionRef<u32>>,
        token: Secret,
        #[serde(default)]
        keys: HashMap<String, Secret>,
    }
    let toml = "database = 'main-db'\ncaches = ['a', '${env:B}']\ntoken = 's1'\nkeys = { k = 's2', l = '${env:L}' }";
    let found = decoded::<Service>(toml, Mode::Check);
    assert!(found.deferred);
    assert_eq!(found.secrets, ["s1", "s2"]);
    let references: Vec<_> = found.references.iter().map(|found| (&*found.target, &*found.key_path)).collect();
    assert_eq!(references, [("main-db", "connections.main.database"), ("a", "connections.main.caches[0]")]);
    assert_eq!(found.references[0].client_type_name, std::any::type_name::<Pool>());
    assert_eq!(found.references[1].client_type_name, "u32");
    assert_eq!(found.references[0].span.range(), 11..20);
    let service = found.instance.unwrap();
    assert_eq!((service.database.name(), service.caches.len()), ("main-db", 2));
    assert_eq!((service.token.expose(), service.keys.len(), service.tunnel.is_some()), ("s1", 2, false));
}
