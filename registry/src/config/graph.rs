//! Cycles of connections that lead to each other.

use crate::{
    diagnostic::{Code, Problem},
    span::Span,
};

/// One way from a connection to another, and where it is written.
#[derive(Clone, Copy)]
pub(super) struct Edge {
    pub(super) to: usize,
    pub(super) span: Span,
}

/// The cycles of a graph, each as its edges' places in the lists of `edges`: `(node, edge)`. Each edge that
/// leads back gives one; at most [`MAX_CYCLES`].
pub(super) fn cycles(edges: &[Vec<Edge>]) -> Vec<Vec<(usize, usize)>> {
    let mut search = Search { edges, states: vec![State::New; edges.len()], path: Vec::new(), cycles: Vec::new() };
    for start in 0..edges.len() {
        search.from(start);
    }
    search.cycles
}

/// The problem of one cycle: `a → b → a`, with each of its edges.
pub(super) fn problem<'n>(
    cycle: &[(usize, usize)],
    edges: &[Vec<Edge>],
    what: &str,
    name: impl Fn(usize) -> &'n str,
) -> Problem {
    let names = cycle.iter().chain(cycle.first()).map(|&(node, _)| name(node).escape_debug().to_string());
    let message = format!("{what}: {}", names.collect::<Vec<_>>().join(" → "));
    let edge = |&(node, at): &(usize, usize)| edges[node][at];
    let label = |step: &(usize, usize)| {
        format!("`{}` leads to `{}`", name(step.0).escape_debug(), name(edge(step).to).escape_debug())
    };
    let first = &cycle[0];
    let problem = Problem::new(Code::Cycle, edge(first).span, message).label(label(first));
    cycle[1..].iter().fold(problem, |problem, step| problem.also(edge(step).span, label(step)))
}

/// A depth-first search that keeps its own stack, since a configuration may hold a chain of any length.
struct Search<'e> {
    edges: &'e [Vec<Edge>],
    states: Vec<State>,
    /// The nodes from the start to the current one, each with its next edge.
    path: Vec<(usize, usize)>,
    cycles: Vec<Vec<(usize, usize)>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// On the path, at this place.
    Open(usize),
    Done,
}

impl Search<'_> {
    fn from(&mut self, start: usize) {
        if self.states[start] == State::New && !self.edges[start].is_empty() {
            self.open(start);
        }
        while let Some((node, next)) = self.path.last_mut() {
            let Some(edge) = self.edges[*node].get(*next) else {
                self.states[*node] = State::Done;
                self.path.pop();
                continue;
            };
            *next += 1;
            match self.states[edge.to] {
                State::New => self.open(edge.to),
                State::Open(at) => self.found(at),
                State::Done => {}
            }
        }
    }

    fn open(&mut self, node: usize) {
        self.states[node] = State::Open(self.path.len());
        self.path.push((node, 0));
    }

    fn found(&mut self, at: usize) {
        if self.cycles.len() < MAX_CYCLES {
            self.cycles.push(self.path[at..].iter().map(|&(node, next)| (node, next - 1)).collect());
        }
    }
}

/// More would say nothing new.
const MAX_CYCLES: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::span::{SourceKind, Sources};

    #[track_caller]
    fn check(graph: &[&[usize]], expected: &[&[usize]]) {
        let source = Sources::default().add("", "", SourceKind::File);
        let edge = |&to: &usize| Edge { to, span: Span::new(source, 0..0) };
        let edges: Vec<Vec<Edge>> = graph.iter().map(|targets| targets.iter().map(edge).collect()).collect();
        let nodes = |cycle: Vec<(usize, usize)>| cycle.into_iter().map(|(node, _)| node).collect::<Vec<_>>();
        assert_eq!(cycles(&edges).into_iter().map(nodes).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn finds_each_cycle_once() {
        check(&[&[1], &[2], &[]], &[]);
        check(&[&[0]], &[&[0]]);
        check(&[&[1], &[0]], &[&[0, 1]]);
        check(&[&[1], &[2], &[1], &[1]], &[&[1, 2]]);
        check(&[&[1, 2], &[3], &[3], &[]], &[]);
        check(&[&[1, 2], &[0], &[0]], &[&[0, 1], &[0, 2]]);
    }

    #[test]
    fn a_long_chain_does_not_end_the_stack() {
        let targets: Vec<[usize; 1]> = (0..1_000_000).map(|node| [(node + 1) % 1_000_000]).collect();
        let graph: Vec<&[usize]> = targets.iter().map(|targets| &targets[..]).collect();
        let all: Vec<usize> = (0..1_000_000).collect();
        check(&graph, &[&all]);
    }
}
