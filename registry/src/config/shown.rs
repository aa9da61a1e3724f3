//! What of a value people may see who look at their own configuration, as the command `show` lets them: everything but what
//! may be a secret. Errors and logs show less, by the rule of `public`.

use std::{collections::HashSet, ops::Range};

use super::{
    check::Checked,
    field::{Field, Visibility},
    secrets,
    value::{Value, ValueKind},
};
use crate::diagnostic::{masked, visible};

/// The secrets of a whole configuration: a text that repeats one of them is one too, wherever it stands.
pub(super) struct Shown {
    secrets: Vec<String>,
    /// Texts that are hidden as a whole, however short they are.
    hidden: HashSet<String>,
}

impl Shown {
    pub(super) fn of<I>(connections: &[Checked<I>]) -> Self {
        let decoded = connections.iter().filter_map(|connection| connection.decoded.as_ref());
        let (mut known, mut hidden) = (Vec::new(), HashSet::new());
        for decoded in decoded {
            known.extend(decoded.secrets.iter().cloned());
            hidden.extend(decoded.secrets.iter().chain(&decoded.unknown).cloned());
        }
        for connection in connections {
            known.extend(secrets::url_passwords(&connection.fields));
            below_secret_keys(&connection.fields, false, &mut known);
        }
        Self { secrets: secrets::long_enough(known), hidden }
    }

    /// A value of `field`, which is `None` where the type is not known; `keys` lead to it.
    pub(super) fn value(&self, field: Option<&Field>, keys: &[&str], value: &Value) -> String {
        let is_known = field.is_some_and(|field| field.visibility != Visibility::Secret);
        match &value.kind {
            ValueKind::Template(text) => visible(&masked(text)).into_owned(),
            ValueKind::Table(_) => "{}".to_owned(),
            ValueKind::Array(_) => "[]".to_owned(),
            _ if !is_known || keys.iter().any(|key| is_secret_key(key)) => HIDDEN.to_owned(),
            ValueKind::String(text) | ValueKind::Text(text) => self.text(text),
            ValueKind::Integer(number) => number.to_string(),
            ValueKind::Float(number) => number.to_string(),
            ValueKind::Boolean(value) => value.to_string(),
            ValueKind::Datetime(datetime) => datetime.to_string(),
            ValueKind::Dummy(_) => HIDDEN.to_owned(),
        }
    }

    fn text(&self, text: &str) -> String {
        if text.is_empty() {
            return "\"\"".to_owned();
        }
        // A table of an override is a text with keys in it.
        let is_table = text.trim_start().starts_with(['{', '[']);
        if is_table || text.contains('\n') || self.hidden.contains(text) || seems_to_have_a_login(text) {
            return HIDDEN.to_owned();
        }
        let mut shown = text.to_owned();
        if let Some(part) = secret_part(text) {
            shown.replace_range(part, HIDDEN);
        }
        visible(&secrets::without_secrets(&shown, &self.secrets)).into_owned()
    }
}

/// Whether a key says that its value is a secret.
pub(crate) fn is_secret_key(key: &str) -> bool {
    let key: String = key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    SECRET_ENDS.iter().any(|end| key.ends_with(end)) && !PUBLIC_ENDS.iter().any(|end| key.ends_with(end))
}

/// The part of a text that is a secret by itself: the password of a URL, or all of a URL with a secret in its query.
pub(crate) fn secret_part(text: &str) -> Option<Range<usize>> {
    let (_, rest) = text.split_once("://")?;
    let parameters = rest.split(['?', '&', '#']).skip(1).filter_map(|parameter| parameter.split_once('='));
    if parameters.into_iter().any(|(key, value)| is_secret_key(key) && !value.is_empty()) {
        return Some(0..text.len());
    }
    secrets::password(text).filter(|password| !password.is_empty())
}

/// Adds the texts whose keys say that they are secrets.
fn below_secret_keys(value: &Value, is_below: bool, found: &mut Vec<String>) {
    match &value.kind {
        ValueKind::String(text) | ValueKind::Text(text) if is_below => found.push(text.to_string()),
        ValueKind::Array(items) => items.iter().for_each(|item| below_secret_keys(item, is_below, found)),
        ValueKind::Table(table) => {
            for (key, value) in &table.entries {
                below_secret_keys(value, is_below || is_secret_key(key), found);
            }
        }
        _ => {}
    }
}

/// Other forms than a URL in which a driver may take a password: `user:password@host`, `host=… password=…`.
fn seems_to_have_a_login(text: &str) -> bool {
    let has_login = match text.split_once("://") {
        Some((_, rest)) => is_login_alone(rest),
        None => text.split_once('@').is_some_and(|(login, _)| login.contains(':')),
    };
    // The word before each sign.
    let keys = text.match_indices('=').filter_map(|(at, _)| text[..at].trim_end().rsplit([' ', ';', ',', '=']).next());
    has_login || keys.into_iter().any(is_secret_key)
}

/// `token@host`: who has no password may be a secret himself.
fn is_login_alone(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(login, _)| !login.contains(':') && login.len() >= SHORTEST_TOKEN)
}

const HIDDEN: &str = "***";

/// Longer than names of users are.
const SHORTEST_TOKEN: usize = 20;

/// How keys of secrets end, without what is neither letter nor digit.
const SECRET_ENDS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "pass",
    "signature",
    "sig",
    "passphrase",
    "secret",
    "token",
    "bearer",
    "authorization",
    "cookie",
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
const PUBLIC_ENDS: &[&str] = &["maxtoken", "publictoken", "bypass"];

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
    fn check_part(text: &str, expected: Option<&str>) {
        assert_eq!(secret_part(text).map(|range| &text[range]), expected, "{text}");
    }

    #[test]
    fn the_password_of_a_url_is_found() {
        check_part("postgres://app:hunter2@db/app", Some("hunter2"));
        check_part("postgres://app:p@ss/w?rd@db/app", Some("p@ss/w?rd"));
        check_part("redis://:hunter2@cache", Some("hunter2"));
        check_part("postgres://app:@db", None);
        check_part("postgres://app@db", None);
        check_part("https://host:80/path", None);
        check_part("https://host/hook?channel=a&token=hunter2", Some("https://host/hook?channel=a&token=hunter2"));
        check_part("https://host/hook?channel=a&token=", None);
        check_part("app:hunter2@db", None);
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let hidden = HashSet::from(["bob".to_owned()]);
        let shown = Shown { secrets: vec!["tr0ub4dor".to_owned()], hidden };
        assert_eq!(shown.text(text), expected, "{text}");
    }

    #[test]
    fn a_text_is_shown_without_what_may_be_a_secret() {
        for plain in ["db.example.com", "app", "certs/ca.pem", "sqlite://data/app.db", "postgres://app@db/app"] {
            check(plain, plain);
        }
        check("", "\"\"");
        check("postgres://app:hunter2@db/app", "postgres://app:***@db/app");
        check("https://host/hook?token=hunter2", "***");
        check("backup of tr0ub4dor", "backup of ***");
        check("mysql+tr0ub4dor%21", "mysql+***%21");
        for hidden in [
            "app:hunter2@tcp(db)",
            "host=db user=app password=hunter2",
            "Server=db;Pwd=hunter2",
            "host = db password = hunter2",
            "{ password = \"hunter2\" }",
            "postgres://app:x@db/app?sslmode=require&sslpassword=hunter2",
            "https://h/x?to=a:b@c&token=hunter2",
            "https://h/x?sig=hunter2",
            "bob",
            "nats://SUACVEXT7R5WLMZ2QHVU3T@h",
            "-----BEGIN PRIVATE KEY-----\nMII",
        ] {
            check(hidden, "***");
        }
    }
}
