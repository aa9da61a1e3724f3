//! [`Location`]: the way from the root of a tree to one of its values.

use std::fmt::Write as _;

use super::session::ValueId;
use crate::config::value::{Value, ValueKind};

/// Positions in tables and arrays, from the root down.
#[derive(Clone)]
pub(super) struct Location(Vec<usize>);

impl Location {
    /// Where `wanted` is in the tree of `root`.
    pub(super) fn find(root: &Value, wanted: ValueId) -> Option<Self> {
        let mut steps = Vec::new();
        search(root, wanted, &mut steps).then_some(Self(steps))
    }

    pub(super) fn root() -> Self {
        Self(Vec::new())
    }

    /// The part at a position of the root.
    pub(super) fn at(position: usize) -> Self {
        Self(vec![position])
    }

    pub(super) fn depth(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The location of what it stands in, and its position there.
    pub(super) fn parent(&self) -> Option<(Self, usize)> {
        let (last, rest) = self.0.split_last()?;
        Some((Self(rest.to_vec()), *last))
    }

    pub(super) fn value<'a>(&self, root: &'a Value) -> &'a Value {
        self.0.iter().fold(root, |value, step| child(value, *step).expect(IN_TREE))
    }

    pub(super) fn value_mut<'a>(&self, root: &'a mut Value) -> &'a mut Value {
        self.0.iter().fold(root, |value, step| child_mut(value, *step).expect(IN_TREE))
    }

    /// The key path, such as `connections.primary_db.hosts[2]`, where that of the root is `path`.
    pub(super) fn key_path(&self, root: &Value, path: &str) -> String {
        let mut key_path = path.to_owned();
        let mut value = root;
        for step in &self.0 {
            push_step(&mut key_path, &step_name(value, *step));
            value = child(value, *step).expect(IN_TREE);
        }
        key_path
    }

    /// What a message calls the value: its key, with the positions below it: `hosts[2]`.
    pub(super) fn name(&self, root: &Value, path: &str) -> String {
        let mut name = last_key(path).to_owned();
        let mut value = root;
        for step in &self.0 {
            let step_name = step_name(value, *step);
            if !step_name.starts_with('[') {
                name.clear();
            }
            name.push_str(&step_name);
            value = child(value, *step).expect(IN_TREE);
        }
        name
    }
}

/// `path.key`, or `path[2]`.
pub(super) fn push_step(path: &mut String, step: &str) {
    if !path.is_empty() && !step.starts_with('[') {
        path.push('.');
    }
    path.push_str(step);
}

/// `key` as it stands in a key path: quoted when it is not bare, with control characters escaped.
pub(super) fn key_name(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(is_bare) { key.to_owned() } else { format!("\"{}\"", key.escape_debug()) }
}

/// The `at`th part of a table or an array.
pub(super) fn child(value: &Value, at: usize) -> Option<&Value> {
    match &value.kind {
        ValueKind::Table(table) => table.entries.get(at).map(|(_, value)| value),
        ValueKind::Array(elements) => elements.get(at),
        _ => None,
    }
}

fn child_mut(value: &mut Value, at: usize) -> Option<&mut Value> {
    match &mut value.kind {
        ValueKind::Table(table) => table.entries.get_mut(at).map(|(_, value)| value),
        ValueKind::Array(elements) => elements.get_mut(at),
        _ => None,
    }
}

fn search(value: &Value, wanted: ValueId, steps: &mut Vec<usize>) -> bool {
    if ValueId::of(value) == wanted {
        return true;
    }
    for at in 0.. {
        let Some(child) = child(value, at) else { break };
        steps.push(at);
        if search(child, wanted, steps) {
            return true;
        }
        steps.pop();
    }
    false
}

fn step_name(value: &Value, at: usize) -> String {
    let mut name = String::new();
    match &value.kind {
        ValueKind::Table(table) => name = key_name(&table.entries[at].0),
        _ => write!(name, "[{at}]").expect("a string takes whatever is written"),
    }
    name
}

/// The last key of a path that may end in a quoted one.
pub(super) fn last_key(path: &str) -> &str {
    match path.strip_suffix('"').and_then(|rest| rest.rfind(".\"")) {
        Some(at) => &path[at + 1..],
        None => path.rsplit('.').next().unwrap_or(path),
    }
}

const IN_TREE: &str = "a location is made from the tree and used before it changes";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_key_so_that_it_reads_as_toml() {
        assert_eq!(key_name("primary-db_1"), "primary-db_1");
        assert_eq!(key_name("a.b"), "\"a.b\"");
        assert_eq!(key_name(""), "\"\"");
        assert_eq!(key_name("a\u{202e}b\n"), "\"a\\u{202e}b\\n\"");
    }

    #[test]
    fn finds_the_last_key_of_a_path() {
        assert_eq!(last_key("connections.primary_db"), "primary_db");
        assert_eq!(last_key("connections.\"a.b\""), "\"a.b\"");
        assert_eq!(last_key(""), "");
    }
}
