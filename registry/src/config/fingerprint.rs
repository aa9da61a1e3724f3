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
        let mut lanes = Lanes::new();
        lanes.text(TYPE, type_name);
        lanes.value(fields);
        Self(lanes.finish())
    }

    /// Of a value alone.
    #[cfg(feature = "cli")]
    pub(super) fn of_value(value: &Value) -> Self {
        let mut lanes = Lanes::new();
        lanes.value(value);
        Self(lanes.finish())
    }
}

/// Two hashes with different keys, side by side.
struct Lanes([<RandomState as BuildHasher>::Hasher; 2]);

impl Lanes {
    fn new() -> Self {
        let [first, second] = &*KEYS;
        Self([first.build_hasher(), second.build_hasher()])
    }

    fn value(&mut self, value: &Value) {
        match &value.kind {
            // A text that takes the type of its field and a string say the same wherever both are accepted.
            ValueKind::String(text) | ValueKind::Text(text) => self.text(STRING, text),
            ValueKind::Template(text) => self.text(TEMPLATE, text),
            ValueKind::Integer(number) => self.number(INTEGER, number.cast_unsigned()),
            ValueKind::Float(number) => self.number(FLOAT, bits(*number).into()),
            ValueKind::Boolean(value) => self.number(BOOLEAN, (*value).into()),
            ValueKind::Datetime(datetime) => self.text(DATETIME, &datetime.to_string()),
            ValueKind::Array(items) => {
                self.number(ARRAY, items.len() as u128);
                items.iter().for_each(|item| self.value(item));
            }
            ValueKind::Table(table) => self.table(table),
            ValueKind::Dummy(_) => self.number(DUMMY, 0),
        }
    }

    /// The sum over all entries, which is the same in any order. Since no key is there twice, none cancels another.
    fn table(&mut self, table: &Table) {
        let mut sum = [0_u64; 2];
        for (key, value) in &table.entries {
            let mut entry = Self::new();
            entry.text(KEY, key);
            entry.value(value);
            sum.iter_mut().zip(entry.finish()).for_each(|(sum, hash)| *sum = sum.wrapping_add(hash));
        }
        self.0.iter_mut().zip(sum).for_each(|(hasher, sum)| {
            hasher.write_u8(TABLE);
            hasher.write_u64(sum);
        });
    }

    fn text(&mut self, tag: u8, text: &str) {
        self.0.iter_mut().for_each(|hasher| (tag, text).hash(hasher));
    }

    fn number(&mut self, tag: u8, number: u128) {
        self.0.iter_mut().for_each(|hasher| (tag, number).hash(hasher));
    }

    fn finish(self) -> [u64; 2] {
        self.0.map(|hasher| hasher.finish())
    }
}

/// All that are no number are one.
fn bits(number: f64) -> u64 {
    if number.is_nan() { f64::NAN.to_bits() } else { number.to_bits() }
}

static KEYS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);

// What comes next in a hash, so that things of different kinds differ.
const TYPE: u8 = 0;
const KEY: u8 = 1;
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
    fn every_number_of_many_has_its_own_hash_in_both_lanes() {
        let print = |at| {
            let mut lanes = Lanes::new();
            lanes.number(INTEGER, at);
            lanes.finish()
        };
        let prints: HashSet<_> = (0..100_000).map(print).collect();
        let lanes: [HashSet<_>; 2] = [0, 1].map(|lane| prints.iter().map(|print| print[lane]).collect());
        assert_eq!((prints.len(), lanes[0].len(), lanes[1].len()), (100_000, 100_000, 100_000));
        assert!(prints.iter().all(|print| print[0] != print[1]));
    }
}
