//! [`decode`]: the pass itself, and what it gives.

use super::{
    decoder::Decoder,
    location::{Location, child, last_key},
    repair::Repair,
    report::{self, Spot},
    session::{NotedReference, Session},
};
#[cfg(feature = "cli")]
use crate::{
    config::value::Table,
    diagnostic::Code,
    span::{SourceKind, Sources},
};
use crate::{
    config::{
        types::Reader,
        validation::Validation,
        value::{Value, ValueKind},
    },
    diagnostic::Problem,
    span::Span,
};

/// What the fields of one connection give.
pub(crate) struct Decoded<I> {
    /// The author's struct; `None` when only unresolved placeholders kept it from being built.
    pub(crate) instance: Option<I>,
    /// True when an unresolved placeholder stood in the fields: then the instance, if any, has made-up values.
    pub(crate) deferred: bool,
    /// The connections that it refers to, but for those that a placeholder names.
    pub(crate) references: Vec<Reference>,
    /// The texts of all values that are secret.
    pub(crate) secrets: Vec<String>,
}

/// One reference to another connection.
pub(crate) struct Reference {
    pub(crate) target: Box<str>,
    /// The client that the other connection must have.
    pub(crate) client_type_name: String,
    pub(crate) span: Span,
    pub(crate) key_path: String,
}

/// Whether placeholders are resolved yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They are not: what holds one is checked in everything but its value.
    Check,
    /// They are: one that is left is a problem.
    Resolved,
}

/// Makes a type's instance from `value`, the table of its fields, whose key path is `path`.
///
/// # Errors
///
/// Every problem of the fields, not just the first.
pub(crate) fn decode<I>(value: &Value, path: &str, reader: Reader<I>, mode: Mode) -> Result<Decoded<I>, Vec<Problem>> {
    let session = Session::new(value);
    let decoded = match (reader.decode)(Decoder::new(value, &session)) {
        Ok(instance) if session.is_complete() => Decoded::new(instance, session, value, path, reader)?,
        _ => Repair::new(value, path).run(reader)?,
    };
    if mode == Mode::Resolved && decoded.deferred {
        return Err(unresolved(value, path));
    }
    Ok(decoded)
}

/// The keys that a type misses in an empty table.
#[cfg(feature = "cli")]
pub(crate) fn required_fields<I>(reader: Reader<I>) -> Vec<String> {
    let nowhere = Span::new(Sources::default().add("", "", SourceKind::File), 0..0);
    let empty = Value { kind: ValueKind::Table(Table::default()), span: nowhere, key_span: nowhere };
    // What a type says of its fields together depends on which are given.
    let problems = decode(&empty, "", Reader::plain(reader.decode), Mode::Check).err().unwrap_or_default();
    let missing = problems.into_iter().filter(|problem| problem.code == Code::MissingKey);
    missing.filter_map(|problem| problem.key_path).collect()
}

impl<I> Decoded<I> {
    fn new(instance: I, session: Session, value: &Value, path: &str, reader: Reader<I>) -> Result<Self, Vec<Problem>> {
        let problems = Validation::run(&instance, reader, value, path);
        if !problems.is_empty() {
            return Err(problems);
        }
        let deferred = session.is_deferred();
        let notes = session.into_notes();
        Ok(Self {
            instance: Some(instance),
            deferred,
            references: located(notes.references, value, path),
            secrets: notes.secrets.into_iter().map(|(_, text)| text).collect(),
        })
    }
}

/// The noted references with span and key path.
pub(super) fn located(references: Vec<NotedReference>, root: &Value, path: &str) -> Vec<Reference> {
    let locate = |reference: NotedReference| {
        let NotedReference { value, target, client_type_name } = reference;
        let at = Location::find(root, value)?;
        Some(Reference { target, client_type_name, span: at.value(root).span, key_path: at.key_path(root, path) })
    };
    references.into_iter().filter_map(locate).collect()
}

fn unresolved(value: &Value, path: &str) -> Vec<Problem> {
    if matches!(value.kind, ValueKind::Template(_)) {
        let name = last_key(path).to_owned();
        return vec![report::unresolved(Spot { span: value.span, name, key_path: path.to_owned() })];
    }
    let children = (0..).map_while(|at| child(value, at).map(|child| (at, child)));
    children.flat_map(|(at, child)| unresolved(child, &Location::at(at).key_path(value, path))).collect()
}
