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

/// Whether the `@` before the host of a URL seems to stand behind it: see [`Url::is_torn`].
pub(in crate::connectors) fn is_torn(url: &str) -> bool {
    Url::new(url).is_some_and(Url::is_torn)
}

/// A URL `scheme://user:password@host:port/path?query`, taken apart as far as drivers do not tell.
#[derive(Clone, Copy)]
pub(in crate::connectors) struct Url<'a> {
    pub(in crate::connectors) scheme: &'a str,
    /// Who asks, as `user:password`.
    who: &'a str,
    /// All behind that: host, port, path and query.
    rest: &'a str,
    is_torn: bool,
}

impl<'a> Url<'a> {
    pub(in crate::connectors) fn new(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let at = rest[..end].rfind('@');
        let (who, rest) = at.map_or(("", rest), |at| (&rest[..at], &rest[at + 1..]));
        let behind = &rest[rest.find(['/', '?', '#']).unwrap_or(rest.len())..];
        Some(Self { scheme, who, rest, is_torn: behind.contains('@') })
    }

    /// Whether the `@` before the host seems to stand behind it: a `/`, `?` or `#` of the password that is not
    /// percent-encoded ends the host, and a part of the password is taken for the port.
    pub(in crate::connectors) fn is_torn(self) -> bool {
        self.is_torn
    }

    pub(in crate::connectors) fn password(self) -> Option<String> {
        self.who.split_once(':').and_then(|(_, password)| percent_decoded(password))
    }

    /// Everything else.
    pub(in crate::connectors) fn without_password(self) -> (&'a str, &'a str, &'a str) {
        (self.scheme, self.who.split(':').next().unwrap_or_default(), self.rest)
    }

    /// The names of the parameters behind `?`.
    pub(in crate::connectors) fn parameters(self) -> impl Iterator<Item = String> {
        let before = self.rest.split('#').next().unwrap_or_default();
        let query = before.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| percent_decoded(pair.split('=').next().unwrap_or_default()).unwrap_or_default())
    }
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
    fn a_url_is_taken_apart() {
        let url = Url::new("db://me:c4nary%2FP%40ss%3F%23%25%zz@h:1/d?a=b&c%5Bx%5D=d#e").expect("it is one");
        assert_eq!(url.password().as_deref(), Some("c4nary/P@ss?#%%zz"));
        assert_eq!(url.without_password(), ("db", "me", "h:1/d?a=b&c%5Bx%5D=d#e"));
        assert_eq!(url.parameters().collect::<Vec<_>>(), ["a", "c[x]"]);
        assert!(!url.is_torn());
        assert!(Url::new("db:/h").is_none());
        assert_eq!(Url::new("db://h").and_then(Url::password), None);
    }

    #[test]
    fn a_special_character_that_tears_a_url_is_noticed() {
        for url in ["db://me:1/2@h/d", "db://me:1?2@h/d", "db://me:1#2@h", "db://a@me:1/2@h/d"] {
            assert!(Url::new(url).expect("it is one").is_torn(), "{url}");
        }
        assert!(!Url::new("db://me:p@ss@h:1/d").expect("it is one").is_torn());
    }

    #[test]
    fn an_ipv6_address_stands_in_brackets() {
        assert_eq!(endpoint("db.example", 5432), "db.example:5432");
        assert_eq!(endpoint("::1", 5432), "[::1]:5432");
        assert_eq!(endpoint("[::1]", 5432), "[::1]:5432");
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
