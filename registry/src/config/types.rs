//! What the passes must know of connection types. The catalogue itself lives above, in `factory`.

use super::{
    decode::{DecodeError, Decoder},
    field::Field,
};

/// Makes an instance of a type from its fields.
pub(crate) type DecodeFn<I> = fn(Decoder<'_>) -> Result<I, DecodeError>;

/// A catalogue of types, as the passes see it.
pub(crate) trait Types {
    /// What a decoded connection is.
    type Instance;

    fn find(&self, name: &str) -> Option<TypeInfo<Self::Instance>>;

    /// The names of all types, sorted.
    fn names(&self) -> Vec<&'static str>;
}

/// One type, as the passes see it.
pub(crate) struct TypeInfo<I> {
    pub(crate) name: &'static str,
    pub(crate) client_type_name: &'static str,
    pub(crate) fields: &'static [Field],
    pub(crate) decode: DecodeFn<I>,
}
