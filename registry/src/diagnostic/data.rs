//! One problem as data.

use std::{collections::HashSet, fmt};

use super::problem::Problem;
use crate::span::{Position, Sources, Span};

/// One problem of a configuration: what, where, and what to do. Holds no value of the configuration.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    code: &'static str,
    message: String,
    file: String,
    line: usize,
    column: usize,
    key_path: Option<String>,
    help: Option<String>,
}

impl Diagnostic {
    pub(crate) fn new(problem: &Problem, sources: &Sources, _public: &HashSet<Span>) -> Self {
        let Position { line, column } =
            problem.span.map_or(Position { line: 0, column: 0 }, |span| sources.position(span));
        Self {
            code: problem.code.id(),
            message: problem.message.clone(),
            file: problem.span.map(|span| sources.get(span.source).name.clone()).unwrap_or_default(),
            line,
            column,
            key_path: problem.key_path.clone(),
            help: problem.help.clone(),
        }
    }

    /// The stable code, such as `CR004`.
    pub fn code(&self) -> &str {
        self.code
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The file, or the environment variable, that has the problem.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line, from 1; 0 when the problem has no place in a file.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, from 1; 0 when the problem has no place in a file.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The key concerned, such as `connections.primary_db.port`.
    pub fn key_path(&self) -> Option<&str> {
        self.key_path.as_deref()
    }

    /// What to do about it.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, message, file, line, column, .. } = self;
        write!(f, "{file}:{line}:{column}: error[{code}]: {message}")
    }
}
