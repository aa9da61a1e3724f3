//! Whatever tree comes, the pass ends, and says where the mistakes are.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use proptest::prelude::*;
use serde::Deserialize;

use super::super::{DecodeError, Decoder, Mode, decode};
use crate::{
    config::{
        types::Reader,
        value::{Table, Value, ValueKind},
    },
    reference::ConnectionRef,
    secret::Secret,
    span::{SourceKind, Sources, Span},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code)]
struct Everything {
    a: String,
    b: Option<u16>,
    c: Vec<Part>,
    d: Kind,
    #[serde(default)]
    e: BTreeMap<String, Part>,
    f: Either,
}

#[derive(Deserialize)]
#[expect(dead_code)]
struct Part {
    a: Duration,
    b: (u8, IpAddr),
    #[serde(alias = "g")]
    c: Option<Box<Part>>,
    d: Secret,
    e: ConnectionRef<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code)]
enum Kind {
    A(Box<Kind>),
    B { a: f32 },
    C(u8, char),
    D,
}

#[derive(Deserialize)]
#[serde(untagged)]
#[expect(dead_code)]
enum Either {
    A(u8),
    B { a: String },
    C(Vec<Either>),
}

fn instance(decoder: Decoder<'_>) -> Result<Everything, DecodeError> {
    Everything::deserialize(decoder)
}

/// A value whose span is its own, so that problems at one place can be told from those at another.
fn tree() -> impl Strategy<Value = ValueKind> {
    let text = prop_oneof!["[a-g]{0,2}", "[0-9]{1,6}", "[0-9]{1,2}(s|m|x)", "\\[[0-9,]*\\]", "\\{a=\"[a-g]\"\\}"];
    let leaf = prop_oneof![
        text.clone().prop_map(|text| ValueKind::String(text.into())),
        text.clone().prop_map(|text| ValueKind::Text(text.into())),
        text.prop_map(|text| ValueKind::Template(text.into())),
        any::<i64>().prop_map(|number| ValueKind::Integer(number.into())),
        (0..300i128).prop_map(ValueKind::Integer),
        any::<f64>().prop_map(ValueKind::Float),
        any::<bool>().prop_map(ValueKind::Boolean),
    ];
    leaf.prop_recursive(4, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|kinds| { ValueKind::Array(kinds.into_iter().map(placed).collect()) }),
            prop::collection::btree_map("[a-h]", inner, 0..6).prop_map(|entries| {
                let entries = entries.into_iter().map(|(key, kind)| (key.into(), placed(kind)));
                ValueKind::Table(Table { entries: entries.collect() })
            }),
        ]
    })
}

fn placed(kind: ValueKind) -> Value {
    let span = Span::new(Sources::default().add("", "", SourceKind::File), 0..0);
    Value::new(kind, span, span)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_is_decoded_or_has_problems(kind in tree()) {
        let value = placed(kind);
        match decode(&value, "connections.main", Reader::plain(instance), Mode::Check) {
            Ok(decoded) => prop_assert!(decoded.instance.is_some() || decoded.deferred),
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                for problem in problems {
                    let path = problem.key_path.unwrap_or_default();
                    prop_assert!(path.starts_with("connections.main"), "{path}");
                }
            }
        }
    }
}
