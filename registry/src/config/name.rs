//! What a connection may be called, and how texts of a file are quoted in messages.

/// Why `name` cannot be the name of a connection.
pub(crate) fn fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty")
    } else if name.chars().count() > MAX_LENGTH {
        Some("it is longer than 128 characters")
    } else if name.chars().any(char::is_control) {
        Some("it has a control character")
    } else if name.chars().any(is_invisible) {
        Some("it has an invisible character")
    } else if name.trim() != name {
        Some("it begins or ends with white space")
    } else {
        None
    }
}

/// `text` with every control and invisible character written out, so that it cannot forge a line of a log.
pub(super) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            printable.extend(character.escape_unicode());
        } else {
            printable.push(character);
        }
    }
    printable
}

/// Zero-width characters, and those that change the direction of writing.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
}

const MAX_LENGTH: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_names_that_cannot_be_read_or_typed() {
        for name in ["", " a", "a ", "a\nb", "a\0b", "a\u{202e}b", "a\u{200b}", &"x".repeat(129)] {
            assert!(fault(name).is_some(), "{name:?}");
        }
        for name in ["a", "primary db", "größe", "a.b-c", "日本", &"x".repeat(128)] {
            assert_eq!(fault(name), None, "{name:?}");
        }
    }

    #[test]
    fn writes_out_what_would_not_be_seen() {
        assert_eq!(printable("a\nb\u{202e}c\\d"), "a\\u{a}b\\u{202e}c\\d");
    }
}
