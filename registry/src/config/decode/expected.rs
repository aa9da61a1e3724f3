//! [`Expected`]: what a type asked for, in the words of a message.

use std::fmt;

use super::duration::DURATION_EXAMPLE;
use crate::config::value::{Value, ValueKind};

/// What a value must be.
#[derive(Clone, Copy)]
pub(super) enum Expected {
    Integer { min: i128, max: i128 },
    Float,
    Boolean,
    Character,
    String,
    Array,
    Tuple(usize),
    Table,
    EmptyTable,
    Variant(&'static [&'static str]),
    VariantTable,
    Duration,
}

impl Expected {
    /// Whether `value` is of the right kind and only its content is not: then naming the kind helps nobody.
    pub(super) fn is_kind_of(self, value: &Value) -> bool {
        matches!(
            (self, &value.kind),
            (_, ValueKind::Text(_))
                | (Self::Integer { .. }, ValueKind::Integer(_))
                | (Self::Character | Self::Duration, ValueKind::String(_))
                | (Self::Tuple(_), ValueKind::Array(_))
                | (Self::EmptyTable | Self::Variant(_) | Self::VariantTable, ValueKind::Table(_))
        )
    }

    /// Whether a text that is not the whole of a placeholder cannot be it.
    pub(super) fn is_never_text(self) -> bool {
        matches!(self, Self::Integer { .. } | Self::Float | Self::Boolean)
    }

    /// What to do about `value`.
    pub(super) fn help(self, value: &Value) -> Option<&'static str> {
        match (self, &value.kind) {
            (Self::Integer { .. } | Self::Float | Self::Boolean, ValueKind::String(_) | ValueKind::Template(_)) => {
                Some(
                    "write it without quotes; of texts, only one whole placeholder such as \"${env:NAME}\" and an \
                 environment override take the type of the field",
                )
            }
            (Self::Duration, ValueKind::Integer(_) | ValueKind::Float(_)) => {
                Some("write it in quotes and with a unit, such as \"5s\"")
            }
            (Self::Duration, _) => Some("the units are ns, us, ms, s, m, h, d and w"),
            (Self::String, ValueKind::Integer(_) | ValueKind::Float(_) | ValueKind::Boolean(_)) => {
                Some("write it in quotes")
            }
            (Self::Array, ValueKind::Text(_)) => Some("write it in TOML form, such as [\"a\", \"b\"]"),
            (Self::Table, ValueKind::Text(_)) => Some("write it in TOML form, such as { key = \"value\" }"),
            _ => None,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Integer { min: 0, max } if max >= LARGE => f.write_str("a whole number, 0 or more"),
            Self::Integer { max, .. } if max >= LARGE => f.write_str("a whole number"),
            Self::Integer { min, max } => write!(f, "a whole number from {min} to {max}"),
            Self::Float => f.write_str("a number"),
            Self::Boolean => f.write_str("`true` or `false`"),
            Self::Character => f.write_str("a single character"),
            Self::String => f.write_str("a string"),
            Self::Array => f.write_str("an array"),
            Self::Tuple(length) => write!(f, "an array of {length} values"),
            Self::Table => f.write_str("a table"),
            Self::EmptyTable => f.write_str("an empty table"),
            Self::Variant(variants) => one_of(f, variants),
            Self::VariantTable => f.write_str("a table with one key, the name of the variant"),
            Self::Duration => write!(f, "a duration such as {DURATION_EXAMPLE}"),
        }
    }
}

fn one_of(f: &mut fmt::Formatter<'_>, variants: &[&str]) -> fmt::Result {
    f.write_str("one of ")?;
    for (at, variant) in variants.iter().enumerate() {
        let separator = if at == 0 { "" } else { ", " };
        write!(f, "{separator}`{variant}`")?;
    }
    Ok(())
}

/// From here on a limit is the type's, not the author's, and tells nothing.
const LARGE: i128 = i64::MAX as i128;
