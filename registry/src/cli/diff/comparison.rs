//! [`Comparison`]: two configurations, name by name, by the rules of a reload.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use serde::Serialize;

use super::{
    Side,
    keys::{KeyChange, changed_keys},
};
use crate::{
    cli::network::Network,
    config::Declared,
    manager::{
        Declarations,
        plan::{Change, Node, compare, ranks},
    },
};

/// All connections and templates that are enabled in one of two configurations, sorted by name.
#[derive(Serialize)]
pub(super) struct Comparison<'a> {
    pub(super) different: bool,
    pub(super) connections: Vec<Compared<'a>>,
}

/// What a reload does to one of them.
#[derive(Serialize)]
pub(super) struct Compared<'a> {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) type_name: String,
    pub(super) template: bool,
    pub(super) effect: Effect,
    /// `file:line:column` of its name, or of what switches it off.
    pub(super) place: String,
    /// Of `removed`: whether it is still declared.
    pub(super) disabled: bool,
    /// Those of `rebuilt` and `updated` whose values differ.
    pub(super) keys: Vec<KeyChange<'a>>,
    /// The connections that it needs and that are rebuilt before it.
    pub(super) follows: Vec<String>,
}

/// What a reload does, in the words of its report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Effect {
    Added,
    Removed,
    /// It gets another client where it has one, unless its type takes the change in place.
    Rebuilt,
    /// It keeps its client: only its lifecycle is another one.
    Updated,
    Unchanged,
}

impl<'a> Comparison<'a> {
    pub(super) fn of(before: &'a Side, after: &'a Side) -> Self {
        let changes = changes(&before.configuration, &after.configuration);
        let followers = followers(&after.configuration, &changes);
        let compared = |(name, change): (&Arc<str>, &Change)| {
            let follows = followers.get(name).cloned().unwrap_or_default();
            Compared::of(name, *change, follows, before, after)
        };
        let connections: Vec<_> = changes.iter().map(compared).collect();
        Self { different: connections.iter().any(|one| one.effect != Effect::Unchanged), connections }
    }
}

impl<'a> Compared<'a> {
    fn of(name: &str, change: Change, follows: Vec<String>, before: &'a Side, after: &'a Side) -> Self {
        let (was, is) = (declared(&before.configuration, name), declared(&after.configuration, name));
        let effect = Effect::of(change, !follows.is_empty());
        let follows = if effect == Effect::Rebuilt { follows } else { Vec::new() };
        let shown = if effect == Effect::Removed { was } else { is };
        let switched_off = is.filter(|is| !is.enabled);
        let place = switched_off.and_then(Declared::enabled_at).or_else(|| shown.map(Declared::declared_at));
        let keys = match (effect, before.survey.find(name), after.survey.find(name)) {
            (Effect::Rebuilt | Effect::Updated, Some(was), Some(is)) => changed_keys(was, is),
            _ => Vec::new(),
        };
        Self {
            name: name.to_owned(),
            type_name: shown.map(|declared| declared.type_name.to_string()).unwrap_or_default(),
            template: shown.is_some_and(|declared| declared.is_template() && *declared.name == *name),
            effect,
            place: place.unwrap_or_default(),
            disabled: effect == Effect::Removed && switched_off.is_some(),
            keys,
            follows,
        }
    }
}

impl Effect {
    fn of(change: Change, is_follower: bool) -> Self {
        match change {
            Change::Added => Self::Added,
            Change::Removed => Self::Removed,
            Change::Kept { content: true, .. } => Self::Rebuilt,
            Change::Kept { .. } if is_follower => Self::Rebuilt,
            Change::Kept { lifecycle: true, .. } => Self::Updated,
            Change::Kept { .. } => Self::Unchanged,
        }
    }
}

/// The connection or template of that name, else the template that a connection of that name is made from.
fn declared<'c>(configuration: &'c Declarations, name: &str) -> Option<&'c Declared> {
    configuration.find(name).or_else(|| configuration.declaration(name))
}

/// What a reload would find, and the same of templates: it finds these in the connections that are made from them.
fn changes(before: &Declarations, after: &Declarations) -> BTreeMap<Arc<str>, Change> {
    let exact = compare(before, after, &[]).map(|(name, _, change)| (Arc::clone(name), change));
    exact.chain(template_changes(before, after)).collect()
}

fn template_changes(before: &Declarations, after: &Declarations) -> Vec<(Arc<str>, Change)> {
    let templates = |configuration: &Declarations| -> BTreeSet<Arc<str>> {
        let enabled = configuration.connections().iter().filter(|it| it.is_template() && it.enabled);
        enabled.map(|template| Arc::clone(&template.name)).collect()
    };
    let (was, is) = (templates(before), templates(after));
    let change = |name: &Arc<str>| match (before.find(name), after.find(name)) {
        (Some(a), Some(b)) if was.contains(name) && is.contains(name) => {
            Change::Kept { content: a.content != b.content, lifecycle: a.lifecycle != b.lifecycle }
        }
        _ if is.contains(name) => Change::Added,
        _ => Change::Removed,
    };
    was.union(&is).map(|name| (Arc::clone(name), change(name))).collect()
}

/// Those that need a connection which is rebuilt, each with the ones that it needs.
fn followers(after: &Declarations, changes: &BTreeMap<Arc<str>, Change>) -> BTreeMap<Arc<str>, Vec<String>> {
    let network = Network::of(after, &[]);
    let is_rebuilt = |name: &str| {
        // A connection of a template is rebuilt when the template has changed.
        let change = declared(after, name).and_then(|declared| changes.get(&declared.name));
        matches!(change, Some(Change::Kept { content: true, .. }))
    };
    let name = |at: usize| Arc::<str>::from(&*network.nodes[at].name);
    let nodes: Vec<Node> = (0..network.nodes.len())
        .map(|at| Node { name: name(at), needs: network.nodes[at].needs.iter().map(|edge| name(edge.to)).collect() })
        .collect();
    let rebuilt: HashSet<_> = nodes.iter().map(|node| &node.name).filter(|name| is_rebuilt(name)).cloned().collect();
    let affected: BTreeSet<_> = ranks(&nodes, &rebuilt).into_iter().flatten().map(name).collect();
    let followed =
        |node: &Node| node.needs.iter().filter(|need| affected.contains(*need)).map(ToString::to_string).collect();
    let followers = nodes.iter().map(|node| (Arc::clone(&node.name), followed(node)));
    followers.filter(|(_, followed): &(_, Vec<String>)| !followed.is_empty()).collect()
}
