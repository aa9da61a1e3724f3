//! Texts that must not appear in the error of a driver.

use super::value::{Value, ValueKind};

/// The passwords of all URLs in a value, as written and percent-decoded.
pub(super) fn url_passwords(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, &mut found);
    found
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
        ValueKind::String(text) | ValueKind::Text(text) => found.extend(password(text).into_iter().flat_map(forms)),
        ValueKind::Array(items) => items.iter().for_each(|item| collect(item, found)),
        ValueKind::Table(table) => table.entries.iter().for_each(|(_, value)| collect(value, found)),
        _ => {}
    }
}

/// The password in `scheme://user:password@host`. A password that should have been percent-encoded may hold
/// `/`, `?` or `@`: it goes up to the last `@`.
fn password(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    let (user, _) = rest.rsplit_once('@')?;
    let (_, password) = user.split_once(':')?;
    Some(password)
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

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(digits[0])? * 16 + digit(digits[1])?).ok()
}

const MIN_LENGTH: usize = 4;

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
            assert_eq!(password(text), expected, "{text}");
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
}
