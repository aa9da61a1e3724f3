//! What a pass reports: a problem with spans into the sources.

use std::collections::HashSet;

use super::{code::Code, data::Diagnostic, page::Pages};
use crate::span::{Sources, Span};

/// One problem as a pass sees it. Texts never contain a value of the configuration, only keys, names of
/// connections and types, and words of our own.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    /// What is wrong; starts in lower case, no final period: "unknown key `prot`".
    pub(crate) message: String,
    /// Where; `None` only when there is no source at all, as with a missing main file.
    pub(crate) span: Option<Span>,
    /// The file concerned, for a problem without a span.
    pub(crate) file: Option<String>,
    /// What to write under the caret; may be empty.
    pub(crate) label: String,
    /// Other places that belong to it, each with its words: "first declared here".
    pub(crate) related: Vec<(Span, String)>,
    /// `connections.primary_db.port`.
    pub(crate) key_path: Option<String>,
    /// What to do.
    pub(crate) help: Option<String>,
}

impl Problem {
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self { span: Some(span), ..Self::without_place(code, message) }
    }

    pub(crate) fn without_place(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            span: None,
            file: None,
            label: String::new(),
            related: Vec::new(),
            key_path: None,
            help: None,
        }
    }

    /// Names the file of a problem that has no place in one, such as a main file that is missing.
    pub(crate) fn file(mut self, name: impl Into<String>) -> Self {
        self.file = Some(name.into());
        self
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    pub(crate) fn key_path(mut self, path: impl Into<String>) -> Self {
        self.key_path = Some(path.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = self.help.or(help);
        self
    }
}

/// Turns the problems of one run into diagnostics in file order. `public` are the spans of the values that
/// may be shown; every other value is masked. Each source is read at most once, however many problems it has.
pub(crate) fn report(mut problems: Vec<Problem>, sources: &Sources, public: &HashSet<Span>) -> Vec<Diagnostic> {
    problems.sort_by_key(|problem| (problem.span, problem.code));
    let mut pages = Pages::new(sources, public);
    problems.iter().map(|problem| Diagnostic::new(problem, &mut pages)).collect()
}
