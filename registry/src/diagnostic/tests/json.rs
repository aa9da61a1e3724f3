//! Diagnostics as JSON.

use super::*;
use crate::{
    diagnostic::to_json,
    error::{Error, ErrorKind},
};

#[test]
fn a_diagnostic_has_its_keys_in_a_stable_order() {
    let file = File::new("[connections.a]\nprot = 5432\n");
    let problem = Problem::new(Code::UnknownKey, file.span("prot"), "unknown key `prot`")
        .label("no such field")
        .key_path("connections.a.prot")
        .help("did you mean `port`?");
    let expected = concat!(
        r#"[{"code":"CR005","message":"unknown key `prot`","file":"connections.toml","#,
        r#""line":2,"column":1,"end_column":5,"#,
        r#""key_path":"connections.a.prot","help":"did you mean `port`?","labels":["#,
        r#"{"file":"connections.toml","line":2,"column":1,"end_column":5,"text":"no such field","#,
        r#""snippet":{"text":"prot = ***","column":1,"end_column":5}}]}]"#,
    );
    assert_eq!(to_json(&[file.report(problem)]), expected);
}

#[test]
fn a_problem_without_a_place_has_zeros_and_nulls() {
    let problem = Problem::without_place(Code::Unreadable, "no such file").file("app.toml");
    let expected = concat!(
        r#"[{"code":"CR002","message":"no such file","file":"app.toml","line":0,"column":0,"end_column":0,"#,
        r#""key_path":null,"help":null,"labels":[]}]"#,
    );
    assert_eq!(to_json(&[File::new("").report(problem)]), expected);
}

#[test]
fn an_error_without_diagnostics_is_one_object() {
    let error = Error::new(ErrorKind::NotFound, "no connection `a`").for_connection("a");
    assert_eq!(error.to_json(), r#"[{"kind":"not_found","connection":"a","message":"no connection `a`"}]"#);
}

#[test]
fn an_error_with_diagnostics_is_their_array() {
    let file = File::new("a = 1");
    let reports = file.report_all(vec![Problem::new(Code::UnknownKey, file.span("a"), "unknown key `a`")], &[]);
    let expected = to_json(&reports);
    assert_eq!(Error::configuration("invalid", reports).to_json(), expected);
}
