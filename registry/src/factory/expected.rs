//! A connection type that a program expects in its configuration, compared with it when the program is compiled.

use std::str;

use super::registration::ConnectionDeclaration;

/// What a file has, and what the program says of it.
#[derive(Clone, Copy, Debug)]
pub struct ExpectedType {
    /// The name of the connection.
    pub connection: &'static str,
    /// Its type in the file.
    pub type_name: &'static str,
    /// Where that is written.
    pub place: &'static str,
    /// The Rust type, as the program names it.
    pub rust_type: &'static str,
}

/// Fails to compile, where it is called in a constant, unless `C` is registered under the name that the file has.
///
/// # Panics
///
/// Then.
#[track_caller]
pub const fn expect_type<C: ConnectionDeclaration>(expected: ExpectedType) {
    let ExpectedType { connection, type_name, place, rust_type } = expected;
    let registered = C::DECLARATION.name;
    if is_same(registered, type_name) {
        return;
    }
    let message = Message::new()
        .with(&["connection `", connection, "` has the type `", type_name, "` at ", place])
        .with(&[", but `", rust_type, "` is the type `", registered, "`"]);
    panic!("{}", message.as_str());
}

/// A text that is put together in a constant; what does not fit is cut.
struct Message {
    bytes: [u8; 1024],
    length: usize,
}

impl Message {
    const fn new() -> Self {
        Self { bytes: [0; 1024], length: 0 }
    }

    const fn with(mut self, parts: &[&str]) -> Self {
        let mut part = 0;
        while part < parts.len() {
            let (mut at, text) = (0, parts[part].as_bytes());
            while at < text.len() && self.length < self.bytes.len() {
                self.bytes[self.length] = text[at];
                self.length += 1;
                at += 1;
            }
            part += 1;
        }
        self
    }

    const fn as_str(&self) -> &str {
        let (text, _) = self.bytes.split_at(self.length);
        match str::from_utf8(text) {
            Ok(text) => text,
            // Cut within a character.
            Err(error) => match str::from_utf8(text.split_at(error.valid_up_to()).0) {
                Ok(text) => text,
                Err(_) => "",
            },
        }
    }
}

const fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_whole() {
        for (a, b, expected) in [("redis", "redis", true), ("", "", true), ("redi", "redis", false), ("a", "b", false)]
        {
            assert_eq!((is_same(a, b), is_same(b, a)), (expected, expected), "{a} {b}");
        }
    }

    #[test]
    fn a_message_that_is_too_long_is_cut_between_characters() {
        assert_eq!(Message::new().with(&["größe ", "1"]).with(&["!"]).as_str(), "größe 1!");
        let long = "ü".repeat(600);
        assert_eq!(Message::new().with(&["a", &long]).as_str(), format!("a{}", "ü".repeat(511)));
    }
}
