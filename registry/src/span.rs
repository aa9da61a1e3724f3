//! Where a value stands: a range of bytes in one of the sources that were read.

use std::{borrow::Cow, ops::Range, sync::OnceLock};

/// A range of bytes in one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Span {
    pub(crate) source: SourceId,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    pub(crate) fn new(source: SourceId, range: Range<usize>) -> Self {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { source, start: offset(range.start), end: offset(range.end) }
    }

    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The place of a source in [`Sources`], in the order of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SourceId(u32);

/// What a source is; decides how a position in it is written and what of it may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SourceKind {
    /// A TOML file, or TOML text given to the builder.
    File,
    /// An environment override: the text is `NAME=value`. The value is never shown.
    Environment,
}

/// One text that was read, kept for positions and for late errors.
pub(crate) struct Source {
    /// The path as the user would write it, or the variable's name.
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) kind: SourceKind,
    /// True when the text has syntax errors, so that the roles of its tokens cannot be trusted.
    pub(crate) broken: bool,
    /// Made when a position is asked for.
    lines: OnceLock<Lines>,
}

/// A line and a column, both from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// All texts of one load.
#[derive(Default)]
pub(crate) struct Sources {
    all: Vec<Source>,
}

impl Sources {
    pub(crate) fn add(&mut self, name: impl Into<String>, text: impl Into<String>, kind: SourceKind) -> SourceId {
        let id = SourceId(u32::try_from(self.all.len()).unwrap_or(u32::MAX));
        self.all.push(Source { name: name.into(), text: text.into(), kind, broken: false, lines: OnceLock::new() });
        id
    }

    pub(crate) fn get(&self, id: SourceId) -> &Source {
        &self.all[id.0 as usize]
    }

    pub(crate) fn mark_broken(&mut self, id: SourceId) {
        self.all[id.0 as usize].broken = true;
    }

    /// The line and column at which `span` starts. The first call reads the whole text.
    pub(crate) fn position(&self, span: Span) -> Position {
        let source = self.get(span.source);
        let lines = source.lines.get_or_init(|| Lines::of(&source.text));
        LineIndex { text: &source.text, lines: Cow::Borrowed(lines) }.position(span.start as usize)
    }

    /// `file:line:column` of the start of `span`.
    pub(crate) fn locate(&self, span: Span) -> String {
        let Position { line, column } = self.position(span);
        format!("{}:{line}:{column}", self.get(span.source).name)
    }
}

// By hand: a derived one would print the texts, and with them every secret.
impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.all.iter().map(|source| &source.name)).finish()
    }
}

/// The lines of one text: finds any position in it without reading the text from its start.
pub(crate) struct LineIndex<'a> {
    text: &'a str,
    lines: Cow<'a, Lines>,
}

/// Where the lines of a text start.
#[derive(Clone)]
struct Lines {
    /// The byte at which each line starts; a byte order mark is part of no line.
    starts: Vec<usize>,
    /// How many characters start before every byte whose offset is a multiple of [`STRIDE`].
    characters: Vec<usize>,
}

impl Lines {
    fn of(text: &str) -> Self {
        let first = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
        let starts = std::iter::once(first).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let characters = std::iter::once(0)
            .chain(text.as_bytes().chunks(STRIDE).scan(0, |count, chunk| {
                *count += count_characters(chunk);
                Some(*count)
            }))
            .collect();
        Self { starts, characters }
    }
}

impl<'a> LineIndex<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, lines: Cow::Owned(Lines::of(text)) }
    }

    /// The line and column of the character at `offset`; of the end of the text when it is beyond.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let offset = self.boundary(offset);
        let line = self.line_number(offset);
        let start = self.lines.starts[line - 1];
        Position { line, column: self.characters_before(offset).saturating_sub(self.characters_before(start)) + 1 }
    }

    /// The bytes of the line that has `offset`, without its line break.
    pub(crate) fn line_at(&self, offset: usize) -> Range<usize> {
        let line = self.line_number(self.boundary(offset));
        let start = self.lines.starts[line - 1];
        let end = self.lines.starts.get(line).map_or(self.text.len(), |next| next - 1);
        let text = &self.text[start..end];
        start..start + text.strip_suffix('\r').unwrap_or(text).len()
    }

    /// `offset` moved back to where a character starts.
    pub(crate) fn boundary(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }

    fn line_number(&self, offset: usize) -> usize {
        self.lines.starts.partition_point(|start| *start <= offset).max(1)
    }

    fn characters_before(&self, offset: usize) -> usize {
        let block = offset / STRIDE;
        self.lines.characters[block] + count_characters(&self.text.as_bytes()[block * STRIDE..offset])
    }
}

fn count_characters(bytes: &[u8]) -> usize {
    // Bytes 10xxxxxx continue a character, all others start one.
    bytes.iter().filter(|byte| **byte & 0b1100_0000 != 0b1000_0000).count()
}

/// Bytes between two remembered counts: small enough to count through, large enough to cost no memory.
const STRIDE: usize = 256;

const BYTE_ORDER_MARK: char = '\u{feff}';

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, offset: usize, line: usize, column: usize, shown: &str) {
        let index = LineIndex::new(text);
        assert_eq!(index.position(offset), Position { line, column });
        assert_eq!(&text[index.line_at(offset)], shown);
    }

    #[test]
    fn positions_count_characters_and_lines_lose_their_breaks() {
        check("", 0, 1, 1, "");
        check("ab\ncd", 4, 2, 2, "cd");
        check("ab\r\ncd\r\n", 1, 1, 2, "ab");
        check("ab\n", 3, 2, 1, "");
        check("ab", 99, 1, 3, "ab");
        check("äöü=1", 4, 1, 3, "äöü=1");
        check("äöü", 1, 1, 1, "äöü");
    }

    #[test]
    fn a_byte_order_mark_has_no_column() {
        check("\u{feff}ab", 0, 1, 1, "ab");
        check("\u{feff}ab", 3, 1, 1, "ab");
        check("\u{feff}ab\ncd", 7, 2, 2, "cd");
    }

    #[test]
    fn every_offset_of_a_long_line_has_the_column_that_counting_gives() {
        let text = "ä€x".repeat(200);
        let index = LineIndex::new(&text);
        for (count, (offset, _)) in text.char_indices().enumerate() {
            assert_eq!(index.position(offset).column, count + 1);
        }
    }
}
