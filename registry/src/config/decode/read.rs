//! How a decoder reads its value as one thing or another. Nothing here is generic.

use std::{borrow::Cow, time::Duration};

use serde::de;

#[cfg(feature = "schema")]
use super::outline::Asked;
use super::{
    access::{Content, DURATION_FIELDS, Elements, Entries, Variant},
    decoder::Decoder,
    dummy,
    duration::parse_duration,
    error::{DecodeError, Failure},
    expected::Expected,
    session::Shape,
};
use crate::{
    config::{
        interpolate,
        value::{Table, Value, ValueKind},
    },
    reference::REFERENCE_MARK,
    secret::SECRET_MARK,
};

/// A value for a type that takes whatever is there.
pub(super) enum Answer<'a> {
    Text(Cow<'a, str>),
    Signed(i64),
    Unsigned(u64),
    Big(i128),
    Float(f64),
    Boolean(bool),
    Array(Elements<'a>),
    Table(Entries<'a>),
}

impl From<i128> for Answer<'_> {
    fn from(number: i128) -> Self {
        match (i64::try_from(number), u64::try_from(number)) {
            (Ok(number), _) => Self::Signed(number),
            (_, Ok(number)) => Self::Unsigned(number),
            _ => Self::Big(number),
        }
    }
}

/// Scalars.
impl<'a> Decoder<'a> {
    pub(super) fn integer(&self, min: i128, max: i128) -> Result<i128, DecodeError> {
        if let Some(part) = self.session.take_part() {
            return Ok(part.into());
        }
        if let Some(candidate) = self.whole_candidate() {
            return Ok(dummy::integer(candidate).clamp(min, max));
        }
        let number = match &self.value.kind {
            ValueKind::Integer(number) => Some(*number),
            ValueKind::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        match number {
            Some(number) if min <= number && number <= max => Ok(number),
            _ => Err(self.mismatch(Expected::Integer { min, max })),
        }
    }

    pub(super) fn whole(&self) -> Result<i128, DecodeError> {
        self.integer(i128::MIN, i128::MAX)
    }

    pub(super) fn natural(&self) -> Result<u128, DecodeError> {
        self.integer(0, i128::MAX).map(i128::unsigned_abs)
    }

    pub(super) fn float(&self) -> Result<f64, DecodeError> {
        if let Some(candidate) = self.whole_candidate() {
            return Ok(dummy::float(candidate));
        }
        match &self.value.kind {
            ValueKind::Float(number) => Some(*number),
            ValueKind::Integer(number) => Some(*number as f64),
            ValueKind::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
        .ok_or_else(|| self.mismatch(Expected::Float))
    }

    pub(super) fn single(&self) -> Result<f32, DecodeError> {
        self.float().map(|number| number as f32)
    }

    pub(super) fn boolean(&self) -> Result<bool, DecodeError> {
        if let Some(candidate) = self.whole_candidate() {
            return Ok(dummy::boolean(candidate));
        }
        match &self.value.kind {
            ValueKind::Boolean(value) => Some(*value),
            ValueKind::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
        .ok_or_else(|| self.mismatch(Expected::Boolean))
    }

    pub(super) fn character(&self) -> Result<char, DecodeError> {
        if self.candidate().is_some() {
            return Ok('a');
        }
        match &self.value.kind {
            ValueKind::String(text) | ValueKind::Text(text) => only_character(text),
            _ => None,
        }
        .ok_or_else(|| self.mismatch(Expected::Character))
    }

    pub(super) fn text(&self) -> Result<Cow<'a, str>, DecodeError> {
        if let Some(candidate) = self.candidate() {
            return Ok(Cow::Borrowed(dummy::text(candidate)));
        }
        match &self.value.kind {
            ValueKind::String(text) | ValueKind::Text(text) => Ok(Cow::Borrowed(text)),
            ValueKind::Datetime(datetime) => {
                #[cfg(feature = "schema")]
                self.session.note_asked(self.value, || Asked::Value(Expected::String));
                Ok(Cow::Owned(datetime.to_string()))
            }
            _ => Err(self.mismatch(Expected::String)),
        }
    }

    pub(super) fn anything(&self) -> Answer<'a> {
        #[cfg(feature = "schema")]
        self.session.note_asked(self.value, || Asked::Anything);
        if let Some(candidate) = self.candidate() {
            return dummy::anything(candidate, self);
        }
        #[cfg(feature = "cli")]
        if let ValueKind::String(text) | ValueKind::Text(text) = &self.value.kind {
            self.session.note_unknown(text);
        }
        match &self.value.kind {
            ValueKind::Integer(number) => Answer::from(*number),
            ValueKind::Float(number) => Answer::Float(*number),
            ValueKind::Boolean(value) => Answer::Boolean(*value),
            ValueKind::Datetime(datetime) => Answer::Text(Cow::Owned(datetime.to_string())),
            ValueKind::Array(elements) => Answer::Array(Elements::new(self, elements)),
            ValueKind::Table(table) => Answer::Table(Entries::of_table(self, &table.entries)),
            ValueKind::String(text) | ValueKind::Text(text) | ValueKind::Template(text) => {
                Answer::Text(Cow::Borrowed(text))
            }
            ValueKind::Dummy(candidate) => dummy::anything(*candidate, self),
        }
    }
}

/// Values with parts.
impl<'a> Decoder<'a> {
    pub(super) fn elements(&self) -> Result<Elements<'a>, DecodeError> {
        match self.candidate() {
            None => self.array(Shape::Array(0), Expected::Array),
            Some(0) => Ok(Elements::new(self, &[])),
            Some(_) => Err(self.ask_for(Shape::Array(1))),
        }
    }

    pub(super) fn tuple(&self, length: usize) -> Result<Elements<'a>, DecodeError> {
        let expected = Expected::Tuple(length);
        match &self.value.kind {
            ValueKind::Array(elements) if elements.len() != length => Err(self.mismatch(expected)),
            _ => self.array(Shape::Array(length), expected),
        }
    }

    fn array(&self, shape: Shape, expected: Expected) -> Result<Elements<'a>, DecodeError> {
        match &self.value.kind {
            ValueKind::Array(elements) => Ok(Elements::new(self, elements)),
            ValueKind::Text(_) | ValueKind::Template(_) | ValueKind::Dummy(_) => Err(self.ask_for(shape)),
            _ => Err(self.mismatch(expected)),
        }
    }

    fn table(&self) -> Result<&'a Table, DecodeError> {
        match &self.value.kind {
            ValueKind::Table(table) => Ok(table),
            ValueKind::Text(_) | ValueKind::Template(_) | ValueKind::Dummy(_) => Err(self.ask_for(Shape::Table)),
            _ => Err(self.mismatch(Expected::Table)),
        }
    }

    pub(super) fn entries(&self) -> Result<Entries<'a>, DecodeError> {
        self.table().map(|table| Entries::of_table(self, &table.entries))
    }

    /// The entries of a struct. Unknown keys are mistakes, whether or not the type would ignore them.
    pub(super) fn fields(
        &self,
        name: &'static str,
        fields: &'static [&'static str],
    ) -> Result<Entries<'a>, DecodeError> {
        if name == "Duration" && fields == DURATION_FIELDS && !matches!(self.value.kind, ValueKind::Table(_)) {
            return self.duration().map(|duration| Entries::of_duration(self, duration));
        }
        #[cfg(feature = "schema")]
        self.session.note_asked(self.value, || Asked::Struct { type_name: self.session.type_name(), fields });
        let entries = &self.table()?.entries;
        if entries.iter().all(|(key, _)| fields.contains(&&**key)) {
            Ok(Entries::of_table(self, entries))
        } else {
            Err(DecodeError::new(Failure::UnknownKeys(fields)))
        }
    }

    fn duration(&self) -> Result<Duration, DecodeError> {
        if let Some(candidate) = self.candidate() {
            return Ok(dummy::duration(candidate));
        }
        match &self.value.kind {
            ValueKind::String(text) => parse_duration(text),
            ValueKind::Text(text) => parse_duration(text.trim()),
            _ => None,
        }
        .ok_or_else(|| self.mismatch(Expected::Duration))
    }

    pub(super) fn variant(&self, variants: &'static [&'static str]) -> Result<Variant<'a>, DecodeError> {
        #[cfg(feature = "schema")]
        self.session.note_asked(self.value, || Asked::Enum { type_name: self.session.type_name(), variants });
        let decoder = Decoder::new(self.value, self.session);
        let (name, content) = match &self.value.kind {
            ValueKind::String(text) => (&**text, Content::Nothing),
            ValueKind::Text(text) => (text.trim(), Content::Nothing),
            ValueKind::Table(Table { entries }) if entries.len() == 1 => {
                (&*entries[0].0, Content::Value(&entries[0].1))
            }
            _ => match self.candidate().and_then(|candidate| dummy::variant(candidate, variants)) {
                Some((name, is_last)) => (name, Content::MadeUp { is_last }),
                None => return Err(self.mismatch(Expected::Variant(variants))),
            },
        };
        Ok(Variant { decoder, name, content })
    }

    /// A struct without fields: any key is one too many.
    pub(super) fn unit(&self) -> Result<(), DecodeError> {
        if self.candidate().is_some() {
            return Ok(());
        }
        #[cfg(feature = "schema")]
        self.session.note_asked(self.value, || Asked::Struct { type_name: "()", fields: &[] });
        if self.table()?.entries.is_empty() { Ok(()) } else { Err(DecodeError::new(Failure::UnknownKeys(&[]))) }
    }

    pub(super) fn empty_table(&self) -> Result<(), DecodeError> {
        match &self.value.kind {
            ValueKind::Table(table) if table.entries.is_empty() => Ok(()),
            _ => Err(self.mismatch(Expected::EmptyTable)),
        }
    }
}

/// Notes and errors.
impl Decoder<'_> {
    /// Notes a value that is asked for as one of our own types.
    pub(super) fn note_mark(&self, name: &str, visitor: &dyn de::Expected) {
        #[cfg(feature = "schema")]
        self.note_asked_mark(name, visitor);
        let (ValueKind::String(text) | ValueKind::Text(text)) = &self.value.kind else { return };
        if name == SECRET_MARK {
            self.session.note_secret(self.value, text);
        } else if name == REFERENCE_MARK {
            self.session.note_reference(self.value, text, visitor.to_string());
        }
    }

    #[cfg(feature = "schema")]
    fn note_asked_mark(&self, name: &str, visitor: &dyn de::Expected) {
        if name == SECRET_MARK {
            self.session.note_asked(self.value, || Asked::Secret);
        } else if name == REFERENCE_MARK {
            self.session.note_asked(self.value, || Asked::Reference(visitor.to_string()));
        }
    }

    /// Notes the unresolved placeholders of a value that nobody reads.
    pub(super) fn note_templates(&self) {
        #[cfg(feature = "schema")]
        self.session.note_asked(self.value, || Asked::Anything);
        if self.value.has_templates() {
            self.session.defer();
        }
    }

    pub(super) fn mismatch(&self, expected: Expected) -> DecodeError {
        #[cfg(feature = "schema")]
        self.session.note_asked(self.value, || Asked::Value(expected));
        DecodeError::new(Failure::Mismatch(expected))
    }

    pub(super) fn ask_for(&self, shape: Shape) -> DecodeError {
        self.session.ask_for(self.value, shape);
        DecodeError::new(Failure::Unexpanded)
    }

    /// The candidate to answer with, when the value is made up.
    fn candidate(&self) -> Option<u8> {
        match self.value.kind {
            ValueKind::Dummy(candidate) => Some(candidate),
            ValueKind::Template(_) => {
                self.session.defer();
                Some(0)
            }
            _ => None,
        }
    }

    /// The same for what is no text: a placeholder beside other text gives a text, whatever it stands for.
    fn whole_candidate(&self) -> Option<u8> {
        match &self.value.kind {
            ValueKind::Template(text) if !interpolate::is_one_placeholder(text) => None,
            _ => self.candidate(),
        }
    }
}

impl Value {
    /// True for a value that answers whatever is asked.
    pub(super) fn is_made_up(&self) -> bool {
        matches!(self.kind, ValueKind::Dummy(_) | ValueKind::Template(_))
    }
}

fn only_character(text: &str) -> Option<char> {
    let mut characters = text.chars();
    characters.next().filter(|_| characters.next().is_none())
}
