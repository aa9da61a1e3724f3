//! What serde takes the parts of a value from: the entries of a table, the elements of an array, a variant.

use std::{slice, time::Duration};

use serde::{
    de::{
        self, Deserialize, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
        VariantAccess, Visitor,
    },
    forward_to_deserialize_any,
};

use super::{
    decoder::Decoder,
    error::DecodeError,
    expected::Expected,
    session::{Session, Shape},
};
use crate::config::value::Value;

/// The entries of a table, or the two fields of a [`Duration`], which serde knows as a struct.
// One type for both: a second one would have every struct's visitor compiled a second time.
pub(super) struct Entries<'a> {
    session: &'a Session,
    owner: &'a Value,
    value: &'a Value,
    entries: slice::Iter<'a, (Box<str>, Value)>,
    duration: Option<Duration>,
    parts: slice::Iter<'static, &'static str>,
    part: u64,
}

impl<'a> Entries<'a> {
    pub(super) fn of_table(decoder: &Decoder<'a>, entries: &'a [(Box<str>, Value)]) -> Self {
        let Decoder { value, session } = *decoder;
        Self { session, owner: value, value, entries: entries.iter(), duration: None, parts: [].iter(), part: 0 }
    }

    pub(super) fn of_duration(decoder: &Decoder<'a>, duration: Duration) -> Self {
        Self { duration: Some(duration), parts: DURATION_FIELDS.iter(), ..Self::of_table(decoder, &[]) }
    }

    fn advance(&mut self) -> Option<Key<'a>> {
        if let Some((name, value)) = self.entries.next() {
            self.session.stand_on_key_of(value);
            self.value = value;
            return Some(Key(name));
        }
        self.session.stand_on(self.owner);
        self.duration.and_then(|duration| self.next_part(duration))
    }

    fn next_part(&mut self, duration: Duration) -> Option<Key<'a>> {
        self.session.set_part(None);
        let name = *self.parts.next()?;
        self.part = if name == DURATION_FIELDS[0] { duration.as_secs() } else { duration.subsec_nanos().into() };
        Some(Key(name))
    }

    fn value(&self) -> Decoder<'a> {
        if self.duration.is_some() {
            self.session.set_part(Some(self.part));
        }
        Decoder::new(self.value, self.session)
    }
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        match self.advance() {
            Some(key) => match seed.deserialize(key) {
                Ok(key) => Ok(Some(key)),
                Err(error) => Err(error),
            },
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        seed.deserialize(self.value())
    }

    // The two that derived code calls, without the way round by a seed: that is two functions less for each type.
    fn next_key<K: Deserialize<'de>>(&mut self) -> Result<Option<K>, DecodeError> {
        match self.advance() {
            Some(key) => match K::deserialize(key) {
                Ok(key) => Ok(Some(key)),
                Err(error) => Err(error),
            },
            None => Ok(None),
        }
    }

    fn next_value<V: Deserialize<'de>>(&mut self) -> Result<V, DecodeError> {
        V::deserialize(self.value())
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len())
    }
}

/// The elements of an array.
pub(super) struct Elements<'a> {
    session: &'a Session,
    owner: &'a Value,
    elements: slice::Iter<'a, Value>,
}

impl<'a> Elements<'a> {
    pub(super) fn new(decoder: &Decoder<'a>, elements: &'a [Value]) -> Self {
        Self { session: decoder.session, owner: decoder.value, elements: elements.iter() }
    }

    fn advance(&mut self) -> Option<Decoder<'a>> {
        let Some(value) = self.elements.next() else {
            self.session.stand_on(self.owner);
            return None;
        };
        Some(Decoder::new(value, self.session))
    }
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        match self.advance() {
            Some(decoder) => match seed.deserialize(decoder) {
                Ok(element) => Ok(Some(element)),
                Err(error) => Err(error),
            },
            None => Ok(None),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.elements.len())
    }
}

/// A variant of an enum: a name alone, or a table whose one key is the name.
pub(super) struct Variant<'a> {
    pub(super) decoder: Decoder<'a>,
    pub(super) name: &'a str,
    pub(super) content: Content<'a>,
}

/// What stands beside the name of a variant.
pub(super) enum Content<'a> {
    Nothing,
    Value(&'a Value),
    /// The enum's value is made up; `is_last` when there are no more variants to try.
    MadeUp {
        is_last: bool,
    },
}

impl<'a> Variant<'a> {
    fn content(self) -> Result<Decoder<'a>, DecodeError> {
        let Self { decoder, name, content } = self;
        match content {
            Content::Nothing => Err(decoder.mismatch(Expected::VariantTable)),
            Content::Value(content) => Ok(Decoder::new(content, decoder.session)),
            Content::MadeUp { is_last: false } => Err(decoder.ask_for(Shape::NextVariant)),
            Content::MadeUp { is_last: true } => Err(decoder.ask_for(Shape::Variant(name.into()))),
        }
    }

    fn no_content(self) -> Result<(), DecodeError> {
        match self.content {
            Content::Value(content) if !content.is_made_up() => {
                Decoder::new(content, self.decoder.session).empty_table()
            }
            _ => Ok(()),
        }
    }
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), DecodeError> {
        match seed.deserialize(Key(self.name)) {
            Ok(variant) => Ok((variant, self)),
            Err(error) => Err(error),
        }
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        self.no_content()
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, DecodeError> {
        match self.content() {
            Ok(decoder) => seed.deserialize(decoder),
            Err(error) => Err(error),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, DecodeError> {
        match self.content() {
            Ok(decoder) => decoder.deserialize_tuple(length, visitor),
            Err(error) => Err(error),
        }
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.content() {
            Ok(decoder) => decoder.deserialize_struct("", fields, visitor),
            Err(error) => Err(error),
        }
    }
}

/// A key, or the name of a variant.
pub(super) struct Key<'a>(&'a str);

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_str(self.0)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let name: de::value::StrDeserializer<'_, DecodeError> = self.0.into_deserializer();
        visitor.visit_enum(name)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map struct ignored_any
    }
}

/// How serde asks for a [`Duration`].
pub(super) const DURATION_FIELDS: &[&str] = &["secs", "nanos"];
