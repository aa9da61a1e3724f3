//! The report for people, as text.

use super::*;
use crate::{diagnostic::render, error::Error};

#[track_caller]
fn check(diagnostics: &[Diagnostic], expected: &str) {
    assert_eq!(render(diagnostics), expected.trim_start_matches('\n'));
}

#[test]
fn a_report_has_the_masked_line_a_caret_the_key_and_the_help() {
    let file = File::new("[connections.a]\ntype = \"redsi\" # hunter2\n");
    let span = file.span("\"redsi\"");
    let problem = Problem::new(Code::UnknownType, span, "unknown connection type `redsi`")
        .label("not linked into this program")
        .key_path("connections.a.type")
        .help("did you mean `redis`?");
    check(
        &file.report_all(vec![problem], &[span]),
        r#"
error[CR004]: unknown connection type `redsi`
 --> connections.toml:2:8
  |
2 | type = "redsi" # ***
  |        ^^^^^^^ not linked into this program
  |
  = note: the key is `connections.a.type`
  = help: did you mean `redis`?"#,
    );
}

#[test]
fn a_caret_under_a_hidden_value_has_the_width_of_its_mask_and_the_place_of_the_value() {
    let file = File::new("a = { b = \"hunter2hunter2\", port = \"hunter2\" }\n");
    let problem = Problem::new(Code::WrongType, file.at(35..44), "expected an integer, found a string");
    check(
        &[file.report(problem)],
        r#"
error[CR007]: expected an integer, found a string
 --> connections.toml:1:36
  |
1 | a = { b = "***", port = "***" }
  |                         ^^^^^"#,
    );
}

#[test]
fn related_places_have_snippets_of_their_own() {
    let mut sources = Sources::default();
    let main = sources.add("connections.toml", "[connections.a]\ntype = 'x'\n\n[connections.a]", SourceKind::File);
    let other = sources.add("conf.d/a.toml", "[connections.a]\n", SourceKind::File);
    let problem = Problem::new(Code::Duplicate, Span::new(main, 28..43), "connection `a` is declared three times")
        .also(Span::new(main, 0..15), "first declared here")
        .also(Span::new(other, 0..15), "and here");
    check(
        &report(vec![problem], &sources, &HashSet::new()),
        r#"
error[CR003]: connection `a` is declared three times
 --> connections.toml:4:1
  |
4 | [connections.a]
  | ^^^^^^^^^^^^^^^
  |
 ::: connections.toml:1:1
  |
1 | [connections.a]
  | --------------- first declared here
  |
 ::: conf.d/a.toml:1:1
  |
1 | [connections.a]
  | --------------- and here"#,
    );
}

#[test]
fn problems_without_a_place_name_their_file() {
    let file = File::new("");
    let problem = Problem::without_place(Code::Unreadable, "cannot read the configuration: no such file");
    let reports = [
        problem.clone().file("app.toml").help("create it"),
        problem.clone().file("app.toml"),
        problem.clone().help("create it"),
        problem,
    ]
    .map(|problem| file.report(problem));
    check(
        &reports,
        r#"
error[CR002]: cannot read the configuration: no such file
--> app.toml
 = help: create it

error[CR002]: cannot read the configuration: no such file
--> app.toml

error[CR002]: cannot read the configuration: no such file
 |
 = help: create it

error[CR002]: cannot read the configuration: no such file"#,
    );
}

#[test]
fn wide_and_invisible_characters_keep_the_caret_in_place() {
    let file = File::new("\t\"日本\u{202e}\" = 'hunter2'\n");
    let problem = Problem::new(Code::InvalidName, file.span("\"日本\u{202e}\""), "the name `日本\u{202e}` is refused")
        .label("\u{1b}[31m");
    check(
        &[file.report(problem)],
        r#"
error[CR009]: the name `日本\u{202e}` is refused
 --> connections.toml:1:2
  |
1 |     "日本\u{202e}" = '***'
  |     ^^^^^^^^^^^^^^ \u{1b}[31m"#,
    );
}

#[test]
fn an_end_of_file_has_a_caret() {
    let file = File::broken("a = [\n");
    let problem = Problem::new(Code::Syntax, file.at(6..6), "the array is not closed");
    check(&[file.report(problem)], "error[CR001]: the array is not closed\n --> connections.toml:2:1\n  |\n2 |\n  | ^");
}

#[test]
fn an_error_is_rendered_with_its_summary_first() {
    let file = File::new("a = 1");
    let reports = file.report_all(vec![Problem::new(Code::UnknownKey, file.span("a"), "unknown key `a`")], &[]);
    let expected = format!("invalid configuration\n\n{}", render(&reports));
    assert_eq!(Error::configuration("invalid configuration", reports).render(), expected);
}
