//! [`Decoder`]: serde's view of one value.

use std::fmt;

use serde::de::{Deserializer, Visitor};

use super::{error::DecodeError, read::Answer, session::Session};
use crate::config::value::Value;

/// One value of the configuration, as a type's `Deserialize` sees it.
// Each method asks for what it must and no more: a visitor method that is called here is compiled for every type
// that comes by. For the same reason there is no closure in this file and no conversion of errors.
pub(crate) struct Decoder<'a> {
    pub(super) value: &'a Value,
    pub(super) session: &'a Session,
}

impl<'a> Decoder<'a> {
    /// A decoder of `value`, which from now on is where an error belongs.
    pub(super) fn new(value: &'a Value, session: &'a Session) -> Self {
        session.stand_on(value);
        Self { value, session }
    }
}

// By hand: the value may be secret.
impl fmt::Debug for Decoder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

/// Methods that read a number in the range of `$type` and visit it.
macro_rules! integers {
    ($($method:ident $visit:ident $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            match self.integer(<$type>::MIN as i128, <$type>::MAX as i128) {
                Ok(number) => visitor.$visit(number as $type),
                Err(error) => Err(error),
            }
        }
    )*};
}

/// Methods that read by the function `$read` and visit what it gives.
macro_rules! reads {
    ($($method:ident $visit:ident $read:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            match self.$read() {
                Ok(value) => visitor.$visit(value),
                Err(error) => Err(error),
            }
        }
    )*};
}

/// Methods that read a text and visit it.
macro_rules! texts {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            match self.text() {
                Ok(text) => visitor.visit_str(&text),
                Err(error) => Err(error),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Decoder<'_> {
    type Error = DecodeError;

    integers! {
        deserialize_u8 visit_u8 u8;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
        deserialize_i8 visit_i8 i8;
        deserialize_i16 visit_i16 i16;
        deserialize_i32 visit_i32 i32;
        deserialize_i64 visit_i64 i64;
    }

    reads! {
        deserialize_u128 visit_u128 natural;
        deserialize_i128 visit_i128 whole;
        deserialize_f32 visit_f32 single;
        deserialize_f64 visit_f64 float;
        deserialize_bool visit_bool boolean;
        deserialize_char visit_char character;
        deserialize_seq visit_seq elements;
        deserialize_map visit_map entries;
    }

    texts! { deserialize_str deserialize_string deserialize_identifier }

    /// What a type asks that takes whatever is there: an untagged enum, `toml::Value`.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.anything() {
            Answer::Text(text) => visitor.visit_str(&text),
            Answer::Signed(number) => visitor.visit_i64(number),
            Answer::Unsigned(number) => visitor.visit_u64(number),
            Answer::Big(number) => visitor.visit_i128(number),
            Answer::Float(number) => visitor.visit_f64(number),
            Answer::Boolean(value) => visitor.visit_bool(value),
            Answer::Array(elements) => visitor.visit_seq(elements),
            Answer::Table(entries) => visitor.visit_map(entries),
        }
    }

    /// There is no null in TOML: an option that is asked for is there, and an absent key is serde's own affair.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.note_mark(name, &visitor);
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        #[cfg(feature = "schema")]
        self.session.stand_for(std::any::type_name::<V::Value>());
        match self.fields(name, fields) {
            Ok(entries) => visitor.visit_map(entries),
            Err(error) => Err(error),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        #[cfg(feature = "schema")]
        self.session.stand_for(std::any::type_name::<V::Value>());
        match self.variant(variants) {
            Ok(variant) => visitor.visit_enum(variant),
            Err(error) => Err(error),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, DecodeError> {
        let elements = self.tuple(length)?;
        let result = visitor.visit_seq(elements);
        if result.is_ok() {
            // A tuple takes its elements and does not ask for an end, at which the place would go back.
            self.session.stand_on(self.value);
        }
        result
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_tuple(length, visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.unit() {
            Ok(()) => visitor.visit_unit(),
            Err(error) => Err(error),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.note_templates();
        visitor.visit_unit()
    }
}
