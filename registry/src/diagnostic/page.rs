//! One line of a source, masked, for the reader of a report.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    ops::Range,
};

use super::{
    data::{Label, Snippet},
    escape::visible,
    mask::Mask,
};
use crate::span::{LineIndex, Position, SourceId, SourceKind, Sources, Span};

/// The sources of one report, each read and masked when the first problem in it turns up, and only then.
pub(super) struct Pages<'a> {
    sources: &'a Sources,
    public: &'a HashSet<Span>,
    pages: HashMap<SourceId, Page<'a>>,
}

impl<'a> Pages<'a> {
    pub(super) fn new(sources: &'a Sources, public: &'a HashSet<Span>) -> Self {
        Self { sources, public, pages: HashMap::new() }
    }

    /// The place of `span` with `text` as the words under its caret.
    pub(super) fn label(&mut self, span: Span, text: &str) -> Label {
        let page = match self.pages.entry(span.source) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Page::new(span.source, self.sources, self.public)),
        };
        page.label(span.range(), text)
    }
}

struct Page<'a> {
    name: &'a str,
    kind: SourceKind,
    text: &'a str,
    index: LineIndex<'a>,
    mask: Mask,
}

impl<'a> Page<'a> {
    fn new(id: SourceId, sources: &'a Sources, public: &HashSet<Span>) -> Self {
        let source = sources.get(id);
        Self {
            name: &source.name,
            kind: source.kind,
            text: &source.text,
            index: LineIndex::new(&source.text),
            mask: Mask::new(id, source, public),
        }
    }

    fn label(&self, range: Range<usize>, text: &str) -> Label {
        let range = self.index.boundary(range.start)..self.index.boundary(range.end);
        let line = self.index.line_at(range.start);
        let Position { line: number, column } = self.index.position(range.start);
        Label {
            file: visible(self.name).into_owned(),
            line: number,
            column,
            end_column: self.end_column(column, &(range.start..range.end.min(line.end))),
            text: visible(text).into_owned(),
            snippet: self.snippet(&line, &range),
            is_variable: self.kind == SourceKind::Environment,
        }
    }

    /// The column after the marked part of a line: at least one more than `column`, and only one of what is
    /// hidden, whose length is nobody's business.
    fn end_column(&self, column: usize, marked: &Range<usize>) -> usize {
        if self.mask.covers_part_of(marked) {
            return column + 1;
        }
        self.index.position(marked.end).column.max(column + 1)
    }

    fn snippet(&self, line: &Range<usize>, marked: &Range<usize>) -> Snippet {
        // A file may be one line of a megabyte with a thousand problems: only what is near is looked at.
        let start = self.index.boundary(marked.start.saturating_sub(NEAR)).max(line.start);
        let end = self.index.boundary(marked.start + NEAR).min(line.end).max(start);
        let mut drawing = Drawing::new(marked);
        let mut rest = start;
        for hidden in self.mask.touching(&(start..end)) {
            drawing.show(self.text, rest..hidden.start.max(rest));
            rest = hidden.end.clamp(rest, end);
            drawing.hide(hidden.start.max(start)..rest);
        }
        drawing.show(self.text, rest..end);
        drawing.finish(start > line.start, end < line.end)
    }
}

/// A line being drawn, and where the marked part of it has come to stand.
struct Drawing<'a> {
    marked: &'a Range<usize>,
    characters: Vec<char>,
    from: usize,
    to: usize,
}

impl<'a> Drawing<'a> {
    fn new(marked: &'a Range<usize>) -> Self {
        Self { marked, characters: Vec::new(), from: 0, to: 0 }
    }

    fn show(&mut self, text: &str, range: Range<usize>) {
        for (offset, character) in text[range.clone()].char_indices() {
            let start = range.start + offset;
            let character = start..start + character.len_utf8();
            match &text[character.clone()] {
                "\t" => self.push(TAB, character),
                one => self.push(&visible(one), character),
            }
        }
    }

    fn hide(&mut self, range: Range<usize>) {
        self.push(HIDDEN, range);
    }

    /// Draws `shown` for the bytes `range` of the source.
    fn push(&mut self, shown: &str, range: Range<usize>) {
        self.characters.extend(shown.chars());
        if range.end <= self.marked.start && range.start < self.marked.start {
            self.from = self.characters.len();
        } else if range.start < self.marked.end {
            self.to = self.characters.len();
        }
    }

    /// Cuts what is too long, so that the marked part stays.
    fn finish(self, cut_before: bool, cut_after: bool) -> Snippet {
        let Self { characters, from, to, .. } = self;
        let start = from.saturating_sub(WIDTH / 3).min(characters.len().saturating_sub(WIDTH));
        let end = characters.len().min(start + WIDTH);
        let before = if cut_before || start > 0 { ELLIPSIS } else { "" };
        let after = if cut_after || end < characters.len() { ELLIPSIS } else { "" };
        let shown: String = characters[start..end].iter().collect();
        let column = before.len() + from - start + 1;
        Snippet {
            text: format!("{before}{shown}{after}"),
            column,
            end_column: column + to.min(end).saturating_sub(from).max(1),
        }
    }
}

/// Always of this length, whatever it hides.
const HIDDEN: &str = "***";

const TAB: &str = "    ";

const ELLIPSIS: &str = "...";

/// The longest part of a line that is shown, in characters.
const WIDTH: usize = 200;

/// How many bytes before and after the start of a label are looked at to draw it.
const NEAR: usize = 4 * WIDTH;
