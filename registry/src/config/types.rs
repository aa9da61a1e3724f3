//! What the passes must know of connection types. The catalogue itself lives above, in `factory`.

use super::{
    decode::{DecodeError, Decoder},
    field::Field,
    validation::Validation,
};

/// Makes an instance of a type from its fields.
pub(crate) type DecodeFn<I> = fn(Decoder<'_>) -> Result<I, DecodeError>;

/// How a type is read.
pub(crate) struct Reader<I> {
    pub(crate) decode: DecodeFn<I>,
    /// Says what is wrong with the fields together.
    pub(crate) validate: fn(&I, &mut Validation),
}

impl<I> Reader<I> {
    /// Of a type that has nothing to say of its fields together.
    pub(crate) fn plain(decode: DecodeFn<I>) -> Self {
        Self { decode, validate: |_, _| {} }
    }
}

// By hand: an instance need not be `Copy`.
impl<I> Clone for Reader<I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I> Copy for Reader<I> {}

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
    pub(crate) reader: Reader<I>,
}
