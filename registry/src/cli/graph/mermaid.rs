//! Dependencies as a flowchart of Mermaid, which pages of Markdown draw.

use std::fmt::Write as _;

use crate::cli::network::Network;

/// A box for each connection and an arrow to each that it refers to, with the name of the field.
pub(super) fn draw(network: &Network) -> String {
    let mut out = String::from("flowchart LR\n");
    for (at, node) in network.nodes.iter().enumerate() {
        let _ = writeln!(out, "  c{at}[\"{}<br/>{}\"]", escaped(&node.name), escaped(&node.details()));
    }
    for (at, edge) in network.edges() {
        let _ = writeln!(out, "  c{at} -->|\"{}\"| c{}", escaped(&edge.field), edge.to);
    }
    out
}

/// Everything that may mean something to Mermaid, to its Markdown or to HTML is written as an entity of its number.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        // A full stop or a dash before a space would begin a list.
        let is_followed = characters.peek().is_none_or(|next| *next != ' ');
        let is_plain = match character {
            '_' | '/' | ' ' | ',' => true,
            '.' | '-' => is_followed,
            _ => character.is_alphanumeric(),
        };
        if is_plain {
            out.push(character);
        } else {
            let _ = write!(out, "#{};", u32::from(character));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cli::network::drawn;

    #[test]
    fn connections_are_boxes_and_references_are_arrows() {
        let expected = "flowchart LR\n  c0[\"a<br/>fake\"]\n  c1[\"b<br/>fake\"]\n  c0 -->|\"needs#91;0#93;\"| c1\n";
        assert_eq!(draw(&drawn(&["a: b", "b"])), expected);
    }

    #[test]
    fn what_would_mean_something_is_written_as_its_number() {
        for (name, expected) in [
            ("primary_db", "primary_db"),
            ("db.eu-1", "db.eu-1"),
            ("größe 日本", "größe 日本"),
            ("a\"] --> b[\"", "a#34;#93; --#62; b#91;#34;"),
            ("#quot;", "#35;quot#59;"),
            ("`code`", "#96;code#96;"),
            ("1. first", "1#46; first"),
            ("<b>&amp;", "#60;b#62;#38;amp#59;"),
        ] {
            assert_eq!(escaped(name), expected, "{name}");
        }
    }

    /// The text in which every entity is what it stands for.
    fn read(text: &str) -> Option<String> {
        let (first, rest) = text.split_once('#').map_or((text, None), |(first, rest)| (first, Some(rest)));
        let Some(rest) = rest else { return Some(first.to_owned()) };
        let (number, rest) = rest.split_once(';')?;
        let character = char::from_u32(number.parse().ok()?)?;
        Some(format!("{first}{character}{}", read(rest)?))
    }

    proptest! {
        #[test]
        fn any_name_reads_back_as_itself(name in "[ -~äß日🦀]{1,20}") {
            let text = escaped(&name);
            prop_assert!(!text.contains(['"', '<', '>', '&', '[', ']', '|', '`', '%', '*']), "{}", text);
            prop_assert_eq!(read(&text), Some(name));
        }
    }
}
