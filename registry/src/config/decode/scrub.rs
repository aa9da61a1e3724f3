//! Whether a text that a type made repeats a value of the configuration.

use crate::config::value::{Value, ValueKind};

/// Whether `text` has a run of four characters, case aside, of any text or number in `value`. Of shorter texts
/// it must not have the whole as a word.
pub(super) fn repeats(text: &str, value: &Value) -> bool {
    match &value.kind {
        ValueKind::String(part) | ValueKind::Text(part) | ValueKind::Template(part) => repeats_text(text, part),
        ValueKind::Integer(number) => repeats_number(text, &number.to_string()),
        ValueKind::Float(number) => repeats_number(text, &number.to_string()),
        ValueKind::Datetime(datetime) => repeats_text(text, &datetime.to_string()),
        ValueKind::Array(elements) => elements.iter().any(|element| repeats(text, element)),
        ValueKind::Table(table) => table.entries.iter().any(|(_, value)| repeats(text, value)),
        ValueKind::Boolean(_) | ValueKind::Dummy(_) => false,
    }
}

pub(super) fn repeats_text(text: &str, part: &str) -> bool {
    let (text, part) = (text.to_lowercase(), part.to_lowercase());
    if part.chars().count() < RUN { has_word(&text, part.trim()) } else { shares_run(&text, &part) }
}

/// Short numbers are left alone: "at most 100" is what a type has to say.
fn repeats_number(text: &str, number: &str) -> bool {
    number.len() >= RUN && text.contains(number)
}

fn shares_run(text: &str, part: &str) -> bool {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    starts.windows(RUN + 1).any(|run| part.contains(&text[run[0]..run[RUN]]))
}

fn has_word(text: &str, word: &str) -> bool {
    !word.is_empty() && text.split(|c: char| c.is_whitespace() || "`'\"=,;:()[]".contains(c)).any(|part| part == word)
}

/// How many characters in a row tell something.
const RUN: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, part: &str, expected: bool) {
        assert_eq!(repeats_text(text, part), expected, "{text:?} {part:?}");
    }

    #[test]
    fn a_run_of_four_characters_is_a_repetition() {
        check("invalid URL: hunter2", "postgres://app:hunter2@h", true);
        check("no such host: HUNT", "xhunterx", true);
        check("relative URL without a base", "hunter2", false);
        check("\u{e9}\u{e8}\u{ea}\u{eb}", "a\u{e9}\u{e8}\u{ea}\u{eb}b", true);
        check("", "hunter2", false);
    }

    #[test]
    fn a_short_text_is_repeated_as_a_word() {
        check("bad value `pw`", "pw", true);
        check("a pwd", "pw", false);
        check("anything", "", false);
    }
}
