//! What made-up values answer: plausible, so that the type takes them and the walk goes on.

use std::{borrow::Cow, time::Duration};

use super::{
    access::{Elements, Entries},
    decoder::Decoder,
    read::Answer,
};

/// How many candidates there are; the numbers of dummies run from 0 up to it.
pub(super) const CANDIDATES: u8 = TEXTS.len() as u8 + 4;

pub(super) fn text(candidate: u8) -> &'static str {
    TEXTS[usize::from(candidate) % TEXTS.len()]
}

pub(super) fn integer(candidate: u8) -> i128 {
    NUMBERS[usize::from(candidate) % NUMBERS.len()].into()
}

pub(super) fn float(candidate: u8) -> f64 {
    NUMBERS[usize::from(candidate) % NUMBERS.len()].into()
}

pub(super) fn boolean(candidate: u8) -> bool {
    candidate % 2 == 1
}

pub(super) fn duration(candidate: u8) -> Duration {
    Duration::from_secs(NUMBERS[usize::from(candidate) % NUMBERS.len()].into())
}

/// One of `variants`, if there is any, and whether it is the last one.
pub(super) fn variant(candidate: u8, variants: &'static [&'static str]) -> Option<(&'static str, bool)> {
    let last = variants.len().checked_sub(1)?.min(usize::from(CANDIDATES - 1));
    let at = usize::from(candidate).min(last);
    Some((variants[at], at == last))
}

/// For a type that takes whatever is there: the texts first, then one of each other kind.
pub(super) fn anything<'a>(candidate: u8, decoder: &Decoder<'a>) -> Answer<'a> {
    match usize::from(candidate).checked_sub(TEXTS.len()) {
        None => Answer::Text(Cow::Borrowed(text(candidate))),
        Some(0) => Answer::Signed(1),
        Some(1) => Answer::Boolean(false),
        Some(2) => Answer::Array(Elements::new(decoder, &[])),
        Some(_) => Answer::Table(Entries::of_table(decoder, &[])),
    }
}

const TEXTS: [&str; 15] = [
    "a",
    "a://b",
    "1",
    "1s",
    "127.0.0.1",
    "127.0.0.1:1",
    "1B",
    "00000000-0000-0000-0000-000000000000",
    "a@b.c",
    "2000-01-01",
    "2000-01-01T00:00:00Z",
    "00:00:00",
    "/",
    "true",
    "",
];

const NUMBERS: [u8; 5] = [1, 0, 2, 10, 100];
