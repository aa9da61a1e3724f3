//! Names with captures, such as `tenant/{id}`, and the names that fit them, by the rules of the library.

/// A name with captures.
pub(super) struct Pattern {
    /// The text before the first capture.
    start: String,
    /// The text behind each capture.
    behind: Vec<String>,
}

impl Pattern {
    /// `None` for a name without captures, and for one that is malformed.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let mut parts = name.split('{');
        let start = parts.next().filter(|start| !start.contains('}'))?.to_owned();
        let mut behind = Vec::new();
        for part in parts {
            let (capture, text) = part.split_once('}')?;
            if !is_capture(capture) || text.contains('}') {
                return None;
            }
            behind.push(text.to_owned());
        }
        (!behind.is_empty()).then_some(Self { start, behind })
    }

    pub(super) fn fits(&self, name: &str) -> bool {
        name.strip_prefix(&self.start).is_some_and(|rest| fits(&self.behind, rest))
    }

    /// Of several that fit, the one with more text of its own wins.
    pub(super) fn weight(&self) -> usize {
        self.start.chars().count() + self.behind.iter().map(|text| text.chars().count()).sum::<usize>()
    }
}

/// Whether a name is that of a template, maybe a malformed one.
pub(super) fn has_braces(name: &str) -> bool {
    name.contains(['{', '}'])
}

/// Whether `text` is a value and the text behind it, and so on to the last.
fn fits(behind: &[String], text: &str) -> bool {
    let Some((next, later)) = behind.split_first() else { return text.is_empty() };
    let longest = text.bytes().take(MAX_VALUE).take_while(|byte| is_allowed(*byte)).count();
    (1..=longest).any(|length| text[length..].strip_prefix(next.as_str()).is_some_and(|rest| fits(later, rest)))
}

fn is_capture(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// In bytes, which are as many characters.
const MAX_VALUE: usize = 64;
