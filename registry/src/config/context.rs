//! What all passes of one load share.

use std::collections::HashSet;

use super::load::LoadRequest;
use crate::{
    diagnostic::{Code, Diagnostic, Problem, report},
    span::{Sources, Span},
};

/// The request, the texts read so far, and the problems found so far.
pub(super) struct Context<'a> {
    pub(super) request: &'a LoadRequest,
    pub(super) sources: Sources,
    pub(super) problems: Vec<Problem>,
    /// The values that a diagnostic may show.
    pub(super) public: HashSet<Span>,
}

impl<'a> Context<'a> {
    pub(super) fn new(request: &'a LoadRequest) -> Self {
        Self { request, sources: Sources::default(), problems: Vec::new(), public: HashSet::new() }
    }

    pub(super) fn add(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Whether some file could not be read or parsed, so that what the files say together is not known.
    pub(super) fn is_broken(&self) -> bool {
        self.problems.iter().any(|problem| matches!(problem.code, Code::Syntax | Code::Unreadable))
    }

    /// The problems as diagnostics, each once: what many connections inherit is wrong in one place.
    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        diagnostics(self.problems, &self.sources, &self.public)
    }
}

/// The problems as diagnostics, each once.
pub(super) fn diagnostics(mut problems: Vec<Problem>, sources: &Sources, public: &HashSet<Span>) -> Vec<Diagnostic> {
    let mut seen = HashSet::new();
    problems
        .retain(|problem| problem.span.is_none() || seen.insert((problem.code, problem.span, problem.message.clone())));
    report(problems, sources, public)
}
