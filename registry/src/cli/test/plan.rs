//! [`Plan`]: what is tested, and what has to be tested before it.

use std::collections::BTreeSet;

use crate::{
    cli::network::{Kind, Network},
    config::Declared,
    manager::Declarations,
};

/// The connections of a test, sorted by name.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) subjects: Vec<Subject>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) type_name: String,
    pub(super) kind: Kind,
    /// The places of those that it needs, as far as they are known before they are used.
    pub(super) needs: Vec<usize>,
    /// Whether the user asked for it, by its name or with all.
    pub(super) is_asked: bool,
    /// Whether by its name.
    pub(super) is_named: bool,
    /// Where it is switched off.
    pub(super) disabled_at: String,
}

impl Plan {
    /// Those called `names`, or all where there are none; and what they need.
    pub(super) fn of(configuration: &Declarations, names: &[String]) -> Self {
        let network = Network::of(configuration, names);
        let is_declared = |at: &usize| !matches!(network.nodes[*at].kind, Kind::Instance(_));
        let asked: BTreeSet<usize> = match names {
            [] => (0..network.nodes.len()).filter(is_declared).collect(),
            names => names.iter().filter_map(|name| network.position(name)).collect(),
        };
        let chosen: Vec<usize> = with_needs(&network, &asked).into_iter().collect();
        let place = |at: usize| chosen.binary_search(&at).expect("what is needed is chosen, too");
        let subjects = chosen.iter().map(|at| {
            let node = &network.nodes[*at];
            let needs: BTreeSet<usize> = needs(&network, *at).map(place).collect();
            let declared = configuration.declaration(&node.name);
            Subject {
                name: node.name.clone(),
                type_name: node.type_name.clone(),
                kind: node.kind.clone(),
                needs: needs.into_iter().collect(),
                is_asked: asked.contains(at),
                is_named: names.contains(&node.name),
                disabled_at: declared.and_then(Declared::enabled_at).unwrap_or_default(),
            }
        });
        Self { subjects: subjects.collect() }
    }

    /// The names of those that need the one at `at`.
    pub(super) fn needed_by(&self, at: usize) -> impl Iterator<Item = &str> {
        self.subjects.iter().filter(move |subject| subject.needs.contains(&at)).map(|subject| &*subject.name)
    }
}

fn with_needs(network: &Network, asked: &BTreeSet<usize>) -> BTreeSet<usize> {
    let (mut open, mut chosen): (Vec<usize>, _) = (asked.iter().copied().collect(), BTreeSet::new());
    while let Some(at) = open.pop() {
        if chosen.insert(at) {
            open.extend(needs(network, at));
        }
    }
    chosen
}

/// What is switched off, and what others are made from, needs nothing.
fn needs(network: &Network, at: usize) -> impl Iterator<Item = usize> {
    let node = &network.nodes[at];
    let is_tested = matches!(node.kind, Kind::Connection | Kind::Instance(_));
    node.needs.iter().filter(move |_| is_tested).map(|edge| edge.to)
}
