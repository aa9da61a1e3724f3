//! The keys of a connection that belong to this library and not to its type.

use super::{
    context::Context,
    problems::{no_placeholder, wrong_type},
    value::{Table, Value, ValueKind},
};
use crate::diagnostic::{Code, Problem, did_you_mean};

/// The reserved keys of one connection, each of the right type.
#[derive(Clone, Debug, Default)]
pub(super) struct Reserved {
    pub(super) type_name: Option<Value>,
    pub(super) enabled: Option<Value>,
    pub(super) extends: Option<Value>,
    pub(super) config_file: Option<Value>,
    pub(super) lifecycle: Option<Value>,
}

/// The keys of a connection, sorted out.
pub(super) struct Split {
    pub(super) reserved: Reserved,
    pub(super) fields: Table,
    /// Whether a reserved key that decides on others was wrong and is left out.
    pub(super) incomplete: bool,
}

impl Reserved {
    fn slot(&mut self, key: &str) -> Option<&mut Option<Value>> {
        match key {
            "type" => Some(&mut self.type_name),
            "enabled" => Some(&mut self.enabled),
            "extends" => Some(&mut self.extends),
            "config_file" => Some(&mut self.config_file),
            "lifecycle" => Some(&mut self.lifecycle),
            _ => None,
        }
    }
}

/// Takes the reserved keys out of a connection's table. One of the wrong type is reported and left out.
pub(super) fn split(keys: Table, name: &str, context: &mut Context<'_>) -> Split {
    let (mut reserved, mut incomplete) = (Reserved::default(), false);
    let mut fields = Table { entries: Vec::with_capacity(keys.entries.len()) };
    for (key, value) in keys.entries {
        let Some(slot) = reserved.slot(&key) else {
            fields.entries.push((key, value));
            continue;
        };
        match check(&key, &value) {
            Ok(true) => *slot = Some(value),
            Ok(false) => incomplete = true,
            Err(problem) => {
                context.add(problem.key_path(format!("connections.{name}.{key}")));
                incomplete |= !matches!(&*key, "enabled" | "lifecycle");
            }
        }
    }
    Split { reserved, fields, incomplete }
}

/// Reports the reserved keys of a table that may have none, and takes them out.
pub(super) fn refuse(fields: &mut Table, path: &str, help: &str, context: &mut Context<'_>) {
    fields.entries.retain(|(key, value)| {
        let is_reserved = RESERVED_KEYS.contains(&&**key);
        if is_reserved {
            let message = format!("`{key}` is not allowed here");
            let problem = Problem::new(Code::InvalidValue, value.key_span, message);
            context.add(problem.key_path(format!("{path}.{key}")).help(help));
        }
        !is_reserved
    });
}

/// Adds to the problem of a key that the type of the connection at `path` does not have, that one of these is near.
pub(super) fn suggest(problem: Problem, path: &str) -> Problem {
    let key = problem.key_path.as_deref().and_then(|key| key.strip_prefix(path)?.strip_prefix('.'));
    let is_open =
        problem.code == Code::UnknownKey && !problem.help.as_ref().is_some_and(|it| it.starts_with("did you"));
    match key.filter(|_| is_open).and_then(|key| did_you_mean(key, RESERVED_KEYS.iter().copied())) {
        Some(near) => {
            let known = problem.help.as_deref().unwrap_or_default();
            let help = format!("did you mean `{near}`? {known}");
            problem.help(help.trim_end())
        }
        None => problem,
    }
}

/// The text of a string that needs no placeholder resolved.
pub(super) fn text(value: &Value) -> Option<&str> {
    match &value.kind {
        ValueKind::String(text) | ValueKind::Text(text) => Some(text),
        _ => None,
    }
}

/// Whether the value is usable; not when the parser has reported it.
fn check(key: &str, value: &Value) -> Result<bool, Box<Problem>> {
    match (key, &value.kind) {
        (_, ValueKind::Dummy(_)) => Ok(false),
        ("lifecycle", ValueKind::Table(_)) => Ok(true),
        ("lifecycle", _) => Err(wrong_type(key, value, "a table").into()),
        ("enabled", ValueKind::Boolean(_) | ValueKind::Text(_) | ValueKind::Template(_)) => Ok(true),
        ("enabled", _) => Err(wrong_type(key, value, "a boolean").into()),
        (_, ValueKind::String(_) | ValueKind::Text(_)) => Ok(true),
        (_, ValueKind::Template(_)) => Err(no_placeholder(value).into()),
        _ => Err(wrong_type(key, value, "a string").into()),
    }
}

pub(super) const RESERVED_KEYS: &[&str] = &["type", "enabled", "extends", "config_file", "lifecycle"];
