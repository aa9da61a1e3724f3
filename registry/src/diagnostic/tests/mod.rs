//! What the reports show, and what they never show.

mod canary;
mod data;
#[cfg(feature = "diagnostics")]
mod human;
#[cfg(feature = "diagnostics")]
mod json;
mod masking;

use std::{collections::HashSet, ops::Range};

use super::{Code, Diagnostic, Problem, report};
use crate::span::{SourceId, SourceKind, Sources, Span};

/// One file of a test and the spans in it that a test speaks of, by their text.
struct File {
    sources: Sources,
    id: SourceId,
    text: String,
}

impl File {
    fn new(text: &str) -> Self {
        let mut sources = Sources::default();
        let id = sources.add("connections.toml", text, SourceKind::File);
        Self { sources, id, text: text.into() }
    }

    fn broken(text: &str) -> Self {
        let mut file = Self::new(text);
        file.sources.mark_broken(file.id);
        file
    }

    /// The first place of `part`.
    #[track_caller]
    fn span(&self, part: &str) -> Span {
        let start = self.text.find(part).unwrap_or_else(|| panic!("`{part}` is not in the text"));
        self.at(start..start + part.len())
    }

    fn at(&self, range: Range<usize>) -> Span {
        Span::new(self.id, range)
    }

    fn report(&self, problem: Problem) -> Diagnostic {
        self.report_all(vec![problem], &[]).remove(0)
    }

    fn report_all(&self, problems: Vec<Problem>, public: &[Span]) -> Vec<Diagnostic> {
        report(problems, &self.sources, &HashSet::from_iter(public.iter().copied()))
    }
}
