//! What has to be done: two configurations compared, and the order of what has to be rebuilt.

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
    sync::Arc,
};

use crate::{
    config::{Configuration, Declared},
    manager::ranks,
};

/// What the configurations alone say of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Added,
    Removed,
    /// It is in both. Placeholders may stand for something else all the same.
    Kept {
        content: bool,
        lifecycle: bool,
    },
}

/// A name with what it is made from now; `None` when nothing is, any more.
pub(crate) type Found<'c> = (&'c Arc<str>, Option<&'c Declared>, Change);

/// All names that `before` or `after` declares, templates apart, and those of `present` that a template made.
pub(crate) fn compare<'c, I: Clone>(
    before: &'c Configuration<I>,
    after: &'c Configuration<I>,
    present: &'c [Arc<str>],
) -> impl Iterator<Item = Found<'c>> {
    let is_exact =
        move |name: &str| [before, after].iter().any(|one| one.find(name).is_some_and(|it| !it.is_template()));
    let exact = side_by_side(before.connections(), after.connections()).filter_map(move |(was, is)| {
        let (was, is) = (was.filter(|it| !it.is_template()), is.filter(|it| !it.is_template()));
        let name = &is.or(was)?.name;
        Some((name, was.or_else(|| before.declaration(name)), is.or_else(|| after.declaration(name))))
    });
    let others = present.iter().filter(move |name| !is_exact(name));
    let others = others.map(move |name| (name, before.declaration(name), after.declaration(name)));
    exact.chain(others).filter_map(|(name, was, is)| {
        let [was, is] = [was, is].map(|declared| declared.filter(|declared| declared.enabled));
        change(was, is).map(|change| (name, is, change))
    })
}

/// Both in one row by their names, which are sorted in each: so that nobody has to look them up.
fn side_by_side<'c>(
    before: &'c [Declared],
    after: &'c [Declared],
) -> impl Iterator<Item = (Option<&'c Declared>, Option<&'c Declared>)> {
    let (mut before, mut after) = (before.iter().peekable(), after.iter().peekable());
    std::iter::from_fn(move || {
        let order = match (before.peek(), after.peek()) {
            (Some(was), Some(is)) => was.name.cmp(&is.name),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return None,
        };
        Some((before.next_if(|_| order.is_le()), after.next_if(|_| order.is_ge())))
    })
}

/// `None` when the name is of no concern: it is disabled in both, or was only ever inserted.
fn change(was: Option<&Declared>, is: Option<&Declared>) -> Option<Change> {
    match (was, is) {
        (None, None) => None,
        // Connections of a template are made when somebody asks for them.
        (None, Some(is)) => (!is.is_template()).then_some(Change::Added),
        (Some(_), None) => Some(Change::Removed),
        (Some(was), Some(is)) => {
            Some(Change::Kept { content: was.content != is.content, lifecycle: was.lifecycle != is.lifecycle })
        }
    }
}

/// A connection, and what it refers to.
pub(crate) struct Node {
    pub(crate) name: Arc<str>,
    pub(crate) needs: Vec<Arc<str>>,
}

/// What may have to be rebuilt when `changed` are: they themselves and whatever refers to them, on any way. Each comes in
/// a later rank than what it needs. Those on a circle, which only names made at run time can close, come last and
/// together. Gives places in `nodes`.
pub(crate) fn ranks(nodes: &[Node], changed: &HashSet<Arc<str>>) -> Vec<Vec<usize>> {
    let places: HashMap<&str, usize> = nodes.iter().enumerate().map(|(at, node)| (&*node.name, at)).collect();
    let mut dependents = vec![Vec::new(); nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        let needed: HashSet<usize> = node.needs.iter().filter_map(|name| places.get(&**name).copied()).collect();
        needed.into_iter().filter(|needed| *needed != at).for_each(|needed| dependents[needed].push(at));
    }
    let from = changed.iter().filter_map(|name| places.get(&**name).copied());
    let affected: Vec<usize> = reached(from, &dependents).into_iter().collect();
    // Whoever refers to one of them is one of them.
    let places: HashMap<usize, usize> = affected.iter().enumerate().map(|(place, at)| (*at, place)).collect();
    let ways: Vec<Vec<usize>> =
        affected.iter().map(|at| dependents[*at].iter().map(|dependent| places[dependent]).collect()).collect();
    let ranks = ranks::ranks(&ways).into_iter();
    ranks.map(|rank| rank.into_iter().map(|place| affected[place]).collect()).collect()
}

fn reached(from: impl Iterator<Item = usize>, ways: &[Vec<usize>]) -> HashSet<usize> {
    let mut open: Vec<usize> = from.collect();
    let mut reached = HashSet::new();
    while let Some(at) = open.pop() {
        if reached.insert(at) {
            open.extend(&ways[at]);
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a: b c` says that `a` needs `b` and `c`; ranks are separated by `|`.
    #[track_caller]
    fn check(graph: &[&str], changed: &[&str], expected: &str) {
        let nodes: Vec<_> = graph
            .iter()
            .map(|line| {
                let (name, needs) = line.split_once(':').unwrap_or((line, ""));
                Node { name: name.into(), needs: needs.split_whitespace().map(Arc::from).collect() }
            })
            .collect();
        let changed = changed.iter().map(|name| Arc::from(*name)).collect();
        let ranks = ranks(&nodes, &changed).into_iter().map(|rank| {
            let mut names: Vec<_> = rank.into_iter().map(|at| &*nodes[at].name).collect();
            names.sort_unstable();
            names.join(" ")
        });
        assert_eq!(ranks.collect::<Vec<_>>().join(" | "), expected);
    }

    #[test]
    fn what_refers_to_something_changed_comes_after_it() {
        check(&["a: b", "b: c", "c", "d"], &["c"], "c | b | a");
        check(&["a: b", "b: c", "c", "d"], &["b", "d"], "b d | a");
        check(&["a: b c", "b: d", "c: d", "d"], &["d"], "d | b c | a");
        check(&["a: b c", "b", "c: b"], &["b"], "b | c | a");
        check(&["a: gone"], &["gone"], "");
        check(&["a"], &[], "");
    }

    #[test]
    fn a_circle_comes_last_and_together() {
        check(&["a: b", "b: a", "c"], &["a", "c"], "c | a b");
        check(&["a: a b b", "b"], &["b"], "b | a");
    }
}
