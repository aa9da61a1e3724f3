//! Which values are secrets, and the variables that are to hold them.

use std::{collections::HashSet, ops::Range};

/// The variables that placeholders were written for.
#[derive(Debug, Default)]
pub(super) struct Variables {
    taken: HashSet<String>,
}

impl Variables {
    /// A variable that is free, for the value at these keys: `PRIMARY_DB_PASSWORD`.
    pub(super) fn name(&mut self, keys: &[&str]) -> String {
        let base = variable(keys);
        let numbered = (2..).map(|number| format!("{base}_{number}"));
        let name = std::iter::once(base.clone()).chain(numbered).find(|name| !self.taken.contains(name));
        let name = name.expect("there are more numbers than names");
        self.taken.insert(name.clone());
        name
    }
}

/// The keys as one name of a variable.
pub(in crate::cli) fn variable(keys: &[&str]) -> String {
    let mut name = String::new();
    for character in keys.join("_").chars() {
        let character = if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' };
        if character != '_' || !name.ends_with('_') {
            name.push(character);
        }
    }
    let name = name.trim_end_matches('_');
    if name.starts_with(|first: char| first.is_ascii_digit()) || name.is_empty() {
        format!("_{name}")
    } else {
        name.to_owned()
    }
}

/// Whether a key says that its value is a secret.
pub(super) fn is_secret_key(key: &str) -> bool {
    let key: String = key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    SECRET_ENDS.iter().any(|end| key.ends_with(end)) && !PUBLIC_ENDS.iter().any(|end| key.ends_with(end))
}

/// The part of a text that is a secret by itself: the password of a URL, or all of a URL with a secret in its query.
pub(super) fn secret_part(text: &str) -> Option<Range<usize>> {
    let (scheme, rest) = text.split_once("://")?;
    let start = scheme.len() + 3;
    // A password that should have been percent-encoded may hold `/`, `?` or `@`: it goes up to the last `@`.
    let user = rest.rsplit_once('@').map(|(user, _)| user);
    if let Some((name, password)) = user.and_then(|user| user.split_once(':')) {
        let start = start + name.len() + 1;
        return (!password.is_empty()).then_some(start..start + password.len());
    }
    let (_, query) = rest.split_once('?')?;
    let parameters = query.split('&').filter_map(|parameter| parameter.split_once('='));
    let is_secret = parameters.into_iter().any(|(key, value)| is_secret_key(key) && !value.is_empty());
    is_secret.then_some(0..text.len())
}

/// How keys of secrets end, without what is neither letter nor digit.
const SECRET_ENDS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "credential",
    "credentials",
    "accountkey",
    "sharedkey",
    "signingkey",
    "encryptionkey",
];

/// Keys that end like one of a secret and have none.
const PUBLIC_ENDS: &[&str] = &["maxtoken", "publictoken"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_secrets_from_other_values() {
        for key in ["password", "DB_PASSWORD", "api-key", "apiKey", "aws_secret_access_key", "auth.token", "passwd"] {
            assert!(is_secret_key(key), "{key}");
        }
        for key in ["host", "user", "password_file", "token_url", "key", "tokens_per_minute", "secret_name", ""] {
            assert!(!is_secret_key(key), "{key}");
        }
    }

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(secret_part(text).map(|range| &text[range]), expected, "{text}");
    }

    #[test]
    fn the_password_of_a_url_is_found() {
        check("postgres://app:hunter2@db/app", Some("hunter2"));
        check("postgres://app:p@ss/w?rd@db/app", Some("p@ss/w?rd"));
        check("redis://:hunter2@cache", Some("hunter2"));
        check("postgres://app:@db", None);
        check("postgres://app@db", None);
        check("https://host:80/path", None);
        check("https://host/hook?channel=a&token=hunter2", Some("https://host/hook?channel=a&token=hunter2"));
        check("https://host/hook?channel=a&token=", None);
        check("app:hunter2@db", None);
    }

    #[test]
    fn names_of_variables_are_plain_and_each_one_is_new() {
        let mut variables = Variables::default();
        assert_eq!(variables.name(&["primary db", "tls", "key-password"]), "PRIMARY_DB_TLS_KEY_PASSWORD");
        assert_eq!(variables.name(&["primary.db", "tls.key", "password"]), "PRIMARY_DB_TLS_KEY_PASSWORD_2");
        assert_eq!(variables.name(&["1", "a"]), "_1_A");
        assert_eq!(variables.name(&["größe"]), "GR_E");
        assert_eq!(variables.name(&["ü"]), "_");
    }
}
