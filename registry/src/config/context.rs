//! What all passes of one load share.

use std::collections::HashSet;

use super::{request::LoadRequest, value::Table, watched::Reads};
use crate::{
    diagnostic::{Code, Diagnostic, Problem, did_you_mean, report},
    span::{Sources, Span},
};

/// The request, the texts read so far, and the problems found so far.
pub(super) struct Context<'a> {
    pub(super) request: &'a LoadRequest,
    pub(super) sources: Sources,
    pub(super) problems: Vec<Problem>,
    /// The values that a diagnostic may show.
    pub(super) public: HashSet<Span>,
    pub(super) reads: Reads,
    /// The bytes of inherited keys that were copied.
    copied: usize,
}

impl<'a> Context<'a> {
    pub(super) fn new(request: &'a LoadRequest) -> Self {
        Self {
            request,
            sources: Sources::default(),
            problems: Vec::new(),
            public: HashSet::new(),
            reads: Reads::default(),
            copied: 0,
        }
    }

    pub(super) fn add(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The name nearest to `given`: none once there are so many problems that comparing each with all names
    /// would take long.
    pub(super) fn suggestion(&self, given: &str, names: &mut dyn Iterator<Item = &str>) -> Option<String> {
        let is_first = self.problems.len() < MAX_SUGGESTIONS;
        is_first.then(|| did_you_mean(given, names).map(str::to_owned)).flatten()
    }

    /// Whether `inherited` may be copied for a connection. A few lines could otherwise ask for more memory than
    /// there is; going too far is reported once.
    pub(super) fn may_copy(&mut self, inherited: &Table, name: &str, place: Span) -> bool {
        let allowed = self.copied <= MAX_COPIED;
        self.copied = self.copied.saturating_add(inherited.weight());
        let may = self.copied <= MAX_COPIED;
        if allowed && !may {
            let problem = Problem::new(Code::InvalidValue, place, "the configuration inherits more than 128 MiB");
            self.add(problem.key_path(format!("connections.{name}")));
        }
        may
    }

    /// Whether one of the problems from number `first` on is that a file could not be read or parsed.
    pub(super) fn is_broken_since(&self, first: usize) -> bool {
        self.problems[first..].iter().any(|problem| matches!(problem.code, Code::Syntax | Code::Unreadable))
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

const MAX_SUGGESTIONS: usize = 100;

const MAX_COPIED: usize = 128 * 1024 * 1024;
