//! YAML as the Python library reads it.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::{Node, NodeKind, Syntax, Text, compose};

/// A tree in one line.
fn shown(node: &Node) -> String {
    match &node.kind {
        NodeKind::Null => "null".to_owned(),
        NodeKind::Boolean(boolean) => boolean.to_string(),
        NodeKind::Integer(integer) => integer.to_string(),
        NodeKind::Float(float) => format!("{float:?}"),
        NodeKind::Datetime(datetime) => format!("date {datetime}"),
        NodeKind::Text(Text { text, syntax: Syntax::Plain }) => format!("{text:?}"),
        NodeKind::Text(Text { text, syntax: Syntax::Environment }) => format!("ENV {text:?}"),
        NodeKind::List(items) => format!("[{}]", items.iter().map(|item| shown(item)).collect::<Vec<_>>().join(", ")),
        NodeKind::Map(entries) => {
            let entries = entries.iter().map(|entry| format!("{}: {}", entry.key, shown(&entry.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

#[track_caller]
fn check(text: &str, expected: &str) {
    let shown = match compose("app.yaml", text) {
        Ok(node) => shown(&node),
        Err(note) => note.to_string(),
    };
    assert_eq!(shown, expected, "{text}");
}

/// What OmegaConf 2 makes of each.
#[test]
fn scalars_without_quotes_mean_what_they_mean_to_the_python_library() {
    for (texts, expected) in [
        (&["", "~", "null", "Null", "NULL"][..], "null"),
        (&["yes", "Yes", "YES", "on", "On", "true", "TRUE"], "true"),
        (&["no", "No", "off", "OFF", "False"], "false"),
        (&["8", "+8", "010", "0b1000", "0x8", "0_10", "8_"], "8"),
        (&["-3", "-0b11", "-03", "-0x3"], "-3"),
        (&["0", "00", "-0", "0_"], "0"),
        (&["90", "1:30", "1_:30"], "90"),
        (&["1000.0", "1e3", "1E3", "1.0e+3", "1_000.", "+1e3"], "1000.0"),
        (&["500.0", ".5e+3"], "500.0"),
        (&["90.5", "1:30.5"], "90.5"),
        (&["-0.5", "-0.5_"], "-0.5"),
        (&[".inf", "+.Inf"], "inf"),
        (&["-.INF"], "-inf"),
        (&[".nan", ".NaN"], "NaN"),
    ] {
        for text in texts {
            check(&format!("a: {text}"), &format!("{{a: {expected}}}"));
        }
    }
    for text in [
        "yEs",
        "y",
        "N",
        "nULL",
        "08",
        "0o10",
        "0x",
        "+0x",
        "1:60",
        "01:30",
        "-.5",
        ".5e3",
        "1e",
        "e3",
        "+",
        "-.",
        "._",
        "1.2.3",
        "2024-01-02",
        "2024-01-02T03:04:05Z",
        "12:30:45.1.2",
        "$HOST",
        "=",
        "1 2",
        "ñ",
    ] {
        check(&format!("a: {text}"), &format!("{{a: {text:?}}}"));
    }
    check("a: '%(HOST)s'", "{a: \"%(HOST)s\"}");
}

#[test]
fn quotes_and_blocks_make_strings() {
    check("a: '010'", "{a: \"010\"}");
    check("a: \"x\\ty\\u00fc\"", "{a: \"x\\tyü\"}");
    check("a: |\n  x\n  y\nb: >-\n  x\n  y\n", "{a: \"x\\ny\\n\", b: \"x y\"}");
    check("a: |\n  x", "{a: \"x\"}");
}

#[test]
fn tags_say_what_a_scalar_is() {
    check("a: !!str 8", "{a: \"8\"}");
    check("a: ! 8", "{a: \"8\"}");
    check("a: !!int '8'", "{a: 8}");
    check("a: !!float 8", "{a: 8.0}");
    check("a: !!timestamp 2024-01-02", "{a: date 2024-01-02}");
    check("a: !!null x", "{a: null}");
    check("a: !ENV HOST", "{a: ENV \"HOST\"}");
    check("a: !env 'tcp://${HOST}'", "{a: ENV \"tcp://${HOST}\"}");
    check("a: !!seq [1]\nb: !!map {c: 1}", "{a: [1], b: {c: 1}}");
    check("a: !!int hunter2", "app.yaml:1:10: error: not a value of the tag `!!int`");
    let unknown = "error: a tag that TOML has no value for; the tags `!!str`, `!!int`, `!!float`, `!!bool`, `!!null`, \
                   `!!timestamp`, `!!seq`, `!!map` and `!ENV` are known";
    check("a: !!python/object:os.system x", &format!("app.yaml:1:30: {unknown}"));
    check("a: !hunter2 x", &format!("app.yaml:1:13: {unknown}"));
    check("a: !!set {x}", &format!("app.yaml:1:10: {unknown}"));
}

#[test]
fn aliases_and_merge_keys_are_resolved() {
    check("a: &x {b: 1}\nc: *x", "{a: {b: 1}, c: {b: 1}}");
    check("a: &x {b: 1, c: 2}\nd: {<<: *x, b: 3}", "{a: {b: 1, c: 2}, d: {c: 2, b: 3}}");
    check("d: {b: 3, <<: [{b: 1, c: 1}, {c: 2, e: 2}]}", "{d: {c: 1, e: 2, b: 3}}");
    check("d: {'<<': 1}", "{d: {<<: 1}}");
    check("a: &x [*x]", "app.yaml:1:8: error: an alias inside of what it stands for");
    check("a: *x", "app.yaml:1:4: error: an alias without an anchor");
    check("a: {<<: 1}", "app.yaml:1:9: error: `<<` takes a map or a list of maps, found an integer");
}

#[test]
fn keys_are_strings() {
    check("1: a\nyes: b\n2.5: c\n~: d", "{1: \"a\", yes: \"b\", 2.5: \"c\", ~: \"d\"}");
    check("!!int 010: a", "{8: \"a\"}");
    check("[a]: b", "app.yaml:1:1: error: a key cannot be a list");
    check("a: 1\nb: 2\na: 3", "app.yaml:3:1: error: the key `a` is given twice, first at app.yaml:1:1");
}

#[test]
fn mistakes_have_places_and_no_text_of_the_file() {
    check("a: 'hunter2", "app.yaml:1:4: error: not valid YAML: a quote is never closed");
    check("a: [hunter2", "app.yaml:1:4: error: not valid YAML: a bracket is never closed");
    check("a:\n\tb: hunter2", "app.yaml:2:2: error: not valid YAML: a tab where spaces belong");
    check("a: 1\n b: hunter2", "app.yaml:2:3: error: not valid YAML");
    check(
        "a: @hunter2",
        "app.yaml:1:4: error: not valid YAML: a value cannot begin with this character without quotes",
    );
    check("a: 1\n---\nb: 2", "app.yaml:3:1: error: a second document in the file");
    check(&"[".repeat(70), "app.yaml:1:65: error: nested too deeply");
    check("", "null");
    check("\u{feff}# only a comment\n", "null");
}

#[test]
fn aliases_do_not_make_more_of_a_file_than_it_is() {
    let mut text = "a0: &a0 [x, x]\n".to_owned();
    for level in 1..60 {
        let below = level - 1;
        writeln!(text, "a{level}: &a{level} [*a{below}, *a{below}]").unwrap();
    }
    assert!(compose("app.yaml", &text).is_ok());
    let mut text = "a0: &a0 {x0: 1}\n".to_owned();
    for level in 1..2_000 {
        let below = level - 1;
        writeln!(text, "a{level}: &a{level} {{<<: *a{below}, x{level}: 1}}").unwrap();
    }
    let note = compose("app.yaml", &text).expect_err("it is too much");
    assert_eq!(note.to_string(), "app.yaml:447:13: error: merge keys copy more than 100000 entries");
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}", lines in prop::collection::vec("[ \\t]{0,3}[-a?:&*!<|>'\"{}\\[\\],%@#~]{0,5}[ab:]{0,3}", 0..8)) {
        let _ = compose("app.yaml", &text);
        let _ = compose("app.yaml", &lines.join("\n"));
    }
}
