//! [`Network`]: the connections of a configuration and what each refers to, ready to be drawn.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::config::{Configuration, Declared};

/// The connections, sorted by name, with their references. Nothing leads in a circle: loading refuses that.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Network {
    pub(super) nodes: Vec<Node>,
}

impl Network {
    /// All that `configuration` declares, and of the connections that templates make those in `names` and those that a
    /// declaration refers to.
    pub(super) fn of<I: Clone>(configuration: &Configuration<I>, names: &[String]) -> Self {
        let mut found: BTreeMap<&str, &Declared> = BTreeMap::new();
        let made = names.iter().filter_map(|name| Some((name.as_str(), configuration.declaration(name)?)));
        let declared = configuration.connections().iter().map(|declared| (&*declared.name, declared));
        let mut open: VecDeque<_> = declared.chain(made).collect();
        while let Some((name, declared)) = open.pop_front() {
            if found.insert(name, declared).is_some() {
                continue;
            }
            let targets = declared.references.iter().map(|reference| &*reference.target);
            open.extend(targets.filter_map(|target| Some((target, configuration.declaration(target)?))));
        }
        let places: BTreeMap<&str, usize> = found.keys().enumerate().map(|(at, name)| (*name, at)).collect();
        Self { nodes: found.iter().map(|(name, declared)| Node::of(name, declared, &places)).collect() }
    }

    /// The place of the connection called `name`.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.nodes.binary_search_by(|node| node.name.as_str().cmp(name)).ok()
    }

    /// The places of those that nothing refers to.
    pub(super) fn roots(&self) -> Vec<usize> {
        let needed: BTreeSet<usize> = self.edges().map(|(_, edge)| edge.to).collect();
        (0..self.nodes.len()).filter(|at| !needed.contains(at)).collect()
    }

    /// Every reference with the place of the one that has it.
    pub(super) fn edges(&self) -> impl Iterator<Item = (usize, &Edge)> {
        self.nodes.iter().enumerate().flat_map(|(at, node)| node.needs.iter().map(move |edge| (at, edge)))
    }
}

/// One connection.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) type_name: String,
    pub(super) kind: Kind,
    pub(super) needs: Vec<Edge>,
}

impl Node {
    fn of(name: &str, declared: &Declared, places: &BTreeMap<&str, usize>) -> Self {
        let prefix = format!("connections.{}.", declared.name);
        let needs = declared.references.iter().filter_map(|reference| {
            let field = reference.key_path.strip_prefix(&prefix).unwrap_or(&reference.key_path);
            Some(Edge { to: *places.get(&*reference.target)?, field: field.to_owned() })
        });
        Self {
            name: name.to_owned(),
            type_name: declared.type_name.to_string(),
            kind: Kind::of(name, declared),
            needs: needs.collect(),
        }
    }

    /// What stands beside the name: `postgres, disabled`.
    pub(super) fn details(&self) -> String {
        match &self.kind {
            Kind::Connection => self.type_name.clone(),
            Kind::Disabled => format!("{}, disabled", self.type_name),
            Kind::Template => format!("{}, template", self.type_name),
            Kind::Instance(template) => format!("{}, of {template}", self.type_name),
        }
    }
}

/// What a connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Connection,
    Disabled,
    Template,
    /// Made from the template of that name.
    Instance(String),
}

impl Kind {
    fn of(name: &str, declared: &Declared) -> Self {
        match declared {
            _ if *declared.name != *name => Self::Instance(declared.name.to_string()),
            _ if !declared.enabled => Self::Disabled,
            _ if declared.is_template() => Self::Template,
            _ => Self::Connection,
        }
    }
}

/// A reference: the place of the other connection, and the field that names it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) to: usize,
    pub(super) field: String,
}

/// `a: b c` says that `a` refers to `b` and `c`; whoever is referred to has a line of its own.
#[cfg(test)]
pub(super) fn drawn(lines: &[&str]) -> Network {
    let split = |line: &str| {
        let (name, needs) = line.split_once(": ").unwrap_or((line, ""));
        (name.to_owned(), needs.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect::<Vec<_>>())
    };
    let mut lines: Vec<_> = lines.iter().map(|line| split(line)).collect();
    lines.sort();
    let place = |name: &String| lines.iter().position(|(other, _)| other == name).expect("it has a line");
    let edge = |(at, name): (usize, &String)| Edge { to: place(name), field: format!("needs[{at}]") };
    let node = |(name, needs): &(String, Vec<String>)| Node {
        name: name.clone(),
        type_name: "fake".to_owned(),
        kind: Kind::Connection,
        needs: needs.iter().enumerate().map(edge).collect(),
    };
    Network { nodes: lines.iter().map(node).collect() }
}
