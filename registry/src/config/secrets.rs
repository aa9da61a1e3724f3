//! Texts that must not appear in the error of a driver.

use std::ops::Range;

use super::value::{Value, ValueKind};

/// The passwords of all URLs in a value, as written and percent-decoded.
pub(super) fn url_passwords(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, &mut found);
    found
}

/// `text`, which somebody else wrote, with every secret hidden: as it is, percent-encoded in whole or in part, and in
/// base64, also in the middle of something longer.
pub(crate) fn without_secrets(text: &str, secrets: &[String]) -> String {
    // All are found before any is hidden, since they may overlap.
    let mut is_hidden = vec![false; text.len()];
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        hide(text, secret, &mut is_hidden);
        // As `Debug` writes it.
        hide(text, &secret.escape_debug().to_string(), &mut is_hidden);
    }
    let mut shown = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        match (is_hidden[at], at > 0 && is_hidden[at - 1]) {
            (false, _) => shown.push(character),
            (true, false) => shown.push_str("***"),
            (true, true) => {}
        }
    }
    shown
}

/// Short texts are left out: replacing each `a` of a message hides the message and no secret.
pub(super) fn long_enough(secrets: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut secrets: Vec<_> =
        secrets.into_iter().filter(|secret| secret.chars().nth(MIN_LENGTH - 1).is_some()).collect();
    secrets.sort();
    secrets.dedup();
    secrets
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match &value.kind {
        ValueKind::String(text) | ValueKind::Text(text) => {
            found.extend(password(text).into_iter().flat_map(|place| forms(&text[place])));
        }
        ValueKind::Array(items) => items.iter().for_each(|item| collect(item, found)),
        ValueKind::Table(table) => table.entries.iter().for_each(|(_, value)| collect(value, found)),
        _ => {}
    }
}

/// The password in `scheme://user:password@host`. A password that should have been percent-encoded may hold
/// `/`, `?` or `@`: it goes up to the last `@`.
pub(super) fn password(text: &str) -> Option<Range<usize>> {
    let (scheme, rest) = text.split_once("://")?;
    let (user, _) = rest.rsplit_once('@')?;
    let (name, password) = user.split_once(':')?;
    let start = scheme.len() + "://".len() + name.len() + ":".len();
    Some(start..start + password.len())
}

fn forms(password: &str) -> [String; 2] {
    [password.to_owned(), percent_decoded(password)]
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let decoded = (first == b'%').then(|| tail.get(..2)).flatten().and_then(hexadecimal);
        bytes.push(decoded.unwrap_or(first));
        rest = if decoded.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Marks the bytes of `text` that tell `secret`.
fn hide(text: &str, secret: &str, is_hidden: &mut [bool]) {
    let disguises = base64(secret.as_bytes());
    for (at, _) in text.char_indices() {
        let rest = &text[at..];
        let disguise = || disguises.iter().find(|form| rest.starts_with(*form)).map(String::len);
        let length = spelled(rest, secret).or_else(disguise).unwrap_or_default();
        is_hidden[at..at + length].fill(true);
    }
}

/// How many bytes at the start of `text` spell `secret`, as it is or percent-encoded.
fn spelled(text: &str, secret: &str) -> Option<usize> {
    if text.starts_with(secret) {
        return Some(secret.len());
    }
    let (text, mut at) = (text.as_bytes(), 0);
    for &wanted in secret.as_bytes() {
        let encoded = text.get(at..at + 3).filter(|code| code[0] == b'%').and_then(|code| hexadecimal(&code[1..]));
        at += match text.get(at)? {
            _ if encoded == Some(wanted) => 3,
            &plain if plain == wanted || (plain == b'+' && wanted == b' ') => 1,
            _ => return None,
        };
    }
    Some(at)
}

/// What of the base64 of any text follows from `secret` in it alone: in both alphabets, for each way in which the
/// secret may lie in groups of three bytes.
fn base64(secret: &[u8]) -> Vec<String> {
    let spell = |alphabet: &[u8; 64], before: usize| {
        let bits: Vec<u8> = secret.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
        let first = (6 - 8 * before % 6) % 6;
        let digit = |bits: &[u8]| usize::from(bits.iter().fold(0, |number, bit| number << 1 | bit));
        bits[first..].chunks_exact(6).map(|bits| char::from(alphabet[digit(bits)])).collect()
    };
    (0..3).flat_map(|before| [spell(STANDARD, before), spell(URL_SAFE, before)]).collect()
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).ok()
}

const MIN_LENGTH: usize = 4;

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_password_of_a_url() {
        for (text, expected) in [
            ("postgres://app:hunter2@db/app", Some("hunter2")),
            ("postgres://app:p@ss/w?rd@db/app", Some("p@ss/w?rd")),
            ("redis://:hunter2@cache", Some("hunter2")),
            ("postgres://app@db", None),
            ("https://host:80/path", None),
            ("app:hunter2@db", None),
        ] {
            assert_eq!(password(text).map(|place| &text[place]), expected, "{text}");
        }
    }

    #[test]
    fn decodes_percent_signs_and_leaves_other_text_alone() {
        for (text, expected) in [("p%40ss%2Fword", "p@ss/word"), ("100%", "100%"), ("%zz%4", "%zz%4"), ("%c3%bc", "ü")]
        {
            assert_eq!(percent_decoded(text), expected, "{text}");
        }
    }

    #[test]
    fn leaves_out_short_texts_and_repetitions() {
        let texts = ["abc", "abcd", "äöü", "äöüß", "abcd"].map(String::from);
        assert_eq!(long_enough(texts), ["abcd", "äöüß"]);
    }

    #[test]
    fn hides_a_secret_in_every_spelling() {
        let secrets = long_enough(["p@ss w?rd", "p@ss", "?rdp", "a\"b\nc", "50%25 off"].map(String::from));
        for (text, expected) in [
            ("bad p@ss w?rd.", "bad ***."),
            ("bad p%40ss%20w%3frd and p@ss+w?rd", "bad *** and ***"),
            ("50%25 off or 50%2525%20off", "*** or ***"),
            ("Basic YXBwOnBAc3Mgdz9yZA==", "Basic YXBwOn***A=="),
            ("token cEBzcyB3P3Jk", "token ***"),
            ("p@ss w?rdp@ss and p@ss", "*** and ***"),
            ("100% plain%2", "100% plain%2"),
            ("Config { password: \"a\\\"b\\nc\" }", "Config { password: \"***\" }"),
        ] {
            assert_eq!(without_secrets(text, &secrets), expected, "{text}");
        }
    }

    #[test]
    fn leaves_no_part_of_a_secret() {
        for (text, secrets, expected) in [
            ("with hunter2-long", ["hunter2", "hunter2-long"], "with ***"),
            ("with hunter2-long", ["2-long", "hunter2"], "with ***"),
            ("with aaaaaa", ["aaaa", "bbbb"], "with ***"),
            ("abcdabcd, abcd", ["abcd", "bcda"], "***, ***"),
            ("nothing here", ["", "hunter2"], "nothing here"),
            ("pässö päss", ["ässö", "hunter2"], "p*** päss"),
        ] {
            assert_eq!(without_secrets(text, &secrets.map(String::from)), expected, "{text}");
        }
    }
}
