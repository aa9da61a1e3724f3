//! [`Fingerprint`]: whether two connections say the same, without keeping what they say.

use std::{
    hash::{BuildHasher, Hash, Hasher},
    sync::LazyLock,
};

use foldhash::quality::RandomState;

use super::value::{Table, Value, ValueKind};

/// The content of a connection, as 128 bits: its type and its fields, whatever the order and spelling of these.
///
/// The keys are drawn once in a process: a fingerprint means nothing outside of it, and nobody can prepare two contents
/// that have the same one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Fingerprint([u64; 2]);

impl Fingerprint {
    /// Of a connection of the type `type_name` with these fields. An unresolved placeholder counts as its text.
    pub(super) fn of(type_name: &str, fields: &Value) -> Self {
        Self(Lanes::new(TYPE).text(type_name).both(of_value(fields)).finish())
    }
}

/// Two hashes with different keys, side by side.
struct Lanes([<RandomState as BuildHasher>::Hasher; 2]);

impl Lanes {
    fn new(tag: u8) -> Self {
        let mut lanes = Self([KEYS[0].build_hasher(), KEYS[1].build_hasher()]);
        lanes.each(|hasher| hasher.write_u8(tag));
        lanes
    }

    fn text(mut self, text: &str) -> Self {
        self.each(|hasher| text.hash(hasher));
        self
    }

    fn number(mut self, number: u128) -> Self {
        self.each(|hasher| hasher.write_u128(number));
        self
    }

    /// The hashes of something else, each in its lane.
    fn both(mut self, hashes: [u64; 2]) -> Self {
        self.0.iter_mut().zip(hashes).for_each(|(hasher, hash)| hasher.write_u64(hash));
        self
    }

    fn finish(self) -> [u64; 2] {
        self.0.map(|hasher| hasher.finish())
    }

    fn each(&mut self, write: impl Fn(&mut <RandomState as BuildHasher>::Hasher)) {
        self.0.iter_mut().for_each(write);
    }
}

fn of_value(value: &Value) -> [u64; 2] {
    match &value.kind {
        // A text that takes the type of its field and a string say the same wherever both are accepted.
        ValueKind::String(text) | ValueKind::Text(text) => Lanes::new(STRING).text(text),
        ValueKind::Template(text) => Lanes::new(TEMPLATE).text(text),
        ValueKind::Integer(number) => Lanes::new(INTEGER).number(number.cast_unsigned()),
        ValueKind::Float(number) => Lanes::new(FLOAT).number(bits(*number).into()),
        ValueKind::Boolean(value) => Lanes::new(BOOLEAN).number((*value).into()),
        ValueKind::Datetime(datetime) => Lanes::new(DATETIME).text(&datetime.to_string()),
        ValueKind::Array(items) => items.iter().fold(Lanes::new(ARRAY), |lanes, item| lanes.both(of_value(item))),
        ValueKind::Table(table) => Lanes::new(TABLE).both(of_entries(table)),
        ValueKind::Dummy(_) => Lanes::new(DUMMY),
    }
    .finish()
}

/// The sum over all entries, which is the same in any order. Since no key is there twice, none cancels another.
fn of_entries(table: &Table) -> [u64; 2] {
    table.entries.iter().fold([0; 2], |sum, (key, value)| {
        let entry = Lanes::new(ENTRY).text(key).both(of_value(value)).finish();
        [sum[0].wrapping_add(entry[0]), sum[1].wrapping_add(entry[1])]
    })
}

/// All that are no number are one.
fn bits(number: f64) -> u64 {
    if number.is_nan() { f64::NAN.to_bits() } else { number.to_bits() }
}

static KEYS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);

// What a hash is of, so that things of different kinds differ.
const TYPE: u8 = 0;
const ENTRY: u8 = 1;
const STRING: u8 = 2;
const TEMPLATE: u8 = 3;
const INTEGER: u8 = 4;
const FLOAT: u8 = 5;
const BOOLEAN: u8 = 6;
const DATETIME: u8 = 7;
const ARRAY: u8 = 8;
const TABLE: u8 = 9;
const DUMMY: u8 = 10;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_text_of_many_has_its_own() {
        let prints: HashSet<_> = (0..100_000).map(|at| Lanes::new(STRING).number(at).finish()).collect();
        let lanes: [HashSet<_>; 2] = [0, 1].map(|lane| prints.iter().map(|print| print[lane]).collect());
        assert_eq!((prints.len(), lanes[0].len(), lanes[1].len()), (100_000, 100_000, 100_000));
        assert!(prints.iter().all(|print| print[0] != print[1]));
    }
}
