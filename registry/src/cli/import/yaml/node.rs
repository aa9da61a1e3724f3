//! A tree of values in which each one knows its place in a file.

use std::{fmt, rc::Rc};

use toml_edit::Datetime;

/// One value with its place.
#[derive(Clone)]
pub(in crate::cli::import) struct Node {
    pub(in crate::cli::import) kind: NodeKind,
    pub(in crate::cli::import) place: Place,
}

/// What a value is. Children are shared, so that an alias costs nothing.
#[derive(Clone)]
pub(in crate::cli::import) enum NodeKind {
    Null,
    Boolean(bool),
    Integer(i128),
    Float(f64),
    Datetime(Datetime),
    Text(Text),
    List(Vec<Rc<Node>>),
    Map(Vec<Entry>),
}

/// A string, and which placeholders it may have.
#[derive(Clone)]
pub(in crate::cli::import) struct Text {
    pub(in crate::cli::import) text: String,
    pub(in crate::cli::import) syntax: Syntax,
}

/// Which placeholders a string may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::cli::import) enum Syntax {
    /// Those of OmegaConf: `${oc.env:NAME}`, `${key.of.the.file}`.
    Plain,
    /// Those behind the tag `!ENV`: `${NAME}`, `${NAME:default}`.
    Environment,
}

/// One entry of a map.
#[derive(Clone)]
pub(in crate::cli::import) struct Entry {
    pub(in crate::cli::import) key: String,
    /// Of the key.
    pub(in crate::cli::import) place: Place,
    pub(in crate::cli::import) value: Rc<Node>,
}

/// A line and a column of a file, both from 1; the column counts characters. Line 0 is the file as a whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli::import) struct Place {
    pub(in crate::cli::import) file: Rc<str>,
    pub(in crate::cli::import) line: usize,
    pub(in crate::cli::import) column: usize,
}

impl Node {
    /// The value of `key`, when it is a map that has it.
    pub(in crate::cli::import) fn get(&self, key: &str) -> Option<&Rc<Node>> {
        self.entries()?.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    pub(in crate::cli::import) fn entries(&self) -> Option<&[Entry]> {
        match &self.kind {
            NodeKind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// What it is, in the words of a message: "an integer".
    pub(in crate::cli::import) fn what(&self) -> &'static str {
        match self.kind {
            NodeKind::Null => "null",
            NodeKind::Boolean(_) => "a boolean",
            NodeKind::Integer(_) => "an integer",
            NodeKind::Float(_) => "a float",
            NodeKind::Datetime(_) => "a date",
            NodeKind::Text(_) => "a string",
            NodeKind::List(_) => "a list",
            NodeKind::Map(_) => "a map",
        }
    }
}

impl Place {
    /// A file as a whole.
    pub(in crate::cli::import) fn of_file(file: &str) -> Self {
        Self { file: file.into(), line: 0, column: 0 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column } = self;
        if *line == 0 { f.write_str(file) } else { write!(f, "{file}:{line}:{column}") }
    }
}

// By hand: a derived one would print values.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind: _, place } = self;
        write!(f, "{} at {place}", self.what())
    }
}
