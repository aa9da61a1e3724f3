//! Dependencies in DOT, the language of Graphviz.

use std::fmt::Write as _;

use crate::cli::network::{Kind, Network, Node};

/// A box for each connection and an arrow to each that it refers to, with the name of the field.
pub(super) fn draw(network: &Network) -> String {
    let mut out = String::from("digraph connections {\n  rankdir=LR;\n  node [shape=box];\n");
    for node in &network.nodes {
        let (id, label) = (id(&node.name), label(&[&node.name, &node.details()]));
        let _ = writeln!(out, "  {id} [label={label}{}];", style(node));
    }
    for (at, edge) in network.edges() {
        let (from, to) = (id(&network.nodes[at].name), id(&network.nodes[edge.to].name));
        let _ = writeln!(out, "  {from} -> {to} [label={}];", label(&[&edge.field]));
    }
    out.push_str("}\n");
    out
}

fn style(node: &Node) -> &'static str {
    match node.kind {
        Kind::Connection | Kind::Instance(_) => "",
        Kind::Disabled => ", style=dashed",
        Kind::Template => ", style=rounded",
    }
}

/// A quoted identifier. Two names never give the same one.
fn id(name: &str) -> String {
    format!("\"{}\"", quoted(name))
}

/// A quoted label of several lines. An ampersand would begin an entity of HTML.
fn label(lines: &[&str]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| quoted(line).replace('&', "&amp;")).collect();
    format!("\"{}\"", lines.join("\\n"))
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cli::network::drawn;

    #[test]
    fn connections_are_boxes_and_references_are_arrows() {
        let expected = "digraph connections {\n  rankdir=LR;\n  node [shape=box];\n  \
            \"a\" [label=\"a\\nfake\"];\n  \"b\" [label=\"b\\nfake\"];\n  \
            \"a\" -> \"b\" [label=\"needs[0]\"];\n}\n";
        assert_eq!(draw(&drawn(&["a: b", "b"])), expected);
    }

    #[test]
    fn what_is_no_plain_connection_looks_different() {
        let mut network = drawn(&["a", "b", "c"]);
        network.nodes[0].kind = Kind::Disabled;
        network.nodes[1].kind = Kind::Template;
        network.nodes[2].kind = Kind::Instance("c/{d}".to_owned());
        let text = draw(&network);
        assert!(text.contains("\"a\" [label=\"a\\nfake, disabled\", style=dashed];"), "{text}");
        assert!(text.contains("\"b\" [label=\"b\\nfake, template\", style=rounded];"), "{text}");
        assert!(text.contains("\"c\" [label=\"c\\nfake, of c/{d}\"];"), "{text}");
    }

    /// The text of one quoted string, as the grammar of DOT and then that of its labels read it.
    fn read(quoted: &str) -> Option<String> {
        let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
        let (mut text, mut characters) = (String::new(), inner.chars());
        while let Some(character) = characters.next() {
            match character {
                '"' => return None,
                '\\' => match characters.next()? {
                    'n' => text.push('\n'),
                    other @ ('\\' | '"') => text.push(other),
                    _ => return None,
                },
                _ => text.push(character),
            }
        }
        Some(text.replace("&amp;", "&"))
    }

    proptest! {
        #[test]
        fn any_name_reads_back_as_itself(name in "[ -~äß日🦀]{1,20}", other in "[ -~]{1,8}") {
            prop_assert_eq!(read(&id(&name).replace('&', "&amp;")), Some(name.clone()));
            prop_assert_eq!(read(&label(&[&name, &other])), Some(format!("{name}\n{other}")));
        }
    }
}
