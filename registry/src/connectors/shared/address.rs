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

/// The host without the brackets that an IPv6 address has in a URL.
pub(in crate::connectors) fn without_brackets(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

/// Host and port of `host`, `host:port`, `[::1]` and `[::1]:port`; the host is without brackets. None for what is no address.
pub(in crate::connectors) fn host_and_port(address: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match address.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?,
        None => address.split_at(address.find(':').unwrap_or(address.len())),
    };
    let port = match port {
        "" => None,
        port => Some(port.strip_prefix(':')?.parse().ok()?),
    };
    (!host.is_empty()).then_some((host, port))
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
    fn an_address_is_taken_apart() {
        for (text, expected) in [
            ("h", Some(("h", None))),
            ("h:1", Some(("h", Some(1)))),
            ("[::1]", Some(("::1", None))),
            ("[::1]:1", Some(("::1", Some(1)))),
            ("", None),
            (":1", None),
            ("h:", None),
            ("h:x", None),
            ("h:65536", None),
            ("::1:1", None),
            ("[::1", None),
            ("[::1]1", None),
        ] {
            assert_eq!(host_and_port(text), expected, "{text}");
        }
    }
}
