//! A diagnostic as data: accessors, labels, and how long it takes to make many.

use std::time::{Duration, Instant};

use super::{super::Label, *};

#[track_caller]
fn check(diagnostic: &Diagnostic, expected: &str) {
    assert_eq!(diagnostic.to_string(), expected);
}

#[test]
fn display_is_one_line_with_what_is_known_of_the_place() {
    let file = File::new("[a]\nport = 1\n");
    let placed = Problem::new(Code::UnknownKey, file.span("port"), "unknown key `port`");
    check(&file.report(placed), "connections.toml:2:1: error[CR005]: unknown key `port`");
    let missing = Problem::without_place(Code::Unreadable, "no such file");
    check(&file.report(missing.clone()), "error[CR002]: no such file");
    check(&file.report(missing.file("app.toml")), "app.toml: error[CR002]: no such file");
}

#[test]
fn what_nobody_can_see_is_escaped_in_every_text() {
    let mut sources = Sources::default();
    let id = sources.add("a\u{202e}.toml", "x = 1", SourceKind::File);
    let span = Span::new(id, 0..1);
    let problem = Problem::new(Code::InvalidName, span, "line\nbreak")
        .label("\u{1b}[31m")
        .also(span, "\u{200b}")
        .key_path("a.\u{2066}b")
        .help("x\ty");
    let diagnostic = report(vec![problem], &sources, &HashSet::new()).remove(0);
    check(&diagnostic, "a\\u{202e}.toml:1:1: error[CR009]: line\\nbreak");
    assert_eq!(diagnostic.key_path(), Some("a.\\u{2066}b"));
    assert_eq!(diagnostic.help(), Some("x\\ty"));
    let texts: Vec<_> = diagnostic.labels().iter().map(Label::text).collect();
    assert_eq!(texts, ["\\u{1b}[31m", "\\u{200b}"]);
}

#[test]
fn labels_are_the_place_itself_and_then_the_related_ones() {
    let file = File::new("[a]\n[b]\n[a]\n");
    let problem =
        Problem::new(Code::Duplicate, file.at(8..11), "`a` is declared twice").also(file.span("[a]"), "first");
    let labels = file.report(problem).labels().to_vec();
    let places: Vec<_> = labels.iter().map(|label| (label.line(), label.column(), label.end_column())).collect();
    assert_eq!(places, [(3, 1, 4), (1, 1, 4)]);
    assert_eq!(labels[1].file(), "connections.toml");
}

#[test]
fn the_length_of_a_hidden_value_is_not_told() {
    let file = File::new("password = \"hunter2\"\nprt = 1");
    let ends = ["\"hunter2\"", "unter", "prt"].map(|part| {
        let problem = Problem::new(Code::WrongType, file.span(part), "wrong");
        let label = file.report(problem).labels()[0].clone();
        label.end_column() - label.column()
    });
    assert_eq!(ends, [1, 1, 3]);
}

#[test]
fn diagnostics_are_in_file_order() {
    let file = File::new("a = 1\nb = 2\n");
    let problem = |part: &str| Problem::new(Code::UnknownKey, file.span(part), format!("unknown key `{part}`"));
    let reports = file.report_all(vec![problem("b"), Problem::without_place(Code::Cycle, "x"), problem("a")], &[]);
    let lines: Vec<_> = reports.iter().map(Diagnostic::line).collect();
    assert_eq!(lines, [0, 1, 2]);
}

#[test]
fn spans_beyond_the_text_or_inside_a_character_are_harmless() {
    let file = File::new("ä = 1");
    for range in [0..1, 1..2, 3..900, 900..901, Range { start: 2, end: 1 }] {
        let diagnostic = file.report(Problem::new(Code::Syntax, file.at(range), "broken"));
        assert_eq!(diagnostic.line(), 1);
    }
}

#[test]
fn a_file_nested_ten_thousand_deep_is_reported_and_overflows_no_stack() {
    let file = File::new(&format!("a = {}", "[".repeat(10_000)));
    let diagnostic = file.report(Problem::new(Code::Syntax, file.at(84..85), "nested too deeply"));
    check(&diagnostic, "connections.toml:1:85: error[CR001]: nested too deeply");
}

#[track_caller]
fn check_speed(text: &str, problems: usize) {
    let file = File::new(text);
    let step = text.len() / problems;
    let problems =
        (0..problems).map(|at| Problem::new(Code::UnknownKey, file.at(at * step..at * step + 3), "unknown")).collect();
    let start = Instant::now();
    let reports = file.report_all(problems, &[]);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?} for {}", start.elapsed(), reports.len());
}

#[test]
fn ten_thousand_problems_take_no_longer_than_the_file_is_long() {
    check_speed(&"[connections.a]\nurl = 'hunter2' # x\n".repeat(50_000), 10_000);
}

#[test]
fn ten_thousand_problems_in_one_line_take_no_longer() {
    check_speed(&format!("a = [{}]", "'hunter2', ".repeat(150_000)), 10_000);
}

#[cfg(not(feature = "diagnostics"))]
#[test]
fn without_its_feature_a_rendered_error_has_one_line_for_each_problem_and_its_help() {
    let file = File::new("a = 1");
    let problem = Problem::new(Code::UnknownKey, file.span("a"), "unknown key `a`").help("remove it");
    let error = crate::Error::configuration("invalid configuration", vec![file.report(problem)]);
    let expected = "invalid configuration\nconnections.toml:1:1: error[CR005]: unknown key `a`\n  help: remove it";
    assert_eq!(error.render(), expected);
}
