//! One problem as data.

use std::fmt;

use serde::Serialize;

use super::{code::Code, escape::visible, page::Pages, problem::Problem};

/// One problem of a configuration: what, where, and what to do. Holds no value of the configuration.
///
/// All texts are safe to print: control characters, bidirectional marks and invisible characters of names
/// and keys are written as escapes such as `\u{202e}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    code: &'static str,
    message: String,
    file: String,
    line: usize,
    column: usize,
    end_column: usize,
    key_path: Option<String>,
    help: Option<String>,
    labels: Vec<Label>,
}

impl Diagnostic {
    pub(super) fn new(problem: &Problem, pages: &mut Pages<'_>) -> Self {
        let primary = problem.span.map(|span| pages.label(span, &problem.label));
        let place = primary.as_ref();
        Self {
            code: problem.code.id(),
            message: visible(&problem.message).into_owned(),
            file: place.map(|label| label.file.clone()).or(escaped(problem.file.as_ref())).unwrap_or_default(),
            line: place.map_or(0, |label| label.line),
            column: place.map_or(0, |label| label.column),
            end_column: place.map_or(0, |label| label.end_column),
            key_path: escaped(problem.key_path.as_ref()),
            help: escaped(problem.help.as_ref()),
            labels: primary
                .into_iter()
                .chain(problem.related.iter().map(|(span, text)| pages.label(*span, text)))
                .collect(),
        }
    }

    /// What the code of a diagnostic means in general and what to do about it: a title and a paragraph. `None` when
    /// there is no such code.
    ///
    /// ```
    /// use connection_registry::Diagnostic;
    ///
    /// assert!(Diagnostic::explain("CR004").unwrap().starts_with("CR004: no linked type has this name\n\n"));
    /// ```
    pub fn explain(code: &str) -> Option<String> {
        let code = Code::find(code)?;
        Some(format!("{}: {}\n\n{}", code.id(), code.title(), code.explanation()))
    }

    /// The stable code, such as `CR004`.
    pub fn code(&self) -> &str {
        self.code
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The file, or the environment variable, that has the problem; empty when there is none.
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

    /// The places that belong to it: where it is, if it has a place, and then the related ones, such as the
    /// first of two declarations.
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }
}

/// `file:line:column: error[CR004]: message`, without the parts that it does not have.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, message, file, line, column, .. } = self;
        if *line > 0 {
            write!(f, "{file}:{line}:{column}: ")?;
        } else if !file.is_empty() {
            write!(f, "{file}: ")?;
        }
        write!(f, "error[{code}]: {message}")
    }
}

/// One place of a [`Diagnostic`], with what to say about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Label {
    pub(super) file: String,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_column: usize,
    pub(super) text: String,
    pub(super) snippet: Snippet,
    #[serde(skip)]
    pub(super) is_variable: bool,
}

impl Label {
    /// Whether it is in an environment variable and not in a file.
    #[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "asked for by the feature `cli`"))]
    pub(crate) fn is_variable(&self) -> bool {
        self.is_variable
    }

    /// The file, or the environment variable.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column of its first character, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The column after its last character in the same line. One more than [`column`](Self::column) when it
    /// marks a hidden value: the length of a secret is not told either.
    pub fn end_column(&self) -> usize {
        self.end_column
    }

    /// What is said about this place; may be empty.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// A source line as a report shows it: every value masked, long lines cut; so its columns are not the file's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Snippet {
    pub(super) text: String,
    /// The first marked character, from 1.
    pub(super) column: usize,
    /// After the last marked character.
    pub(super) end_column: usize,
}

fn escaped(text: Option<&String>) -> Option<String> {
    text.map(|text| visible(text).into_owned())
}
