//! No problem has a value of the configuration in it.

use std::{collections::HashMap, fmt, net::IpAddr, time::Duration};

use serde::{
    Deserialize,
    de::{self, DeserializeOwned, Deserializer, Visitor},
};

use super::{
    super::{Decoder, Mode, session::Session},
    fixture::Fixture,
};
use crate::secret::Secret;

const CANARY: &str = "hunter2-canary";

/// Repeats what it was given in every way that serde offers.
struct Chatty<const WAY: u8>;

impl<'de, const WAY: u8> Deserialize<'de> for Chatty<WAY> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChattyVisitor::<WAY>)
    }
}

struct ChattyVisitor<const WAY: u8>;

impl<const WAY: u8> Visitor<'_> for ChattyVisitor<WAY> {
    type Value = Chatty<WAY>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("something quiet")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Err(match WAY {
            0 => E::custom(format!("no `{text}` here")),
            1 => E::invalid_value(de::Unexpected::Str(text), &self),
            2 => E::invalid_type(de::Unexpected::Other(text), &&*format!("not {text}")),
            3 => E::unknown_variant(text, &["one", "two"]),
            4 => E::custom(format!("no {} here", text.to_uppercase())),
            _ => E::invalid_length(3, &&*format!("other than {text:?}")),
        })
    }
}

#[track_caller]
fn check<T: DeserializeOwned>(toml: &str) {
    let toml = toml.replace("CANARY", CANARY);
    let fixture = Fixture::new(&toml);
    let session = Session::new(&fixture.value);
    let error = T::deserialize(Decoder::new(&fixture.value, &session)).err().expect("it is wrong");
    let problems = fixture.decode::<T>(Mode::Resolved).err().expect("it is wrong");
    let shown = format!("{problems:?} {error:?} {error}").to_lowercase();
    for at in 0..CANARY.len() - 3 {
        let part = &CANARY[at..at + 4];
        assert!(!shown.contains(part), "{part} in {shown}");
    }
    for problem in problems {
        assert!(problem.span.is_some() && problem.key_path.is_some());
    }
}

#[derive(Deserialize)]
#[expect(dead_code)]
struct One<T> {
    value: T,
}

#[test]
fn a_value_is_in_no_problem() {
    check::<One<u16>>("value = 'CANARY'");
    check::<One<u16>>("value = '=CANARY'");
    check::<One<bool>>("value = '=CANARY'");
    check::<One<char>>("value = 'CANARY'");
    check::<One<IpAddr>>("value = 'CANARY'");
    check::<One<Duration>>("value = 'CANARY'");
    check::<One<Duration>>("value = '=CANARY'");
    check::<One<Vec<u8>>>("value = '=CANARY'");
    check::<One<HashMap<String, u8>>>("value = '={ a = \"CANARY\" }'");
    check::<One<Secret>>("value = ['CANARY']");
    check::<One<Speed>>("value = 'CANARY'");
    check::<One<(u8, u8)>>("value = ['CANARY']");
    check::<One<Speed>>("value = { slow = 'CANARY' }");
    check::<One<Tagged>>("value = { kind = 'CANARY' }");
    check::<One<Untagged>>("value = 'CANARY'");
    check::<One<Chatty<0>>>("value = 'CANARY'");
    check::<One<Chatty<1>>>("value = 'CANARY'");
    check::<One<Chatty<2>>>("value = 'CANARY'");
    check::<One<Chatty<3>>>("value = 'CANARY'");
    check::<One<Chatty<4>>>("value = 'CANARY'");
    check::<One<Chatty<5>>>("value = 'CANARY'");
    check::<One<HashMap<String, Chatty<0>>>>("value = { a = '=CANARY' }");
}

#[test]
fn a_rule_over_several_fields_tells_no_value() {
    #[derive(Deserialize)]
    #[serde(try_from = "HashMap<String, String>")]
    struct Rule;
    impl TryFrom<HashMap<String, String>> for Rule {
        type Error = String;
        fn try_from(fields: HashMap<String, String>) -> Result<Self, String> {
            Err(format!("bad fields: {fields:?}"))
        }
    }
    check::<One<Rule>>("value = { user = 'me', password = 'CANARY' }");
    check::<Rule>("user = 'me'\npassword = 'CANARY'");
}

#[test]
fn the_message_about_a_secret_is_hidden() {
    #[derive(Deserialize)]
    #[expect(dead_code)]
    struct Token {
        #[serde(deserialize_with = "short")]
        value: Secret,
    }
    fn short<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        Secret::deserialize(deserializer)?;
        Err(de::Error::custom("its checksum is 77"))
    }
    let fixture = Fixture::new("value = 'CANARY'");
    let problems = fixture.decode::<Token>(Mode::Resolved).err().unwrap();
    assert_eq!(
        fixture.line(&problems[0]),
        "CR008 1:9 connections.main.value: invalid value for `value` (the type's message is hidden because it \
         repeats the value)"
    );
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Speed {
    Slow,
}

#[derive(Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    One,
}

#[derive(Deserialize)]
#[serde(untagged)]
#[expect(dead_code)]
enum Untagged {
    One(u8),
}
