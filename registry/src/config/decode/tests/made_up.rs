//! Unresolved placeholders, and what is made up in their stead.

use std::{collections::HashMap, net::SocketAddr, num::NonZeroU8, time::Duration};

use serde::{Deserialize, de::DeserializeOwned};

use super::{
    super::Mode,
    fixture::{Fixture, decoded, problems_of},
};
use crate::{reference::ConnectionRef, secret::Secret};

#[derive(Deserialize)]
struct One<T> {
    #[expect(dead_code)]
    value: T,
}

#[derive(Deserialize)]
#[expect(dead_code)]
struct Tree {
    name: String,
    weight: u8,
    left: Option<Box<Tree>>,
    children: Vec<Tree>,
}

#[derive(Deserialize)]
#[expect(dead_code)]
enum Expression {
    Not(Box<Expression>),
    And { left: Box<Expression>, right: Box<Expression> },
    Literal,
}

#[derive(Deserialize)]
#[serde(try_from = "Vec<u8>")]
struct NonEmpty;

impl TryFrom<Vec<u8>> for NonEmpty {
    type Error = &'static str;
    fn try_from(bytes: Vec<u8>) -> Result<Self, Self::Error> {
        if bytes.is_empty() { Err("empty") } else { Ok(Self) }
    }
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct Picky;

impl TryFrom<String> for Picky {
    type Error = &'static str;
    fn try_from(_: String) -> Result<Self, Self::Error> {
        Err("never right")
    }
}

#[track_caller]
fn check<T: DeserializeOwned>(is_built: bool) {
    let found = decoded::<One<T>>("value = '${env:X}'", Mode::Check);
    assert!(found.deferred);
    assert_eq!(found.instance.is_some(), is_built);
    assert!(found.references.is_empty() && found.secrets.is_empty());
}

#[test]
fn a_placeholder_answers_whatever_is_asked() {
    check::<String>(true);
    check::<u16>(true);
    check::<NonZeroU8>(true);
    check::<f32>(true);
    check::<bool>(true);
    check::<char>(true);
    check::<Option<u8>>(true);
    check::<Duration>(true);
    check::<SocketAddr>(true);
    check::<Secret>(true);
    check::<ConnectionRef<u8>>(true);
    check::<Vec<String>>(true);
    check::<NonEmpty>(true);
    check::<(u8, String, [bool; 3])>(true);
    check::<HashMap<String, u8>>(true);
    check::<Tree>(true);
    check::<toml::Value>(true);
    check::<toml::Table>(true);
    check::<()>(true);
    check::<Expression>(true);
    check::<Picky>(false);
}

#[test]
fn a_placeholder_hides_no_other_mistake() {
    #[derive(Deserialize)]
    #[expect(dead_code)]
    struct Server {
        url: String,
        picky: Picky,
        port: u16,
        hosts: Vec<u8>,
        database: ConnectionRef<u8>,
    }
    let toml = "picky = '${env:A}'\nport = true\nhosts = ['${env:B}', 'x']\nurll = '${env:C}'";
    let lines = problems_of::<Server>(toml, Mode::Check);
    let places: Vec<_> = lines.iter().map(|line| line.split(':').take(2).collect::<String>()).collect();
    assert_eq!(
        places,
        [
            "CR006 11 connections.main.url",
            "CR007 28 connections.main.port",
            "CR007 322 connections.main.hosts[1]",
            "CR005 41 connections.main.urll"
        ],
        "{lines:#?}"
    );
}

#[test]
fn references_are_noted_beside_a_placeholder_that_fits_nothing() {
    #[derive(Deserialize)]
    #[expect(dead_code)]
    struct Server {
        picky: Picky,
        database: ConnectionRef<u8>,
    }
    let found = decoded::<Server>("picky = '${env:A}'\ndatabase = 'main'", Mode::Check);
    assert!(found.deferred && found.instance.is_none());
    assert_eq!(found.references.len(), 1);
    assert_eq!(found.references[0].key_path, "connections.main.database");
    assert_eq!(found.references[0].span.range(), 30..36);
}

#[test]
fn a_rule_that_a_placeholder_may_break_is_no_problem() {
    #[derive(Deserialize)]
    #[serde(try_from = "HashMap<String, u8>")]
    struct Small;
    impl TryFrom<HashMap<String, u8>> for Small {
        type Error = &'static str;
        fn try_from(map: HashMap<String, u8>) -> Result<Self, Self::Error> {
            if map.values().all(|number| *number > 200) { Ok(Self) } else { Err("too small") }
        }
    }
    let found = decoded::<One<Small>>("value = { a = '${env:A}', b = 250 }", Mode::Check);
    assert!(found.deferred && found.instance.is_none());
}

#[test]
fn a_placeholder_that_nobody_reads_still_defers() {
    let found = decoded::<One<serde::de::IgnoredAny>>("value = [{ a = '${env:A}' }]", Mode::Check);
    assert!(found.deferred && found.instance.is_some());
}

#[test]
fn a_placeholder_that_is_left_after_resolving_is_a_problem() {
    let fixture = Fixture::new("value = ['a', '${env:A}']");
    let problems = fixture.decode::<One<Vec<String>>>(Mode::Resolved).err().unwrap();
    let lines: Vec<_> = problems.iter().map(|problem| fixture.line(problem)).collect();
    assert_eq!(lines, ["CR012 1:15 connections.main.value[1]: `value[1]` holds a placeholder that is not resolved"]);
}
