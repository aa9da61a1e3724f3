//! Mistakes, and what is said about them.

use std::{
    collections::{BTreeMap, HashMap},
    num::NonZeroU16,
    time::Duration,
};

use serde::Deserialize;

use super::{
    super::Mode,
    fixture::{check_problems, problems_of},
};
use crate::{reference::ConnectionRef, secret::Secret};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Server {
    #[expect(dead_code)]
    url: String,
    #[expect(dead_code)]
    port: u16,
    #[expect(dead_code)]
    mode: Mode3,
    #[expect(dead_code)]
    timeout: Duration,
    #[expect(dead_code)]
    pool: Pool,
    #[expect(dead_code)]
    hosts: Vec<Host>,
    #[expect(dead_code)]
    #[serde(default)]
    limits: BTreeMap<String, Option<u8>>,
    #[expect(dead_code)]
    even: Even,
}

#[derive(Deserialize)]
#[allow(dead_code)]
struct Pool {
    min: u32,
    max: u32,
}

#[derive(Deserialize)]
#[expect(dead_code)]
struct Host {
    name: String,
    weight: Option<f32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode3 {
    Session,
    Transaction,
    #[expect(dead_code)]
    Limited(u8),
}

#[derive(Deserialize)]
#[serde(try_from = "u32")]
struct Even;

impl TryFrom<u32> for Even {
    type Error = &'static str;
    fn try_from(number: u32) -> Result<Self, Self::Error> {
        if number.is_multiple_of(2) { Ok(Self) } else { Err("it must be even\nand is not") }
    }
}

#[test]
fn all_mistakes_of_a_struct_are_found_in_one_run() {
    check_problems::<Server>(
        r#"
port = "five"
mode = "sesion"
timeout = 5
pool = { min = -1, mx = 3 }
hosts = [{ name = "a" }, { name = 5, weight = "x" }, "b"]
limits = { a = 1, b = 300 }
even = 3
prot = 1
"#,
        &[
            "CR006 1:1 connections.main.url: missing key `url`",
            "CR007 2:8 connections.main.port: `port` must be a whole number from 0 to 65535, found a string (write it \
             without quotes; of texts, only one whole placeholder such as \"${env:NAME}\" and an environment override \
             take the type of the field)",
            "CR007 3:8 connections.main.mode: `mode` must be one of `session`, `transaction`, `limited` (did you mean \
             `session`?)",
            "CR007 4:11 connections.main.timeout: `timeout` must be a duration such as \"5s\" or \"1h 30m\", found an \
             integer (write it in quotes and with a unit, such as \"5s\")",
            "CR006 5:8 connections.main.pool.max: missing key `max`",
            "CR007 5:16 connections.main.pool.min: `min` must be a whole number from 0 to 4294967295",
            "CR005 5:20 connections.main.pool.mx: unknown key `mx` (did you mean `max`? known keys: min, max)",
            "CR007 6:35 connections.main.hosts[1].name: `name` must be a string, found an integer (write it in quotes)",
            "CR007 6:47 connections.main.hosts[1].weight: `weight` must be a number, found a string (write it without \
             quotes; of texts, only one whole placeholder such as \"${env:NAME}\" and an environment override take the \
             type of the field)",
            "CR007 6:54 connections.main.hosts[2]: `hosts[2]` must be a table, found a string",
            "CR007 7:23 connections.main.limits.b: `b` must be a whole number from 0 to 255",
            "CR008 8:8 connections.main.even: invalid value for `even`: it must be even and is not",
            "CR005 9:1 connections.main.prot: unknown key `prot` (did you mean `port`? known keys: url, port, mode, \
             timeout, pool, hosts, limits, even)",
        ],
    );
}

#[test]
fn all_missing_keys_are_found() {
    let lines = problems_of::<Server>("", Mode::Resolved);
    let keys: Vec<_> = lines.iter().filter_map(|line| line.strip_prefix("CR006 1:1 connections.main.")).collect();
    assert_eq!(keys.len(), 7, "{lines:#?}");
    assert_eq!(lines.len(), 7, "{lines:#?}");
}

#[derive(Deserialize)]
#[expect(dead_code)]
struct One<T> {
    value: T,
}

#[track_caller]
fn check<T: serde::de::DeserializeOwned>(written: &str, expected: &[&str]) {
    check_problems::<One<T>>(&format!("value = {written}"), expected);
}

#[test]
fn a_wrong_scalar_is_told_what_it_must_be() {
    let integer = "CR007 1:9 connections.main.value: `value` must be a whole number";
    check::<i8>("200", &[&format!("{integer} from -128 to 127")]);
    check::<u64>("-1", &[&format!("{integer}, 0 or more")]);
    check::<i64>("9223372036854775807", &[]);
    check::<i64>("1.5", &[&format!("{integer}, found a float")]);
    check::<u16>("'=70000'", &[&format!("{integer} from 0 to 65535")]);
    check::<u16>("'='", &[&format!("{integer} from 0 to 65535")]);
    check::<u16>("[]", &[&format!("{integer} from 0 to 65535, found an array")]);
    check::<bool>("1", &["CR007 1:9 connections.main.value: `value` must be `true` or `false`, found an integer"]);
    check::<bool>("'=yes'", &["CR007 1:9 connections.main.value: `value` must be `true` or `false`"]);
    check::<f64>("true", &["CR007 1:9 connections.main.value: `value` must be a number, found a boolean"]);
    check::<char>("'ab'", &["CR007 1:9 connections.main.value: `value` must be a single character"]);
    check::<String>("{}", &["CR007 1:9 connections.main.value: `value` must be a string, found a table"]);
    check::<Secret>("{}", &["CR007 1:9 connections.main.value: `value` must be a string, found a table"]);
    check::<ConnectionRef<u8>>("[]", &["CR007 1:9 connections.main.value: `value` must be a string, found an array"]);
    check::<NonZeroU16>("0", &["CR008 1:9 connections.main.value: `value` must be a nonzero u16"]);
    check::<Duration>(
        "'5 years'",
        &["CR007 1:9 connections.main.value: `value` must be a duration such as \"5s\" or \"1h 30m\" (the units are \
           ns, us, ms, s, m, h, d and w)"],
    );
}

#[test]
fn a_wrong_shape_is_told_what_it_must_be() {
    check::<Vec<u8>>("1", &["CR007 1:9 connections.main.value: `value` must be an array, found an integer"]);
    check::<(u8, u8)>("[1]", &["CR007 1:9 connections.main.value: `value` must be an array of 2 values"]);
    check::<(u8, u8)>("[1, 2, 3]", &["CR007 1:9 connections.main.value: `value` must be an array of 2 values"]);
    check::<Pool>("[1]", &["CR007 1:9 connections.main.value: `value` must be a table, found an array"]);
    check::<HashMap<String, u8>>("1", &["CR007 1:9 connections.main.value: `value` must be a table, found an integer"]);
    check::<Mode3>(
        "5",
        &["CR007 1:9 connections.main.value: `value` must be one of `session`, `transaction`, `limited`, found an \
           integer"],
    );
    check::<Mode3>(
        "'unrelated'",
        &["CR007 1:9 connections.main.value: `value` must be one of `session`, \
        `transaction`, `limited`"],
    );
    check::<Mode3>(
        "'limited'",
        &["CR007 1:9 connections.main.value: `value` must be a table with one key, the name \
        of the variant, found a string"],
    );
    check::<Mode3>(
        "{ session = 1 }",
        &["CR007 1:21 connections.main.value.session: `session` must be an empty \
        table, found an integer"],
    );
    check::<Mode3>(
        "{ limited = 'x' }",
        &["CR007 1:21 connections.main.value.limited: `limited` must be a whole \
        number from 0 to 255, found a string (write it without quotes; of texts, only one whole placeholder such as \
        \"${env:NAME}\" and an environment override take the type of the field)"],
    );
    check::<HashMap<u8, u8>>("{ a = 1 }", &["CR007 1:11 connections.main.value.a: `a` must be u8, found a string"]);
}

#[test]
fn text_for_a_value_with_parts_must_be_toml() {
    check::<Vec<u8>>(
        "'=1, 2'",
        &["CR007 1:9 connections.main.value: `value` must be an array (write it in TOML form, \
        such as [\"a\", \"b\"])"],
    );
    check::<Pool>(
        "'=5'",
        &["CR007 1:9 connections.main.value: `value` must be a table (write it in TOML form, such \
        as { key = \"value\" })"],
    );
    check::<Vec<u8>>(
        "'=[1, 300]'",
        &["CR007 1:9 connections.main.value[1]: `value[1]` must be a whole number from 0 \
        to 255"],
    );
    check::<Pool>(
        "'={ min = 1, maxx = 2 }'",
        &[
            "CR005 1:9 connections.main.value.maxx: unknown key `maxx` (did you mean `max`? known keys: min, max)",
            "CR006 1:9 connections.main.value.max: missing key `max`",
        ],
    );
}

#[test]
fn unknown_keys_are_found_wherever_they_are() {
    #[derive(Deserialize)]
    struct Unit;
    check_problems::<Unit>(
        "a = 1",
        &["CR005 1:1 connections.main.a: unknown key `a` (this type has no keys of its own)"],
    );
    check::<Vec<Option<Pool>>>(
        "[{ min = 1, max = 2, 'a.b' = 3 }]",
        &["CR005 1:30 connections.main.value[0].\"a.b\": unknown key `a.b` (known keys: min, max)"],
    );
    check::<HashMap<String, Pool>>(
        "{ a = { min = 1, max = 2, x = 3 } }",
        &["CR005 1:35 connections.main.value.a.x: unknown key `x` (known keys: min, max)"],
    );
}

#[test]
fn a_key_under_two_names_is_given_twice() {
    #[derive(Deserialize)]
    #[expect(dead_code)]
    struct Aliased {
        #[serde(alias = "uri")]
        url: String,
        port: u16,
    }
    check_problems::<Aliased>(
        "url = 'a'\nuri = 'b'\nport = true",
        &[
            "CR003 2:1 connections.main.uri: `url` is given twice, under two of its names (keep one of them)",
            "CR007 3:8 connections.main.port: `port` must be a whole number from 0 to 65535, found a boolean",
        ],
    );
}

#[test]
fn a_type_that_no_dummy_satisfies_hides_nothing_else() {
    #[derive(Deserialize)]
    #[serde(try_from = "String")]
    struct Picky;
    impl TryFrom<String> for Picky {
        type Error = &'static str;
        fn try_from(_: String) -> Result<Self, Self::Error> {
            Err("never right")
        }
    }
    #[derive(Deserialize)]
    #[expect(dead_code)]
    struct Two {
        first: Picky,
        nested: Nested,
        port: u8,
    }
    #[derive(Deserialize)]
    #[expect(dead_code)]
    struct Nested {
        picky: Picky,
        size: u8,
    }
    check_problems::<Two>(
        "first = 'x'\nnested = { picky = 1, size = -1 }\nport = -1",
        &[
            "CR008 1:9 connections.main.first: invalid value for `first`: never right",
            "CR007 2:20 connections.main.nested.picky: `picky` must be a string, found an integer (write it in quotes)",
            "CR007 2:30 connections.main.nested.size: `size` must be a whole number from 0 to 255",
            "CR007 3:8 connections.main.port: `port` must be a whole number from 0 to 255",
        ],
    );
}

#[test]
fn a_rule_over_several_fields_is_checked_when_they_are_right() {
    #[derive(Deserialize)]
    #[serde(try_from = "Pool")]
    struct Ordered;
    impl TryFrom<Pool> for Ordered {
        type Error = String;
        fn try_from(pool: Pool) -> Result<Self, String> {
            let Pool { min, max } = pool;
            if min <= max { Ok(Self) } else { Err(format!("min {min} is above max {max}")) }
        }
    }
    check::<Ordered>(
        "{ min = 7, max = 3 }",
        &["CR008 1:9 connections.main.value: invalid value for `value`: min 7 is above max 3"],
    );
    check::<Ordered>(
        "{ min = 700, max = -3 }",
        &["CR007 1:28 connections.main.value.max: `max` must be a whole number from 0 to 4294967295"],
    );
    check::<(Ordered, u8)>(
        "[{ min = 7, max = 3 }, -1]",
        &[
            "CR008 1:10 connections.main.value[0]: invalid value for `value[0]`: min 7 is above max 3",
            "CR007 1:32 connections.main.value[1]: `value[1]` must be a whole number from 0 to 255",
        ],
    );
}

#[test]
fn types_that_take_anything_report_one_problem() {
    #[derive(Deserialize)]
    #[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
    #[expect(dead_code)]
    enum Login {
        Password { user: String },
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    #[expect(dead_code)]
    enum Address {
        Port(u16),
        Pair { host: String },
    }
    check::<Login>(
        "{ kind = 'passwort' }",
        &["CR007 1:18 connections.main.value.kind: `kind` must be one of `password` \
        (did you mean `password`?)"],
    );
    check::<Login>("{}", &["CR006 1:9 connections.main.value.kind: missing key `kind`"]);
    check::<Login>(
        "{ kind = 'password', user = 'u', usr = 1 }",
        &["CR005 1:42 connections.main.value.usr: unknown key `usr` (did you mean `user`? known keys: user)"],
    );
    check::<Address>(
        "[1]",
        &["CR008 1:9 connections.main.value: invalid value for `value`: data did not match any \
        variant of untagged enum Address"],
    );
}
