//! [`Session`]: what one walk over the tree notes by the way.

use std::cell::{Cell, RefCell};

#[cfg(feature = "schema")]
use super::outline::Asked;
use crate::config::value::Value;
#[cfg(feature = "schema")]
use crate::config::value::ValueKind;

/// The notes of one walk.
///
/// Errors carry no place. The session knows it: whoever hands out a value stands on it, whoever runs out of
/// entries goes back to the table. So the generic code has no error to handle.
pub(super) struct Session {
    place: Cell<Place>,
    part: Cell<Option<u64>>,
    deferred: Cell<bool>,
    notes: RefCell<Notes>,
    #[cfg(feature = "schema")]
    probe: Probe,
}

impl Session {
    pub(super) fn new(root: &Value) -> Self {
        Self {
            place: Cell::new(Place::Value(ValueId::of(root))),
            part: Cell::new(None),
            deferred: Cell::new(false),
            notes: RefCell::default(),
            #[cfg(feature = "schema")]
            probe: Probe::default(),
        }
    }

    pub(super) fn stand_on(&self, value: &Value) {
        self.place.set(Place::Value(ValueId::of(value)));
    }

    pub(super) fn stand_on_key_of(&self, value: &Value) {
        self.place.set(Place::Key(ValueId::of(value)));
    }

    /// Where an error belongs that has just come back.
    pub(super) fn place(&self) -> Place {
        self.place.get()
    }

    /// The number that the next value is, whatever stands there: a field of a duration.
    pub(super) fn set_part(&self, part: Option<u64>) {
        self.part.set(part);
    }

    pub(super) fn take_part(&self) -> Option<u64> {
        self.part.take()
    }

    /// Notes that an unresolved placeholder was read.
    pub(super) fn defer(&self) {
        self.deferred.set(true);
    }

    pub(super) fn is_deferred(&self) -> bool {
        self.deferred.get()
    }

    pub(super) fn note_reference(&self, value: &Value, target: &str, client_type_name: String) {
        let reference = NotedReference { value: ValueId::of(value), target: target.into(), client_type_name };
        self.notes.borrow_mut().references.push(reference);
    }

    pub(super) fn note_secret(&self, value: &Value, text: &str) {
        self.notes.borrow_mut().secrets.push((ValueId::of(value), text.into()));
    }

    /// Notes a text that is read by a type which does not say of what type it is.
    #[cfg(feature = "cli")]
    pub(super) fn note_unknown(&self, text: &str) {
        self.notes.borrow_mut().unknown.push(text.into());
    }

    /// Asks that `value` become a `shape` before the next walk.
    pub(super) fn ask_for(&self, value: &Value, shape: Shape) {
        self.notes.borrow_mut().expansion = Some((ValueId::of(value), shape));
    }

    /// False when a value must be expanded first, whatever the walk gave.
    pub(super) fn is_complete(&self) -> bool {
        self.notes.borrow().expansion.is_none()
    }

    pub(super) fn into_notes(self) -> Notes {
        self.notes.into_inner()
    }
}

/// What the type asks of the values that fit nothing.
#[cfg(feature = "schema")]
impl Session {
    /// A walk whose dates are probes.
    pub(super) fn probing(root: &Value) -> Self {
        let probe = Probe { is_on: true, ..Probe::default() };
        Self { probe, ..Self::new(root) }
    }

    /// The type that the next value is for.
    pub(super) fn stand_for(&self, type_name: &'static str) {
        self.probe.type_name.set(type_name);
    }

    pub(super) fn type_name(&self) -> &'static str {
        self.probe.type_name.get()
    }

    /// Notes what is asked of a probe. What is asked first decides: behind a mark comes what it is made of.
    pub(super) fn note_asked(&self, value: &Value, asked: impl FnOnce() -> Asked) {
        if self.probe.is_on && matches!(value.kind, ValueKind::Datetime(_)) {
            self.probe.asked.borrow_mut().get_or_insert_with(asked);
        }
    }

    pub(super) fn into_asked(self) -> Option<Asked> {
        self.probe.asked.into_inner()
    }
}

/// What is known of the probe of a walk.
#[cfg(feature = "schema")]
#[derive(Default)]
struct Probe {
    is_on: bool,
    type_name: Cell<&'static str>,
    asked: RefCell<Option<Asked>>,
}

/// What is left of a session.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) references: Vec<NotedReference>,
    pub(super) secrets: Vec<(ValueId, String)>,
    #[cfg(feature = "cli")]
    pub(super) unknown: Vec<String>,
    pub(super) expansion: Option<(ValueId, Shape)>,
}

pub(super) struct NotedReference {
    pub(super) value: ValueId,
    pub(super) target: Box<str>,
    pub(super) client_type_name: String,
}

/// What a text or a made-up value must become, because a type asks for its parts.
pub(super) enum Shape {
    Table,
    /// Made-up arrays get that many elements.
    Array(usize),
    /// A table with this one key.
    Variant(Box<str>),
    /// The same with its next candidate: there are variants left that may need no content.
    NextVariant,
}

/// A value or its key.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Value(ValueId),
    Key(ValueId),
}

/// Which value of a tree that does not change meanwhile: its address, which is only ever compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ValueId(*const Value);

impl ValueId {
    pub(super) fn of(value: &Value) -> Self {
        Self(value)
    }
}
