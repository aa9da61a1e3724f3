//! Where a server is: by a `url`, or by its parts.

use crate::Validation;

/// `host:port`, with the brackets that an IPv6 address needs.
pub(in crate::connectors) fn endpoint(host: &str, port: u16) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Reports each of `parts` that is given beside `url`, and `host` when neither it nor `url` is given. A part is its key, and
/// whether it is given.
pub(in crate::connectors) fn one_way(validation: &mut Validation, has_url: bool, parts: &[(&'static str, bool)]) {
    let given = parts.iter().filter(|(_, is_given)| *is_given);
    if has_url {
        given.for_each(|(part, _)| {
            validation.conflict(&["url", part], "`url` already says where the server is and who asks");
        });
    } else if !given.clone().any(|(part, _)| *part == "host") {
        validation.missing("host", "say where the server is, by `host` or by `url`");
    }
}

/// Whether the `@` before the host seems to stand behind it: a `/`, `?` or `#` of the password that is not percent-encoded
/// ends the host, and a part of the password is taken for the port.
pub(in crate::connectors) fn is_torn(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_once(['/', '?', '#']).is_some_and(|(_, behind)| behind.contains('@'))
}

/// The text without its percent-encoding; none when it is not UTF-8 then.
pub(in crate::connectors) fn percent_decoded(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        let byte = if *first == b'%' { hexadecimal(others) } else { None };
        decoded.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &others[2..] } else { others };
    }
    String::from_utf8(decoded).ok()
}

/// The byte that two digits say.
fn hexadecimal(text: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(*text.first()?)? << 4 | digit(*text.get(1)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_stands_in_brackets() {
        assert_eq!(endpoint("db.example", 5432), "db.example:5432");
        assert_eq!(endpoint("::1", 5432), "[::1]:5432");
        assert_eq!(endpoint("[::1]", 5432), "[::1]:5432");
    }

    #[test]
    fn a_password_that_is_not_encoded_tears_a_url() {
        assert!(is_torn("amqp://app:12/P@ss@host") && is_torn("amqp://app:12?P@host"));
        assert!(!is_torn("amqp://app:12%2FP%40ss@host/vhost?heartbeat=1"));
    }

    #[test]
    fn percent_encoding_is_undone_where_it_is_one() {
        let decoded = |text| percent_decoded(text).expect("it is UTF-8");
        assert_eq!(decoded("c4nary%2FP%40ss%3f%23%25"), "c4nary/P@ss?#%");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%zz%2"), "%zz%2");
        assert_eq!(percent_decoded("%ff"), None);
    }
}
