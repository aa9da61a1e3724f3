//! Where something stands, as messages show it.

use std::{fmt, ops::Range, path::Path, rc::Rc};

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::connections) struct Place {
    file: Rc<str>,
    line: usize,
    column: usize,
}

impl Place {
    /// The beginning of `range` in `text`, the content of `file`.
    pub(super) fn new(file: &Rc<str>, text: &str, range: &Range<usize>) -> Self {
        let before = text.get(..range.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            file: Rc::clone(file),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// `connections.toml:3:8`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column } = self;
        write!(f, "{file}:{line}:{column}")
    }
}

/// A path for a message: what cannot be seen is written out.
pub(super) fn shown(path: &Path) -> Rc<str> {
    let mut shown = String::new();
    for character in path.to_string_lossy().chars() {
        if character.is_control() {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown.into()
}
