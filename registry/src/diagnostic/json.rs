//! Diagnostics for programs: editors, CI.

use serde::Serialize;

/// An array of objects whose keys are in the order of the fields.
pub(crate) fn to_json<T: Serialize>(problems: &[T]) -> String {
    serde_json::to_string(problems).expect("texts and numbers can always be written as JSON")
}
