//! [`Repair`]: finds every mistake of a value, though serde stops at the first one.

use std::collections::HashSet;

use super::{
    decoded::{Decoded, Refusal, located},
    decoder::Decoder,
    dummy::CANDIDATES,
    error::{DecodeError, Failure},
    expected::Expected,
    location::{Location, child, key_name, push_step},
    report::{self, Spot},
    scrub,
    session::{Notes, Place, Session, Shape, ValueId},
    text,
};
use crate::{
    config::{
        types::Reader,
        validation::Validation,
        value::{Table, Value, ValueKind},
    },
    diagnostic::Problem,
    span::Span,
};

/// A copy of the tree in which each mistake that is found is repaired, and so found only once.
///
/// A wrong or missing value becomes a [`ValueKind::Dummy`]. One that its type does not take tries the next
/// candidate; one that runs out of candidates goes to the end of its table, so that it hides nothing that comes
/// before it. What fails because of a dummy, or of a placeholder, is no problem.
pub(super) struct Repair<'a> {
    tree: Value,
    path: &'a str,
    deferred: bool,
    problems: Vec<Problem>,
    /// See [`Refusal`].
    superseded: Vec<String>,
    notes: Notes,
    /// Key paths of tables and arrays that a dummy grew into.
    made_up: HashSet<String>,
    /// Key paths of what was put at the end of its table.
    postponed: HashSet<String>,
    /// Key paths of what was taken out of its table.
    taken_out: HashSet<String>,
}

impl<'a> Repair<'a> {
    pub(super) fn new(value: &Value, path: &'a str) -> Self {
        Self {
            tree: value.clone(),
            path,
            deferred: value.has_templates(),
            problems: Vec::new(),
            superseded: Vec::new(),
            notes: Notes::default(),
            made_up: HashSet::new(),
            postponed: HashSet::new(),
            taken_out: HashSet::new(),
        }
    }

    pub(super) fn run<I>(mut self, reader: Reader<I>) -> Result<Decoded<I>, Refusal> {
        let mut instance = None;
        for _ in 0..MAX_ROUNDS {
            let session = Session::new(&self.tree);
            let result = (reader.decode)(Decoder::new(&self.tree, &session));
            let place = session.place();
            self.notes = session.into_notes();
            let goes_on = match (self.notes.expansion.take(), result) {
                (Some((value, shape)), _) => self.expand(value, &shape),
                (None, Err(error)) => self.repair(error, place),
                (None, Ok(built)) => {
                    let refusal = Validation::run(&built, reader, &self.tree, self.path);
                    self.problems.extend(refusal.problems);
                    self.superseded = refusal.superseded;
                    instance = Some(built);
                    false
                }
            };
            if !goes_on {
                break;
            }
        }
        self.finish(instance)
    }

    fn finish<I>(mut self, instance: Option<I>) -> Result<Decoded<I>, Refusal> {
        if instance.is_none() && self.problems.is_empty() && !self.deferred {
            self.problems.push(report::invalid_and_hidden(self.spot(&Location::root())));
        }
        if !self.problems.is_empty() {
            return Err(Refusal { problems: self.problems, superseded: self.superseded });
        }
        Ok(Decoded {
            instance,
            deferred: self.deferred,
            references: located(self.notes.references, &self.tree, self.path),
            secrets: self.notes.secrets.into_iter().map(|(_, text)| text).collect(),
            #[cfg(feature = "cli")]
            unknown: self.notes.unknown,
            superseded: Vec::new(),
        })
    }
}

/// Repairs. Each says whether another round may find more.
impl Repair<'_> {
    fn repair(&mut self, error: DecodeError, place: Place) -> bool {
        let (Place::Value(id) | Place::Key(id)) = place;
        let Some(at) = Location::find(&self.tree, id) else { return false };
        match (error.into_failure(), place) {
            (Failure::UnknownKeys(fields), _) => self.drop_unknown_keys(&at, fields),
            (Failure::UnknownKey { name, fields }, _) => self.drop_unknown_key(at, &name, fields),
            (Failure::Missing(field), _) => self.add_missing(at, field),
            (failure, Place::Key(_)) => self.drop_entry(&at, failure),
            (Failure::Mismatch(expected), _) => self.replace_mismatch(&at, expected),
            (failure, Place::Value(_)) => match self.latest_candidate(&at) {
                Some(candidate) => self.try_next(&at, candidate),
                None => self.replace_refused(&at, failure),
            },
        }
    }

    fn drop_unknown_keys(&mut self, at: &Location, fields: &'static [&'static str]) -> bool {
        let Some(table) = self.take_table(at) else { return false };
        let is_known = |entry: &(Box<str>, Value)| fields.contains(&&*entry.0);
        let (known, unknown): (Vec<_>, Vec<_>) = table.entries.into_iter().partition(is_known);
        let found_some = !unknown.is_empty();
        self.put_table(at, known);
        for (key, value) in unknown {
            let spot = self.spot_in(at, value.key_span, &key);
            self.problems.push(report::unknown_key(spot, &key, fields));
        }
        found_some
    }

    fn drop_unknown_key(&mut self, at: Location, name: &str, fields: &'static [&'static str]) -> bool {
        let Some(at) = self.nearest_table(at) else { return false };
        let Some(table) = self.table_mut(&at) else { return false };
        let Some(value) = table.remove(name) else { return self.postpone(&at) };
        let spot = self.spot_in(&at, value.key_span, name);
        self.problems.push(report::unknown_key(spot, name, fields));
        true
    }

    fn add_missing(&mut self, at: Location, field: &'static str) -> bool {
        let Some(at) = self.nearest_table(at) else { return false };
        let span = at.value(&self.tree).span;
        let spot = self.spot_in(&at, span, field);
        let is_made_up = self.made_up.contains(&self.key_path(&at));
        let was_taken_out = self.taken_out.contains(&spot.key_path);
        let Some(table) = self.table_mut(&at) else { return false };
        if was_taken_out || table.get(field).is_some() {
            return self.postpone(&at);
        }
        table.entries.push((field.into(), Value::new(ValueKind::Dummy(0), span, span)));
        if !is_made_up {
            self.problems.push(report::missing_key(spot, field));
        }
        true
    }

    /// A key that is refused, or that comes a second time under another name.
    fn drop_entry(&mut self, at: &Location, failure: Failure) -> bool {
        let Some((parent, position)) = at.parent() else { return false };
        let spot = Spot { span: at.value(&self.tree).key_span, ..self.spot(at) };
        let problem = match failure {
            Failure::Duplicate(field) => report::given_twice(spot, field),
            // The whole table: a visitor written by hand may speak of what it read before.
            failure => self.problem_of(spot, failure, parent.value(&self.tree)),
        };
        let Some(table) = self.table_mut(&parent) else { return false };
        table.entries.remove(position);
        self.problems.push(problem);
        true
    }

    fn replace_mismatch(&mut self, at: &Location, expected: Expected) -> bool {
        let value = at.value(&self.tree);
        // A placeholder alone would have fitted.
        let is_text = expected.is_never_text() && matches!(value.kind, ValueKind::Template(_));
        if self.made_up.contains(&self.key_path(at)) || (value.is_made_up() && !is_text) {
            return self.postpone(at);
        }
        let problem = report::wrong_type(self.spot(at), expected, value);
        self.problems.push(problem);
        self.replace(at)
    }

    fn replace_refused(&mut self, at: &Location, failure: Failure) -> bool {
        let problem = self.problem_of(self.spot(at), failure, at.value(&self.tree));
        self.problems.push(problem);
        self.replace(at)
    }

    /// Puts a dummy there. At the root that would find nothing: all below it has been seen.
    fn replace(&mut self, at: &Location) -> bool {
        at.value_mut(&mut self.tree).kind = ValueKind::Dummy(0);
        !at.is_root()
    }

    fn try_next(&mut self, at: &Location, candidate: u8) -> bool {
        if candidate + 1 >= CANDIDATES {
            return self.postpone(at);
        }
        set_candidate(at.value_mut(&mut self.tree), candidate + 1);
        true
    }

    /// Goes on although no candidate fits: puts the value, or the nearest one around it, at the end of its
    /// table, so that all other entries are read; when they have been, takes it out, so that keys are found
    /// missing. Each once. serde then stops at the key taken out, and keys missing after that one stay hidden.
    fn postpone(&mut self, at: &Location) -> bool {
        self.put_last(at.clone()) || self.take_out(at.clone())
    }

    fn put_last(&mut self, mut at: Location) -> bool {
        while let Some((parent, position)) = at.parent() {
            let is_last = child(parent.value(&self.tree), position + 1).is_none();
            let is_first_time = !is_last && self.postponed.insert(self.key_path(&at));
            if let Some(table) = self.table_mut(&parent)
                && is_first_time
            {
                let entry = table.entries.remove(position);
                table.entries.push(entry);
                return true;
            }
            at = parent;
        }
        false
    }

    fn take_out(&mut self, mut at: Location) -> bool {
        while let Some((parent, position)) = at.parent() {
            let path = self.key_path(&at);
            if let Some(table) = self.table_mut(&parent) {
                table.entries.remove(position);
                self.taken_out.insert(path);
                return true;
            }
            at = parent;
        }
        false
    }

    /// Gives a text or a made-up value the parts that its type asks for.
    fn expand(&mut self, id: ValueId, shape: &Shape) -> bool {
        let Some(at) = Location::find(&self.tree, id) else { return false };
        let Value { kind, span, .. } = at.value(&self.tree);
        if let ValueKind::Text(text) = kind {
            return match text::parse(text, *span).filter(|kind| shape.is_of(kind)) {
                Some(kind) => self.put(&at, kind),
                None => self.replace_mismatch(&at, shape.expected()),
            };
        }
        if let Shape::NextVariant = shape {
            let candidate = self.latest_candidate(&at).unwrap_or_default();
            return self.try_next(&at, candidate);
        }
        if at.depth() >= MAX_DEPTH {
            return self.postpone(&at);
        }
        self.made_up.insert(self.key_path(&at));
        let kind = shape.filled(*span);
        self.put(&at, kind)
    }

    fn put(&mut self, at: &Location, kind: ValueKind) -> bool {
        at.value_mut(&mut self.tree).kind = kind;
        true
    }
}

/// Look-ups.
impl Repair<'_> {
    fn key_path(&self, at: &Location) -> String {
        at.key_path(&self.tree, self.path)
    }

    fn spot(&self, at: &Location) -> Spot {
        let span = at.value(&self.tree).span;
        Spot { span, name: at.name(&self.tree, self.path), key_path: self.key_path(at) }
    }

    /// The spot of the key `key` of the table at `at`, which need not have it.
    fn spot_in(&self, at: &Location, span: Span, key: &str) -> Spot {
        let name = key_name(key);
        let mut key_path = self.key_path(at);
        push_step(&mut key_path, &name);
        Spot { span, name, key_path }
    }

    /// The problem that a type's visitor has with `value`.
    fn problem_of(&self, spot: Spot, failure: Failure, value: &Value) -> Problem {
        match failure {
            Failure::Mismatch(expected) => report::wrong_type(spot, expected, value),
            Failure::UnknownVariant { variants, near } => report::wrong_variant(spot, variants, near),
            Failure::Refused { expected, found } if self.may_be_shown(&expected, value) => {
                report::refused(spot, &expected, found)
            }
            Failure::Custom(text) if self.may_be_shown(&text, value) => report::invalid(spot, &text),
            _ => report::invalid_and_hidden(spot),
        }
    }

    fn may_be_shown(&self, text: &str, value: &Value) -> bool {
        let secrets = &self.notes.secrets;
        let is_secret = secrets.iter().any(|(id, _)| *id == ValueId::of(value));
        let has_secret = secrets.iter().any(|(_, secret)| scrub::repeats_text(text, secret));
        !is_secret && !has_secret && !scrub::repeats(text, value)
    }

    /// The highest candidate in use by dummies and placeholders at or below `at`.
    fn latest_candidate(&self, at: &Location) -> Option<u8> {
        latest_candidate(at.value(&self.tree))
    }

    fn nearest_table(&self, mut at: Location) -> Option<Location> {
        while !matches!(at.value(&self.tree).kind, ValueKind::Table(_)) {
            at = at.parent()?.0;
        }
        Some(at)
    }

    fn table_mut(&mut self, at: &Location) -> Option<&mut Table> {
        match &mut at.value_mut(&mut self.tree).kind {
            ValueKind::Table(table) => Some(table),
            _ => None,
        }
    }

    fn take_table(&mut self, at: &Location) -> Option<Table> {
        self.table_mut(at).map(std::mem::take)
    }

    fn put_table(&mut self, at: &Location, entries: Vec<(Box<str>, Value)>) {
        at.value_mut(&mut self.tree).kind = ValueKind::Table(Table { entries });
    }
}

impl Shape {
    fn expected(&self) -> Expected {
        match self {
            Self::Table | Self::Variant(_) | Self::NextVariant => Expected::Table,
            Self::Array(_) => Expected::Array,
        }
    }

    fn is_of(&self, kind: &ValueKind) -> bool {
        match self {
            Self::Table | Self::Variant(_) | Self::NextVariant => matches!(kind, ValueKind::Table(_)),
            Self::Array(_) => matches!(kind, ValueKind::Array(_)),
        }
    }

    /// The made-up parts, which stand where the whole stood.
    fn filled(&self, span: Span) -> ValueKind {
        let dummy = || Value::new(ValueKind::Dummy(0), span, span);
        match self {
            Self::Table | Self::NextVariant => ValueKind::Table(Table::default()),
            Self::Array(length) => ValueKind::Array((0..*length).map(|_| dummy()).collect()),
            Self::Variant(name) => ValueKind::Table(Table { entries: vec![(name.clone(), dummy())] }),
        }
    }
}

fn latest_candidate(value: &Value) -> Option<u8> {
    match value.kind {
        ValueKind::Template(_) => Some(0),
        ValueKind::Dummy(candidate) => Some(candidate),
        _ => (0..).map_while(|at| child(value, at)).filter_map(latest_candidate).max(),
    }
}

fn set_candidate(value: &mut Value, candidate: u8) {
    match &mut value.kind {
        ValueKind::Template(_) | ValueKind::Dummy(_) => value.kind = ValueKind::Dummy(candidate),
        ValueKind::Array(elements) => elements.iter_mut().for_each(|element| set_candidate(element, candidate)),
        ValueKind::Table(table) => table.entries.iter_mut().for_each(|(_, value)| set_candidate(value, candidate)),
        _ => {}
    }
}

/// Ends a search that would go on for ever; far more than the mistakes that anyone reads.
const MAX_ROUNDS: usize = 1000;

/// How deep made-up values grow: an end for types that hold themselves.
const MAX_DEPTH: usize = 16;
