//! [`DecodeError`]: why a walk stopped.

use std::fmt;

use serde::de::{self, Unexpected};

use super::expected::Expected;
use crate::diagnostic::did_you_mean;

/// Why a value does not fit its type. Neither its `Display` nor its `Debug` has a value of the configuration.
pub(crate) struct DecodeError(Box<Failure>);

impl DecodeError {
    pub(super) fn new(failure: Failure) -> Self {
        Self(Box::new(failure))
    }

    pub(super) fn into_failure(self) -> Failure {
        *self.0
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Failure::Mismatch(expected) => write!(f, "the value must be {expected}"),
            Failure::UnknownVariant { variants, .. } => {
                write!(f, "the value must be {}", Expected::Variant(variants))
            }
            Failure::Missing(field) => write!(f, "missing key `{field}`"),
            Failure::Duplicate(field) => write!(f, "`{field}` is given twice"),
            Failure::UnknownKeys(_) | Failure::UnknownKey { .. } => f.write_str("unknown key"),
            Failure::Refused { .. } | Failure::Custom(_) | Failure::Unexpanded => f.write_str("invalid value"),
        }
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecodeError({self})")
    }
}

impl std::error::Error for DecodeError {}

// serde's own texts of these print the value: none of them is used.
impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::new(Failure::Custom(text.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let found = Some(kind_of(&found));
        Self::new(Failure::Refused { expected: expected.to_string(), found })
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(Failure::Refused { expected: expected.to_string(), found: None })
    }

    fn invalid_length(_: usize, expected: &dyn de::Expected) -> Self {
        Self::new(Failure::Refused { expected: expected.to_string(), found: None })
    }

    fn unknown_variant(given: &str, variants: &'static [&'static str]) -> Self {
        let near = did_you_mean(given, variants.iter().copied());
        Self::new(Failure::UnknownVariant { variants, near })
    }

    fn unknown_field(name: &str, fields: &'static [&'static str]) -> Self {
        Self::new(Failure::UnknownKey { name: name.into(), fields })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Failure::Missing(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(Failure::Duplicate(field))
    }
}

/// What went wrong at the place where the session stands.
pub(super) enum Failure {
    /// The value is not what was asked for.
    Mismatch(Expected),
    /// The table has keys that are none of these fields.
    UnknownKeys(&'static [&'static str]),
    /// The type's visitor does not take what it was given: of the wrong kind when `found` is there, otherwise
    /// of the wrong content. The text is the type's own.
    Refused {
        expected: String,
        found: Option<&'static str>,
    },
    /// The type's own text, which may repeat the value.
    Custom(String),
    Missing(&'static str),
    Duplicate(&'static str),
    /// An unknown key that the type found by itself, somewhere in the table.
    UnknownKey {
        name: Box<str>,
        fields: &'static [&'static str],
    },
    UnknownVariant {
        variants: &'static [&'static str],
        near: Option<&'static str>,
    },
    /// A value must be expanded first; which one, the session knows.
    Unexpanded,
}

fn kind_of(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
        Unexpected::Float(_) => "a float",
        Unexpected::Char(_) | Unexpected::Str(_) | Unexpected::Bytes(_) => "a string",
        Unexpected::Seq => "an array",
        Unexpected::Map => "a table",
        _ => "another value",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_as_small_as_a_pointer() {
        assert_eq!(size_of::<DecodeError>(), size_of::<usize>());
        assert_eq!(size_of::<Result<u32, DecodeError>>(), 2 * size_of::<usize>());
    }
}
