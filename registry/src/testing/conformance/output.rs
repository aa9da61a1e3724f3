//! What is printed, and the canaries that must not be in it.

use std::{error::Error as StdError, sync::Arc};

use crate::{Error, Event, Status};

/// Everything that can be printed of an error, each with what it is called.
pub(super) fn of_error(error: &Error) -> Vec<(&'static str, String)> {
    let mut outputs = vec![
        ("`Display` of the error", error.to_string()),
        ("`Debug` of the error", format!("{error:?} {error:#?}")),
        ("`render` of the error", error.render()),
        ("a diagnostic of the error", format!("{:?} {:?}", error.diagnostics(), error.errors())),
    ];
    outputs.extend(chain(error.source()).map(|text| ("the source chain of the error", text)));
    // What the type itself returned; the texts above are searched for secrets by the library, this one is not.
    let cause = error.cause().map(|cause| cause as &(dyn StdError + 'static));
    outputs.extend(chain(cause).map(|text| ("the error that the type returned", text)));
    outputs
}

/// Everything that can be printed of an error that is none of ours.
pub(super) fn of_cause(error: &(dyn StdError + 'static)) -> String {
    chain(Some(error)).collect::<Vec<_>>().join(" ")
}

/// Everything that can be printed of what a manager tells of its connections.
pub(super) fn of_status(status: &Status) -> (&'static str, String) {
    ("the status", format!("{status} {status:?}"))
}

/// Everything that can be printed of an event.
pub(super) fn of_event(event: &Event) -> (&'static str, String) {
    ("an event", format!("{event} {event:?}"))
}

/// An error and its sources, as texts.
fn chain<'a>(mut next: Option<&'a (dyn StdError + 'static)>) -> impl Iterator<Item = String> + 'a {
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(format!("{error} {error:?}"))
    })
}

/// Secrets that are searched for.
#[derive(Clone)]
pub(super) struct Canaries(Arc<[Canary]>);

/// One of them, in all forms; the first is the one as it is.
struct Canary(Vec<String>);

impl Canaries {
    pub(super) fn new(mut texts: Vec<String>) -> Self {
        texts.retain(|text| !text.is_empty());
        Self(texts.iter().map(|text| Canary(forms(text))).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them in one text.
    pub(super) fn all(&self) -> String {
        self.0.iter().filter_map(|canary| canary.0.first()).cloned().collect::<Vec<_>>().join(" ")
    }

    /// Which of them are in the text, counted from zero.
    pub(super) fn numbers_in(&self, text: &str) -> impl Iterator<Item = usize> {
        let is_in = move |canary: &Canary| canary.0.iter().any(|form| text.contains(form));
        self.0.iter().enumerate().filter(move |(_, canary)| is_in(canary)).map(|(number, _)| number)
    }

    /// Where one of them stands, in words that do not repeat it.
    pub(super) fn found_in(&self, outputs: &[(&'static str, String)]) -> Vec<String> {
        let mut found = Vec::new();
        for (place, text) in outputs {
            found.extend(self.numbers_in(text).map(|number| format!("canary {} is in {place}", number + 1)));
        }
        found.dedup();
        found
    }

    /// The text without them.
    pub(super) fn mask(&self, text: &str) -> String {
        let forms = self.0.iter().flat_map(|canary| &canary.0);
        forms.fold(text.to_owned(), |text, form| text.replace(form, "***"))
    }
}

/// A canary as it is, as Rust escapes it, percent-encoded in both cases, what of it can be recognised in base64 at each of
/// the three places at which it can begin there, and the bytes of it as drivers log a buffer: in hexadecimal and as a list.
fn forms(canary: &str) -> Vec<String> {
    let percent = |of: fn(u8) -> String| -> String {
        let encode = |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { of(byte) };
        canary.bytes().map(encode).collect()
    };
    let mut forms = vec![
        canary.to_owned(),
        canary.escape_debug().to_string(),
        percent(|byte| format!("%{byte:02X}")),
        percent(|byte| format!("%{byte:02x}")),
    ];
    let bytes = canary.as_bytes();
    if bytes.len() >= SHORTEST_BYTES {
        forms.push(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
        forms.push(bytes.iter().map(|byte| format!("{byte:02X}")).collect());
        forms.push(bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", "));
    }
    // A shorter one would be found by chance.
    let long_enough = |form: &String| form.len() >= SHORTEST_BASE64;
    forms.extend((0..3).flat_map(|shift| base64(bytes, shift)).filter(long_enough));
    forms
}

/// The digits that depend on nothing but `bytes`, when `shift` other bytes stand before them: in both alphabets.
fn base64(bytes: &[u8], shift: usize) -> [String; 2] {
    let bit = |at: usize| {
        let byte = (at / 8).checked_sub(shift).and_then(|at| bytes.get(at)).copied().unwrap_or_default();
        usize::from(byte >> (7 - at % 8) & 1)
    };
    let digit = |at: usize| (0..6).fold(0, |digit, offset| digit << 1 | bit(at * 6 + offset));
    let digits: Vec<_> = ((shift * 8).div_ceil(6)..(shift + bytes.len()) * 8 / 6).map(digit).collect();
    [b"+/", b"-_"].map(|last| {
        let alphabet: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*last).collect();
        digits.iter().map(|digit| char::from(alphabet[*digit])).collect()
    })
}

const SHORTEST_BASE64: usize = 5;

const SHORTEST_BYTES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, is_found: bool) {
        let canaries = Canaries::new(vec!["c4nary/P@ss".to_owned()]);
        let found = canaries.found_in(&[("here", text.to_owned())]);
        assert_eq!(!found.is_empty(), is_found, "{text}");
        assert!(!canaries.mask(text).contains("c4nary") && found.iter().all(|found| !found.contains("c4nary")));
    }

    #[test]
    fn a_canary_is_found_in_every_form_and_masked() {
        check("user:c4nary/P@ss@host", true);
        check("c4nary%2FP%40ss", true);
        check("c4nary%2fP%40ss", true);
        // Of itself, of `u:` and it, and of `user:` and it with something behind.
        check("YzRuYXJ5L1BAc3M=", true);
        check("dTpjNG5hcnkvUEBzcw==", true);
        check("dXNlcjpjNG5hcnkvUEBzcy4uLg==", true);
        check("buffer: [0, 99, 52, 110, 97, 114, 121, 47, 80, 64, 115, 115, 0]", true);
        check("0063346e6172792f5040737300", true);
        check("P@ss, nothing else", false);
        check("", false);
    }
}
