//! Characters that a reader would not see.

use std::borrow::Cow;

/// `text` with every character that is invisible, or that moves the others, written as an escape.
///
/// Names and keys come from a file that somebody else may have written: a line break in one could forge a
/// line of a log, a control sequence could repaint a terminal, and a bidirectional mark could show the
/// text in another order than the program reads it.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(|character| !is_deceptive(character)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => out.extend(character.escape_default()),
            _ if is_deceptive(character) => out.extend(character.escape_unicode()),
            _ => out.push(character),
        }
    }
    Cow::Owned(out)
}

fn is_deceptive(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    character.is_control()
        || character.is_whitespace()
        || INVISIBLE.iter().any(|(first, last)| (*first..=*last).contains(&character))
}

/// Characters without a glyph of their own that are neither control characters nor white space: format
/// and bidirectional marks, fillers, variation selectors, tags.
const INVISIBLE: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(visible(text), expected);
    }

    #[test]
    fn control_characters_are_escaped() {
        check("a\nb\r\tc", "a\\nb\\r\\tc");
        check("\u{1b}[31m\u{0}\u{7f}\u{9b}", "\\u{1b}[31m\\u{0}\\u{7f}\\u{9b}");
    }

    #[test]
    fn bidirectional_marks_are_escaped() {
        for mark in ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}').chain(['\u{200f}', '\u{61c}']) {
            check(&mark.to_string(), &format!("\\u{{{:x}}}", u32::from(mark)));
        }
    }

    #[test]
    fn invisible_characters_and_unusual_spaces_are_escaped() {
        check("a\u{200b}b\u{feff}\u{ad}", "a\\u{200b}b\\u{feff}\\u{ad}");
        check("\u{a0}\u{2028}\u{3000}", "\\u{a0}\\u{2028}\\u{3000}");
        check("\u{e0041}\u{fe0f}", "\\u{e0041}\\u{fe0f}");
    }

    #[test]
    fn visible_text_stays_as_it_is() {
        check("`primary_db`: päron 日本 ✓ a → b", "`primary_db`: päron 日本 ✓ a → b");
        check("", "");
    }
}
