//! Which values a diagnostic may show.

use super::{
    check::Checked,
    field::Visibility,
    value::{Value, ValueKind},
};
use crate::span::Span;

/// The values of a connection that hold no secret: those of reserved keys, and what is not a string in fields
/// that are plain numbers, booleans or durations.
pub(super) fn spans<I>(connection: &Checked<I>) -> Vec<Span> {
    let mut spans: Vec<_> = connection.reserved.values().flat_map(all).collect();
    let fields = connection.info.as_ref().map(|info| info.fields).unwrap_or_default();
    for field in fields.iter().filter(|field| field.visibility == Visibility::Public) {
        let value = connection.fields.as_table().and_then(|table| table.get(field.name));
        spans.extend(value.filter(|value| is_plain(value)).map(|value| value.span));
    }
    spans
}

/// Every single value in one.
pub(super) fn all(value: &Value) -> Vec<Span> {
    let mut spans = Vec::new();
    add_all(value, &mut spans);
    spans
}

fn is_plain(value: &Value) -> bool {
    matches!(value.kind, ValueKind::Integer(_) | ValueKind::Float(_) | ValueKind::Boolean(_) | ValueKind::Datetime(_))
}

fn add_all(value: &Value, spans: &mut Vec<Span>) {
    match &value.kind {
        ValueKind::Table(table) => table.entries.iter().for_each(|(_, value)| add_all(value, spans)),
        ValueKind::Array(items) => items.iter().for_each(|item| add_all(item, spans)),
        _ => spans.push(value.span),
    }
}
