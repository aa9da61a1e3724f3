//! `graph --format dot`, read by Graphviz itself.

use std::{
    collections::BTreeSet,
    io::Write as _,
    process::{Command, Stdio},
};

use crate::program::{folder, has_program, own_cli};

/// Names that would mean something in DOT, were they not quoted.
const NAMES: &[&str] = &[
    "plain",
    "a\"b",
    "back\\slash",
    "end\\",
    "\\\"both",
    "a -> b",
    "\\N \\n \\l",
    "<b>html</b>",
    "&amp; &lt;",
    "tenant/{id}",
    "semi;colon [label=x] // #",
    "größe 日本 🦀",
    "node",
];

#[test]
fn graphviz_reads_every_name_as_it_is() {
    if !has_program("dot") {
        return;
    }
    let mut toml = String::new();
    for (at, name) in NAMES.iter().enumerate() {
        let key = name.replace('\\', "\\\\").replace('"', "\\\"");
        // What is a template for others is in no row of its own.
        let needs = if at == 0 || NAMES[at - 1].contains('{') {
            String::new()
        } else {
            format!("needs = ['{}']\n", NAMES[at - 1])
        };
        toml += &format!("[connections.\"{key}\"]\ntype = 'fake'\n{needs}");
    }
    let folder = folder(&toml);
    let drawn = own_cli(folder.path()).args(["graph", "--format", "dot"]).output().expect("the program starts");
    assert!(drawn.status.success(), "{}", String::from_utf8_lossy(&drawn.stderr));
    let mut dot =
        Command::new("dot").arg("-Tdot_json").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("dot");
    dot.stdin.take().expect("a pipe").write_all(&drawn.stdout).expect("dot reads");
    let read = dot.wait_with_output().expect("dot ends");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&drawn.stdout));
    let json: serde_json::Value = serde_json::from_slice(&read.stdout).expect("it is JSON");
    let objects = json["objects"].as_array().expect("there are nodes");
    assert_eq!(objects.len(), NAMES.len(), "{json:#}");
    let labels: BTreeSet<_> = objects.iter().map(|node| shown(node["label"].as_str().expect("a label"))).collect();
    let expected = NAMES.iter().map(|name| {
        let template = if name.contains('{') { ", template" } else { "" };
        format!("{name}\nfake{template}")
    });
    assert_eq!(labels, expected.collect());
    let needing = NAMES.len() - 2;
    assert_eq!(json["edges"].as_array().map(Vec::len), Some(needing), "{json:#}");
}

/// A label as Graphviz draws it: escapes and entities are what they stand for.
fn shown(label: &str) -> String {
    let (mut text, mut characters) = (String::new(), label.chars());
    while let Some(character) = characters.next() {
        match (character, character == '\\') {
            (_, true) => match characters.next() {
                Some('n') => text.push('\n'),
                Some(other) => text.push(other),
                None => text.push('\\'),
            },
            (other, false) => text.push(other),
        }
    }
    text.replace("&amp;", "&")
}
