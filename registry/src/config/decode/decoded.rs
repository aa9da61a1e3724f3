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
    /// The texts that may be secrets, since who reads them does not say: of an enum with a tag in it, for example, serde
    /// keeps the parts until it knows which one it is.
    #[cfg(feature = "cli")]
    pub(crate) unknown: Vec<String>,
    /// The keys that counted as not given, since higher layers say the same in another way: `"host"`, `"tls.ca"`.
    pub(crate) superseded: Vec<String>,
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
    let decoded = read(value, path, reader).or_else(|refusal| without_superseded(refusal, value, path, reader))?;
    if mode == Mode::Resolved && decoded.deferred {
        return Err(unresolved(value, path));
    }
    Ok(decoded)
}

fn read<I>(value: &Value, path: &str, reader: Reader<I>) -> Result<Decoded<I>, Refusal> {
    let session = Session::new(value);
    match (reader.decode)(Decoder::new(value, &session)) {
        Ok(instance) if session.is_complete() => Decoded::new(instance, session, value, path, reader),
        _ => Repair::new(value, path).run(reader),
    }
}

/// Reads it once more without the keys that lose against those of higher layers, and again while others lose then. When that
/// raises another problem, what is left says too little, and the conflict itself is the problem.
fn without_superseded<I>(
    refusal: Refusal,
    value: &Value,
    path: &str,
    reader: Reader<I>,
) -> Result<Decoded<I>, Vec<Problem>> {
    if refusal.superseded.is_empty() {
        return Err(refusal.problems);
    }
    let (mut rest, mut gone, mut losers) = (value.clone(), Vec::new(), refusal.superseded.clone());
    // Each round takes one key away at least.
    loop {
        losers.iter().for_each(|key| rest.remove(key));
        gone.append(&mut losers);
        match read(&rest, path, reader) {
            Ok(decoded) => return Ok(Decoded { superseded: gone, ..decoded }),
            Err(of_rest) if !of_rest.superseded.is_empty() => losers = of_rest.superseded,
            Err(of_rest) if of_rest.problems.iter().all(|problem| refusal.has(problem)) => return Err(of_rest.problems),
            Err(_) => return Err(refusal.problems),
        }
    }
}

/// Why nothing is made from fields.
#[derive(Default)]
pub(in crate::config) struct Refusal {
    pub(in crate::config) problems: Vec<Problem>,
    /// The keys that lose a conflict against one of a higher layer.
    pub(in crate::config) superseded: Vec<String>,
}

impl Refusal {
    fn has(&self, problem: &Problem) -> bool {
        self.problems.iter().any(|known| known.span == problem.span && known.message == problem.message)
    }
}

/// The keys that a type misses in an empty table.
#[cfg(feature = "cli")]
pub(crate) fn required_fields<I>(reader: Reader<I>) -> Vec<String> {
    // What a type says of its fields together depends on which are given.
    missing_fields(Reader::plain(reader.decode), &[])
}

/// The keys that a type misses where these are given, each by a placeholder.
#[cfg(feature = "cli")]
pub(crate) fn missing_fields<I>(reader: Reader<I>, given: &[String]) -> Vec<String> {
    let nowhere = Span::new(Sources::default().add("", "", SourceKind::File), 0..0);
    let value = || Value::new(ValueKind::Template("${env:A}".into()), nowhere, nowhere);
    let entries = given.iter().map(|key| (key.as_str().into(), value())).collect();
    let fields = Value::new(ValueKind::Table(Table { entries }), nowhere, nowhere);
    let problems = decode(&fields, "", reader, Mode::Check).err().unwrap_or_default();
    let missing = problems.into_iter().filter(|problem| problem.code == Code::MissingKey);
    missing.filter_map(|problem| problem.key_path).collect()
}

impl<I> Decoded<I> {
    fn new(instance: I, session: Session, value: &Value, path: &str, reader: Reader<I>) -> Result<Self, Refusal> {
        let refusal = Validation::run(&instance, reader, value, path);
        if !refusal.problems.is_empty() {
            return Err(refusal);
        }
        let deferred = session.is_deferred();
        let notes = session.into_notes();
        Ok(Self {
            instance: Some(instance),
            deferred,
            references: located(notes.references, value, path),
            secrets: notes.secrets.into_iter().map(|(_, text)| text).collect(),
            #[cfg(feature = "cli")]
            unknown: notes.unknown,
            superseded: Vec::new(),
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
