//! Which values a diagnostic may show.

use super::{
    check::Checked,
    field::Visibility,
    lifecycle::SETTINGS,
    reserved::Reserved,
    value::{Value, ValueKind},
};
use crate::span::Span;

/// The values of a connection that hold no secret: those of reserved keys, and what is not a string in fields
/// that are plain numbers, booleans or durations.
pub(super) fn spans<I>(connection: &Checked<I>) -> Vec<Span> {
    let Reserved { type_name, enabled, extends, config_file, lifecycle: timing } = &connection.reserved;
    let single = [type_name, enabled, extends, config_file].into_iter().flatten().map(|value| value.span);
    let mut spans: Vec<_> = single.chain(timing.iter().flat_map(lifecycle)).collect();
    let fields = connection.info.as_ref().map(|info| info.fields).unwrap_or_default();
    for field in fields.iter().filter(|field| field.visibility == Visibility::Public) {
        let value = connection.fields.as_table().and_then(|table| table.get(field.name));
        spans.extend(value.filter(|value| is_plain(value)).map(|value| value.span));
    }
    spans
}

/// The settings of a `lifecycle` table. What is no setting may be a field that was written below the wrong
/// header.
pub(super) fn lifecycle(value: &Value) -> Vec<Span> {
    let entries = value.as_table().map(|table| table.entries.as_slice()).unwrap_or_default();
    let settings = entries.iter().filter(|(key, _)| SETTINGS.contains(&&**key)).map(|(_, value)| value);
    settings.flat_map(|value| if value.as_table().is_some() { lifecycle(value) } else { vec![value.span] }).collect()
}

fn is_plain(value: &Value) -> bool {
    matches!(value.kind, ValueKind::Integer(_) | ValueKind::Float(_) | ValueKind::Boolean(_) | ValueKind::Datetime(_))
}
