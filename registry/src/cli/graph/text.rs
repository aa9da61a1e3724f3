//! Dependencies as trees of text: what nothing refers to stands at the left, what it needs is below it.

use std::fmt::Write as _;

use crate::cli::network::{Network, Node};

/// A line for each connection, at each place where it is needed. What it needs in turn stands at the first place alone;
/// the others have the mark `(*)`.
pub(super) fn draw(network: &Network) -> String {
    let mut out = String::new();
    let mut is_shown = vec![false; network.nodes.len()];
    // An own stack: a chain of references may be longer than that of the thread.
    let mut open: Vec<Line> =
        network.roots().into_iter().rev().map(|at| Line { at, indent: String::new(), branch: "", below: "" }).collect();
    while let Some(Line { at, indent, branch, below }) = open.pop() {
        let node = &network.nodes[at];
        let mark = if is_shown[at] { " (*)" } else { "" };
        let _ = writeln!(out, "{indent}{branch}{}{mark}", title(node));
        if std::mem::replace(&mut is_shown[at], true) {
            continue;
        }
        let indent = format!("{indent}{below}");
        let needs = node.needs.iter().enumerate().rev();
        open.extend(needs.map(|(number, edge)| Line::below(edge.to, &indent, number + 1 == node.needs.len())));
    }
    out
}

/// A line that is still to be written.
struct Line {
    at: usize,
    indent: String,
    /// What leads to it from the line above.
    branch: &'static str,
    /// What stands in its place in the lines below it.
    below: &'static str,
}

impl Line {
    fn below(at: usize, indent: &str, is_last: bool) -> Self {
        let (branch, below) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        Self { at, indent: indent.to_owned(), branch, below }
    }
}

fn title(node: &Node) -> String {
    format!("{} ({})", node.name, node.details())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::network::drawn;

    #[track_caller]
    fn check(lines: &[&str], expected: &str) {
        assert_eq!(draw(&drawn(lines)), expected);
    }

    #[test]
    fn what_is_needed_stands_below_who_needs_it() {
        check(&[], "");
        check(&["a", "b"], "a (fake)\nb (fake)\n");
        check(&["a: b", "b: c", "c"], "a (fake)\n└─ b (fake)\n   └─ c (fake)\n");
        check(&["a: b d", "b: c", "c", "d"], "a (fake)\n├─ b (fake)\n│  └─ c (fake)\n└─ d (fake)\n");
    }

    #[test]
    fn what_several_need_is_unfolded_once_and_marked_after_that() {
        check(&["a: c", "b: c", "c: d", "d"], "a (fake)\n└─ c (fake)\n   └─ d (fake)\nb (fake)\n└─ c (fake) (*)\n");
        check(&["a: b b", "b"], "a (fake)\n├─ b (fake)\n└─ b (fake) (*)\n");
    }

    #[test]
    fn many_ways_through_a_network_take_no_more_lines_than_it_has_references() {
        let row = |at: usize| format!("n{at:03}: n{:03} n{:03}", at + 1, at + 1);
        let mut lines: Vec<String> = (0..200).map(row).collect();
        lines.push("n200".to_owned());
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(draw(&drawn(&lines)).lines().count(), 401);
    }
}
