//! Lays the files over each other: included files, the main file, the profile.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    context::Context,
    document::Document,
    interpolate, name,
    problems::{duplicate, unknown_key, unknown_type, wrong_type},
    reserved::{self, Reserved},
    template::Pattern,
    types::Types,
    value::{Table, Value, ValueKind},
};
use crate::{
    diagnostic::{Code, Problem},
    span::Span,
};

/// All files of one load.
pub(super) struct Documents {
    /// In the order of the include list, each pattern sorted by name.
    pub(super) includes: Vec<Document>,
    pub(super) main: Document,
    pub(super) profile: Option<Document>,
}

/// All files as one.
#[derive(Default)]
pub(super) struct Layers {
    pub(super) defaults: Defaults,
    pub(super) connections: Vec<Layered>,
    by_name: HashMap<Arc<str>, usize>,
}

/// `[defaults]`.
#[derive(Default)]
pub(super) struct Defaults {
    pub(super) lifecycle: Option<Value>,
    pub(super) types: BTreeMap<Box<str>, Value>,
}

/// One `[connections.name]` with the keys of all layers.
pub(super) struct Layered {
    pub(super) name: Arc<str>,
    /// The name where it is declared first.
    pub(super) name_span: Span,
    /// The header of that place.
    pub(super) header: Span,
    pub(super) keys: Table,
    layer: Layer,
}

/// One connection with its own keys sorted out.
pub(super) struct Declaration {
    pub(super) name: Arc<str>,
    pub(super) name_span: Span,
    pub(super) header: Span,
    pub(super) reserved: Reserved,
    /// The keys that belong to the type.
    pub(super) fields: Table,
    /// That of a template's name.
    pub(super) pattern: Option<Arc<Pattern>>,
    /// Whether keys of it are not known because of a problem that is reported: what is missing then is not
    /// missing.
    pub(super) incomplete: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    Include,
    Main,
    Profile,
}

/// Lays the files over each other.
pub(super) fn stack(documents: Documents, types: &impl Types, context: &mut Context<'_>) -> Layers {
    let mut layers = Layers::default();
    for document in documents.includes {
        layers.add(document, Layer::Include, context);
    }
    layers.add(documents.main, Layer::Main, context);
    if let Some(document) = documents.profile {
        layers.add(document, Layer::Profile, context);
    }
    layers.check_names(context);
    layers.defaults.check(types, context);
    layers
}

/// Sorts the keys of each connection.
pub(super) fn split(layers: &mut Layers, context: &mut Context<'_>) -> Vec<Declaration> {
    let declaration = |layered: Layered| {
        let Layered { name, name_span, header, keys, layer: _ } = layered;
        let split = reserved::split(keys, &name, context);
        Declaration {
            // One that is malformed has been reported.
            pattern: Pattern::parse(&name).ok().flatten().map(Arc::new),
            name,
            name_span,
            header,
            reserved: split.reserved,
            fields: split.fields,
            incomplete: split.incomplete,
        }
    };
    std::mem::take(&mut layers.connections).into_iter().map(declaration).collect()
}

impl Layers {
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    fn add(&mut self, document: Document, layer: Layer, context: &mut Context<'_>) {
        for (key, value) in document.root.entries {
            match &*key {
                "connections" => self.add_connections(value, layer, context),
                "defaults" => self.defaults.add(value, context),
                "include" => context.add(
                    Problem::new(Code::InvalidValue, value.key_span, "`include` is for the main file alone")
                        .key_path("include"),
                ),
                _ => context.add(unknown_key(&key, value.key_span, TOP_LEVEL_KEYS)),
            }
        }
    }

    fn add_connections(&mut self, value: Value, layer: Layer, context: &mut Context<'_>) {
        let Some(connections) = table("connections", value, "", context) else { return };
        for (name, value) in connections.entries {
            if let Some(fault) = name::fault(&name) {
                let message = format!("a connection cannot be called `{}`: {fault}", name.escape_debug());
                context.add(Problem::new(Code::InvalidName, value.key_span, message));
            } else if let Err(malformed) = Pattern::parse(&name) {
                let literal = interpolate::literal(&context.sources, value.key_span);
                let place = interpolate::inside(value.key_span, literal, &name, malformed.range.clone());
                context.add(malformed.problem(&name, place));
            }
            self.add_connection(&name, value, layer, context);
        }
    }

    fn add_connection(&mut self, name: &str, value: Value, layer: Layer, context: &mut Context<'_>) {
        let (name_span, header) = (value.key_span, value.span);
        let Some(keys) = table(name, value, "connections.", context) else { return };
        let Some(at) = self.position(name) else {
            let name: Arc<str> = name.into();
            self.by_name.insert(name.clone(), self.connections.len());
            self.connections.push(Layered { name, name_span, header, keys, layer });
            return;
        };
        let existing = &mut self.connections[at];
        if existing.layer == layer {
            let message = format!("connection `{}` is declared twice", name.escape_debug());
            context.add(duplicate(message, name_span, existing.name_span, name));
        } else {
            existing.layer = layer;
            existing.lay_over(keys);
        }
    }

    /// Two names that a person, and some file systems and environments, take for one; and two templates that fit the
    /// same names.
    fn check_names(&self, context: &mut Context<'_>) {
        let mut seen: HashMap<String, &Layered> = HashMap::with_capacity(self.connections.len());
        for connection in &self.connections {
            let pattern = Pattern::parse(&connection.name).ok().flatten();
            let is_template = pattern.is_some();
            let lower =
                pattern.map_or_else(|| connection.name.to_lowercase(), |pattern| pattern.shape().to_lowercase());
            if let Some(first) = seen.get(&lower) {
                let (name, other) = (connection.name.escape_debug(), first.name.escape_debug());
                let message = if is_template {
                    format!("templates `{name}` and `{other}` have the same shape")
                } else {
                    format!("connections `{name}` and `{other}` differ in upper and lower case alone")
                };
                context.add(duplicate(message, connection.name_span, first.name_span, &connection.name));
            } else {
                seen.insert(lower, connection);
            }
        }
    }
}

impl Layered {
    /// Lays the keys of an upper layer over these. With another type, what belongs to the old one goes.
    pub(super) fn lay_over(&mut self, over: Table) {
        let type_of = |keys: &Table| keys.get("type").and_then(reserved::text).map(str::to_owned);
        let (old, new) = (type_of(&self.keys), type_of(&over));
        if old.is_some() && new.is_some() && old != new {
            self.keys.entries.retain(|(key, _)| matches!(&**key, "type" | "enabled" | "lifecycle"));
        }
        self.keys.lay(over);
    }
}

impl Defaults {
    fn add(&mut self, value: Value, context: &mut Context<'_>) {
        let Some(defaults) = table("defaults", value, "", context) else { return };
        for (key, value) in defaults.entries {
            if value.as_table().is_none() {
                context.add(wrong_type(&key, &value, "a table").key_path(format!("defaults.{key}")));
            } else if &*key == "lifecycle" {
                lay(&mut self.lifecycle, value);
            } else if let Some(old) = self.types.get_mut(&key) {
                old.lay(value);
            } else {
                self.types.insert(key, value);
            }
        }
    }

    /// Reports types that do not exist, and keys that can only stand at a connection.
    fn check(&mut self, types: &impl Types, context: &mut Context<'_>) {
        for (name, value) in &mut self.types {
            let ValueKind::Table(fields) = &mut value.kind else { continue };
            if types.find(name).is_none() {
                let problem = unknown_type(name, value.key_span, types);
                context.add(problem.key_path(format!("defaults.{name}")));
            }
            reserved::refuse(fields, &format!("defaults.{name}"), "write it at the connection", context);
        }
    }
}

/// Lays a value over one that may not be there.
pub(super) fn lay(base: &mut Option<Value>, over: Value) {
    match base {
        Some(base) => base.lay(over),
        None => *base = Some(over),
    }
}

/// The table of `key`; `parent` is the path around it.
fn table(key: &str, value: Value, parent: &str, context: &mut Context<'_>) -> Option<Table> {
    if value.as_table().is_none() && !matches!(value.kind, ValueKind::Dummy(_)) {
        context.add(wrong_type(key, &value, "a table").key_path(format!("{parent}{key}")));
    }
    match value.kind {
        ValueKind::Table(table) => Some(table),
        _ => None,
    }
}

const TOP_LEVEL_KEYS: &[&str] = &["include", "defaults", "connections"];
