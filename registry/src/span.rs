//! Where a value stands: a range of bytes in one of the sources that were read.

use std::ops::Range;

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
        self.all.push(Source { name: name.into(), text: text.into(), kind, broken: false });
        id
    }

    pub(crate) fn get(&self, id: SourceId) -> &Source {
        &self.all[id.0 as usize]
    }

    pub(crate) fn mark_broken(&mut self, id: SourceId) {
        self.all[id.0 as usize].broken = true;
    }

    /// The line and column at which `span` starts.
    pub(crate) fn position(&self, span: Span) -> Position {
        let text = &self.get(span.source).text;
        let start = text.floor_char_boundary(span.start as usize);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].trim_start_matches('\u{feff}').chars().count() + 1,
        }
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
