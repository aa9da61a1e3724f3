//! `extends` and `config_file`: keys that a connection takes from elsewhere.

use std::{
    collections::{HashMap, hash_map::Entry},
    mem,
    path::Path,
    sync::Arc,
};

use super::{
    context::Context,
    graph::{self, Edge},
    layer::{Declaration, merge, merge_value},
    load::read_named,
    reserved::{self, Reserved},
    source,
    value::{Table, Value, ValueKind},
};
use crate::diagnostic::{Code, Problem, did_you_mean};

/// Completes each connection with the keys of its `config_file` and of the connection that it extends.
pub(super) fn inherit(mut connections: Vec<Declaration>, context: &mut Context<'_>) -> Vec<Declaration> {
    let mut files = Files::default();
    for connection in &mut connections {
        files.fill(connection, context);
    }
    if connections.iter().all(|connection| connection.reserved.extends.is_none()) {
        return connections;
    }
    let parents = parents(&mut connections, context);
    let mut copied = 0;
    for at in order(&parents) {
        let Some(parent) = parents[at] else { continue };
        copied += weight_of(&connections[parent].fields);
        if copied > MAX_COPIED {
            context.add(too_much(&connections[at]));
            return connections;
        }
        let (reserved, fields) = (connections[parent].reserved.clone(), connections[parent].fields.clone());
        connections[at].incomplete |= connections[parent].incomplete;
        lay_under(&mut connections[at], reserved, fields);
    }
    connections
}

/// What all copies of inherited keys take, in bytes at least: a few lines of a file could otherwise ask for
/// more memory than there is.
pub(super) const MAX_COPIED: usize = 512 * 1024 * 1024;

/// The memory that a copy takes.
pub(super) fn weight_of(table: &Table) -> usize {
    table.entries.iter().map(|(key, value)| key.len() + size_of::<(Box<str>, Value)>() + weight_of_value(value)).sum()
}

/// The problem of a configuration that copies more than [`MAX_COPIED`].
pub(super) fn too_much(connection: &Declaration) -> Problem {
    Problem::new(Code::InvalidValue, connection.header, "the configuration inherits more than 512 MiB")
        .key_path(format!("connections.{}", connection.name))
}

fn weight_of_value(value: &Value) -> usize {
    match &value.kind {
        ValueKind::String(text) | ValueKind::Text(text) | ValueKind::Template(text) => text.len(),
        ValueKind::Array(items) => items.iter().map(|item| size_of_val(item) + weight_of_value(item)).sum(),
        ValueKind::Table(table) => weight_of(table),
        _ => 0,
    }
}

/// The connection that each one extends. What is wrong is reported and left out.
fn parents(connections: &mut [Declaration], context: &mut Context<'_>) -> Vec<Option<usize>> {
    let by_name: HashMap<Arc<str>, usize> =
        connections.iter().enumerate().map(|(at, connection)| (connection.name.clone(), at)).collect();
    let mut edges: Vec<Vec<Edge>> = vec![Vec::new(); connections.len()];
    for (at, connection) in connections.iter_mut().enumerate() {
        let Some(extends) = &connection.reserved.extends else { continue };
        let target = reserved::text(extends).unwrap_or_default();
        match by_name.get(target) {
            Some(&to) => edges[at].push(Edge { to, span: extends.span }),
            None => {
                context.add(unknown(target, extends, &connection.name, &by_name));
                connection.incomplete = true;
            }
        }
    }
    for cycle in graph::cycles(&edges) {
        let name = |at: usize| &*connections[at].name;
        let problem = graph::problem(&cycle, &edges, "`extends` leads back to its start", name);
        context.add(problem.key_path(format!("connections.{}.extends", connections[cycle[0].0].name)));
        for (at, _) in cycle {
            edges[at].clear();
            connections[at].incomplete = true;
        }
    }
    edges.into_iter().map(|edges| edges.first().map(|edge| edge.to)).collect()
}

fn unknown(target: &str, extends: &Value, name: &str, by_name: &HashMap<Arc<str>, usize>) -> Problem {
    let near = did_you_mean(target, by_name.keys().map(|name| &**name));
    Problem::new(Code::UnknownConnection, extends.span, format!("there is no connection `{}`", target.escape_debug()))
        .key_path(format!("connections.{name}.extends"))
        .maybe_help(near.map(|near| format!("did you mean `{}`?", near.escape_debug())))
}

/// All connections, each behind the one that it extends.
fn order(parents: &[Option<usize>]) -> Vec<usize> {
    let mut order = Vec::with_capacity(parents.len());
    let mut placed = vec![false; parents.len()];
    let mut chain = Vec::new();
    for start in 0..parents.len() {
        let mut next = Some(start);
        while let Some(at) = next.filter(|&at| !placed[at]) {
            placed[at] = true;
            chain.push(at);
            next = parents[at];
        }
        order.extend(chain.drain(..).rev());
    }
    order
}

fn lay_under(connection: &mut Declaration, inherited: Reserved, mut fields: Table) {
    merge(&mut fields, mem::take(&mut connection.fields));
    connection.fields = fields;
    let own = &mut connection.reserved;
    own.type_name = own.type_name.take().or(inherited.type_name);
    own.enabled = own.enabled.take().or(inherited.enabled);
    if let Some(mut lifecycle) = inherited.lifecycle {
        if let Some(over) = own.lifecycle.take() {
            merge_value(&mut lifecycle, over);
        }
        own.lifecycle = Some(lifecycle);
    }
}

/// The files of fields that were read, each once.
#[derive(Default)]
struct Files {
    /// `None` for one that could not be read.
    tables: HashMap<String, Option<Table>>,
    copied: usize,
}

impl Files {
    /// Puts the fields of the connection's `config_file` under its own.
    fn fill(&mut self, connection: &mut Declaration, context: &mut Context<'_>) {
        let Some(file) = &connection.reserved.config_file else { return };
        let path = reserved::text(file).unwrap_or_default();
        let read = match self.tables.entry(path.to_owned()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(read(path, file, &connection.name, context)),
        };
        let Some(table) = read else {
            connection.incomplete = true;
            return;
        };
        self.copied += weight_of(table);
        if self.copied > MAX_COPIED {
            context.add(too_much(connection));
            return;
        }
        let mut fields = table.clone();
        merge(&mut fields, mem::take(&mut connection.fields));
        connection.fields = fields;
    }
}

fn read(path: &str, file: &Value, name: &str, context: &mut Context<'_>) -> Option<Table> {
    if path.is_empty() || !source::stays_inside(Path::new(path)) {
        let problem = Problem::new(Code::InvalidValue, file.span, "the path leaves the configuration's folder")
            .help("write a path below the folder of the main file, without `..`");
        context.add(problem.key_path(format!("connections.{name}.config_file")));
        return None;
    }
    let path = context.request.main.folder().join(path);
    let mut document = read_named(&path, file.span, context)?;
    if context.sources.get(document.source).broken {
        return None;
    }
    let help = "the file has the type's fields alone; write this key at the connection";
    reserved::refuse(&mut document.root, &format!("connections.{name}"), help, context);
    Some(document.root)
}
