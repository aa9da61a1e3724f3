//! Text of an override or a placeholder, read as one TOML value because an array or a table is asked for.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeInteger, DeTable, DeValue},
};

use crate::{
    config::value::{Table, Value, ValueKind},
    span::Span,
};

/// Reads `text` as TOML; every value in it stands at `span`. None when it is no TOML value.
pub(super) fn parse(text: &str, span: Span) -> Option<ValueKind> {
    let value = DeValue::parse(text.trim()).ok()?;
    Some(kind(value.into_inner(), &|_| span))
}

fn kind(value: DeValue<'_>, span: &dyn Fn(Range<usize>) -> Span) -> ValueKind {
    match value {
        DeValue::String(text) => ValueKind::String(text.into()),
        DeValue::Integer(number) => integer(&number),
        DeValue::Float(number) => ValueKind::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => ValueKind::Boolean(value),
        DeValue::Datetime(datetime) => ValueKind::Datetime(datetime),
        DeValue::Array(elements) => ValueKind::Array(elements.into_iter().map(|value| element(value, span)).collect()),
        DeValue::Table(entries) => ValueKind::Table(table(entries, span)),
    }
}

/// A number beyond all of ours stays one that no type takes.
fn integer(number: &DeInteger<'_>) -> ValueKind {
    ValueKind::Integer(i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX))
}

fn element(value: Spanned<DeValue<'_>>, span: &dyn Fn(Range<usize>) -> Span) -> Value {
    let place = span(value.span());
    Value::new(kind(value.into_inner(), span), place, place)
}

pub(super) fn table(entries: DeTable<'_>, span: &dyn Fn(Range<usize>) -> Span) -> Table {
    let entries = entries.into_iter().map(|(key, value)| {
        let key_span = span(key.span());
        (key.into_inner().into(), Value { key_span, ..element(value, span) })
    });
    Table { entries: entries.collect() }
}
