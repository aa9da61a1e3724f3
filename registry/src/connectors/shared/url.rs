//! URLs of servers whose driver does not read them: `scheme://user:password@host:port`.

/// The parts of a URL, decoded.
pub(in crate::connectors) struct Url {
    pub(in crate::connectors) scheme: String,
    pub(in crate::connectors) user: Option<String>,
    pub(in crate::connectors) password: Option<String>,
    /// Without the brackets of an IPv6 address.
    pub(in crate::connectors) host: String,
    pub(in crate::connectors) port: Option<u16>,
    /// What follows the address, with its `/`, `?` or `#`, as it is.
    pub(in crate::connectors) rest: String,
}

impl Url {
    /// None when `text` has not this form.
    pub(in crate::connectors) fn parse(text: &str) -> Option<Self> {
        let (scheme, after) = text.split_once("://")?;
        let (authority, rest) = after.split_at(after.find(['/', '?', '#']).unwrap_or(after.len()));
        let (login, address) = match authority.rsplit_once('@') {
            Some((login, address)) => (Some(login), address),
            None => (None, authority),
        };
        let (user, password) = login.map_or(Some((None, None)), credentials)?;
        let (host, port) = address_of(address)?;
        Some(Self { scheme: scheme.to_ascii_lowercase(), user, password, host, port, rest: rest.to_owned() })
    }
}

type Credentials = (Option<String>, Option<String>);

fn credentials(login: &str) -> Option<Credentials> {
    let (user, password) = match login.split_once(':') {
        Some((user, password)) => (user, Some(decoded(password)?)),
        None => (login, None),
    };
    Some((Some(decoded(user)?).filter(|user| !user.is_empty()), password))
}

fn address_of(address: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match address.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?,
        None => address.split_at(address.find(':').unwrap_or(address.len())),
    };
    let port = match port {
        "" => None,
        port => Some(port.strip_prefix(':')?.parse().ok()?),
    };
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

/// Without its `%41`.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(if byte == b'%' { digit(rest.next()?)? * 16 + digit(rest.next()?)? } else { byte });
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts as `scheme user password host port rest`, with `-` for what is not there.
    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let or = |part: Option<String>| part.unwrap_or_else(|| "-".to_owned());
        let found = Url::parse(text).map(|url| {
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
    fn what_is_no_url_is_refused() {
        for text in ["h", "mqtt://", "mqtt://u@", "mqtt://h:", "mqtt://h:70000", "mqtt://u:%zz@h", "mqtt://u:%4@h"] {
            check(text, None);
        }
        check("mqtt://[::1", None);
        check("mqtt://[::1]1883", None);
    }
}
