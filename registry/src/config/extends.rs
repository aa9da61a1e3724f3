//! `extends` and `config_file`: keys that a connection takes from elsewhere.

use std::{
    collections::{HashMap, hash_map::Entry},
    mem,
    path::Path,
    sync::Arc,
};

use super::{
    context::Context,
    document::read_named,
    graph::{self, Edge},
    layer::Declaration,
    reserved::{self, Reserved},
    source,
    value::{Table, Value},
};
use crate::diagnostic::{Code, Problem};

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
    for at in order(&parents) {
        let Some(parent) = parents[at] else { continue };
        let Declaration { name, header, .. } = &connections[at];
        if connections[parent].incomplete || !context.may_copy(&connections[parent].fields, name, *header) {
            connections[at].incomplete = true;
            continue;
        }
        let (reserved, fields) = (connections[parent].reserved.clone(), connections[parent].fields.clone());
        lay_under(&mut connections[at], reserved, fields);
    }
    connections
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
                let near = context.suggestion(target, &mut by_name.keys().map(|name| &**name));
                context
                    .add(unknown(target, near, extends).key_path(format!("connections.{}.extends", connection.name)));
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

fn unknown(target: &str, near: Option<String>, extends: &Value) -> Problem {
    Problem::new(Code::UnknownConnection, extends.span, format!("there is no connection `{}`", target.escape_debug()))
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
    fields.lay(mem::take(&mut connection.fields));
    connection.fields = fields;
    let own = &mut connection.reserved;
    own.type_name = own.type_name.take().or(inherited.type_name);
    own.enabled = own.enabled.take().or(inherited.enabled);
    if let Some(mut lifecycle) = inherited.lifecycle {
        if let Some(over) = own.lifecycle.take() {
            lifecycle.lay(over);
        }
        own.lifecycle = Some(lifecycle);
    }
}

/// The files of fields that were read, each once.
#[derive(Default)]
struct Files {
    /// `None` for one that could not be read.
    tables: HashMap<String, Option<Table>>,
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
        if !context.may_copy(table, &connection.name, connection.header) {
            connection.incomplete = true;
            return;
        }
        let mut fields = table.clone();
        fields.lay(mem::take(&mut connection.fields));
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
    let mut document = read_named(&path, file.span, format!("connections.{name}.config_file"), context)?;
    let help = "the file has the type's fields alone; write this key at the connection";
    reserved::refuse(&mut document.root, &format!("connections.{name}"), help, context);
    Some(document.root)
}
