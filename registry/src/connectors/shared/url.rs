//! URLs of servers: `scheme://user:password@host:port/path?query`.

use super::address::host_and_port;

/// A URL, taken apart as far as drivers do not tell. Nothing is decoded yet.
#[derive(Clone, Copy)]
pub(in crate::connectors) struct Url<'a> {
    pub(in crate::connectors) scheme: &'a str,
    /// Who asks, as `user:password`; none without an `@`.
    login: Option<&'a str>,
    /// `host:port`.
    address: &'a str,
    /// What follows the address, with its `/`, `?` or `#`.
    rest: &'a str,
}

impl<'a> Url<'a> {
    /// None when `text` has no `://`.
    pub(in crate::connectors) fn new(text: &'a str) -> Option<Self> {
        let (scheme, after) = text.split_once("://")?;
        let (authority, rest) = after.split_at(after.find(['/', '?', '#']).unwrap_or(after.len()));
        let (login, address) = match authority.rsplit_once('@') {
            Some((login, address)) => (Some(login), address),
            None => (None, authority),
        };
        Some(Self { scheme, login, address, rest })
    }

    /// Whether the `@` before the host seems to stand behind it: a `/`, `?` or `#` of the password that is not
    /// percent-encoded ends the host, and a part of the password is taken for the port.
    pub(in crate::connectors) fn is_torn(self) -> bool {
        self.rest.contains('@')
    }

    /// None when no user is given, or an empty one.
    pub(in crate::connectors) fn user(self) -> Option<String> {
        let user = self.login?.split(':').next().unwrap_or_default();
        percent_decoded(user).filter(|user| !user.is_empty())
    }

    pub(in crate::connectors) fn password(self) -> Option<String> {
        self.login?.split_once(':').and_then(|(_, password)| percent_decoded(password))
    }

    /// Everything else.
    pub(in crate::connectors) fn without_password(self) -> impl PartialEq + use<'a> {
        (self.scheme, self.login.map(|login| login.split(':').next()), self.address, self.rest)
    }

    /// Host and port; the host is without the brackets of an IPv6 address, and not decoded. None when there is no host.
    pub(in crate::connectors) fn host_and_port(self) -> Option<(&'a str, Option<u16>)> {
        host_and_port(self.address)
    }

    /// What stands between the address and the parameters, without its `/`.
    pub(in crate::connectors) fn path(self) -> &'a str {
        self.rest.split(['?', '#']).next().unwrap_or_default().trim_start_matches('/')
    }

    /// The parameters behind `?`, each with its name and its value.
    pub(in crate::connectors) fn parameters(self) -> impl Iterator<Item = (String, String)> + use<'a> {
        let before = self.rest.split('#').next().unwrap_or_default();
        let query = before.split_once('?').map_or("", |(_, query)| query);
        query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = |text: &str| percent_decoded(&text.replace('+', " ")).unwrap_or_default();
            (decoded(name), decoded(value))
        })
    }

    /// The value of the last parameter that has one of `names`.
    pub(in crate::connectors) fn value(self, names: &[&str]) -> Option<String> {
        self.parameters().filter(|(name, _)| names.contains(&&**name)).last().map(|(_, value)| value)
    }
}

/// The parts of a URL that its driver does not read, decoded.
pub(in crate::connectors) struct ServerUrl {
    pub(in crate::connectors) scheme: String,
    pub(in crate::connectors) user: Option<String>,
    pub(in crate::connectors) password: Option<String>,
    /// Without the brackets of an IPv6 address.
    pub(in crate::connectors) host: String,
    pub(in crate::connectors) port: Option<u16>,
    /// What follows the address, with its `/`, `?` or `#`, as it is.
    pub(in crate::connectors) rest: String,
}

impl ServerUrl {
    /// None when `text` has not this form.
    pub(in crate::connectors) fn parse(text: &str) -> Option<Self> {
        let url = Url::new(text)?;
        let (host, port) = url.host_and_port()?;
        url.login.is_none_or(is_encoded).then_some(())?;
        Some(Self {
            scheme: url.scheme.to_ascii_lowercase(),
            user: url.user(),
            password: url.password(),
            host: host.to_owned(),
            port,
            rest: url.rest.to_owned(),
        })
    }
}

/// Whether the `@` before the host of a URL seems to stand behind it: see [`Url::is_torn`].
pub(in crate::connectors) fn is_torn(url: &str) -> bool {
    Url::new(url).is_some_and(Url::is_torn)
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

/// Whether each `%` begins a code such as `%41`, and all of them together are UTF-8.
fn is_encoded(text: &str) -> bool {
    let is_code = |rest: &str| hexadecimal(rest.as_bytes()).is_some();
    text.split('%').skip(1).all(is_code) && text.split(':').all(|part| percent_decoded(part).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts as `scheme user password host port rest`, with `-` for what is not there.
    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let or = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
        let found = ServerUrl::parse(text).map(|url| {
            let port = or(url.port.map(|port| port.to_string()));
            format!("{} {} {} {} {port} {}", url.scheme, or(url.user), or(url.password), url.host, url.rest)
        });
        assert_eq!(found.as_deref(), expected, "{text}");
    }

    #[test]
    fn the_parts_of_a_url_are_told_apart_and_decoded() {
        check("mqtt://h", Some("mqtt - - h - "));
        check("MQTTS://u@h:1/x?y", Some("mqtts u - h 1 /x?y"));
        check("mqtt://u:c4nary%2FP%40ss%3F%23%25@h:1883", Some("mqtt u c4nary/P@ss?#% h 1883 "));
        check("mqtt://u:a@b:c@[::1]:1883", Some("mqtt u a@b:c ::1 1883 "));
        check("mqtt://:p@h", Some("mqtt - p h - "));
    }

    #[test]
    fn a_url_is_taken_apart() {
        let url = Url::new("db://me:c4nary%2FP%40ss%3F%23%25%zz@h:1/d?a=b%2F&c%5Bx%5D#e").expect("it is one");
        assert_eq!(url.password().as_deref(), Some("c4nary/P@ss?#%%zz"));
        assert_eq!((url.user().as_deref(), url.host_and_port(), url.path()), (Some("me"), Some(("h", Some(1))), "d"));
        assert_eq!((url.value(&["c[x]", "a"]).as_deref(), url.value(&["b"])), (Some(""), None));
        let parameters: Vec<_> = url.parameters().map(|(name, value)| format!("{name} {value}")).collect();
        assert_eq!(parameters, ["a b/", "c[x] "]);
        let other = |text| Url::new(text).expect("it is one").without_password();
        assert!(other("db://me:a@h:1/d?a=b") == other("db://me:b@h:1/d?a=b"));
        for another in ["dc://me:a@h:1/d?a=b", "db://you:a@h:1/d?a=b", "db://me:a@h:2/d?a=b", "db://me:a@h:1/d?a=c"] {
            assert!(other("db://me:a@h:1/d?a=b") != other(another), "{another}");
        }
        assert!(Url::new("db:/h").is_none());
        assert_eq!(Url::new("db://h").and_then(Url::password), None);
    }

    #[test]
    fn a_special_character_that_tears_a_url_is_noticed() {
        for url in ["db://me:1/2@h/d", "db://me:1?2@h/d", "db://me:1#2@h", "db://a@me:1/2@h/d"] {
            assert!(is_torn(url), "{url}");
        }
        assert!(!is_torn("db://me:p@ss@h:1/d"));
    }

    #[test]
    fn percent_encoding_is_undone_where_it_is_one() {
        let decoded = |text| percent_decoded(text).expect("it is UTF-8");
        assert_eq!(decoded("c4nary%2FP%40ss%3f%23%25"), "c4nary/P@ss?#%");
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%zz%2"), "%zz%2");
        assert_eq!(percent_decoded("%ff"), None);
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for text in ["h", "mqtt://", "mqtt://u@", "mqtt://h:", "mqtt://h:70000", "mqtt://u:%zz@h", "mqtt://u:%4@h"] {
            check(text, None);
        }
        check("mqtt://[::1", None);
        check("mqtt://[::1]1883", None);
    }
}
