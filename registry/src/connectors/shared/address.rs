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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_stands_in_brackets() {
        assert_eq!(endpoint("db.example", 5432), "db.example:5432");
        assert_eq!(endpoint("::1", 5432), "[::1]:5432");
        assert_eq!(endpoint("[::1]", 5432), "[::1]:5432");
    }
}
