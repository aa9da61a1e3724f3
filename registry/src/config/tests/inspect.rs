//! All problems at once, with and without the environment.

use super::support::{Catalogue, Fixture};
use crate::config::{Environment, LoadRequest, inspect};

/// The problems of an inspection that may look at the environment, or may not.
#[track_caller]
fn check(fixture: &Fixture, environment: bool, needed: &[&str], expected: &[&str]) {
    let mut request = fixture.whole_request();
    if !environment {
        request = LoadRequest { environment: Environment::Unknown, ..request };
    }
    let needed: Vec<_> = needed.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(fixture.lines(&inspect(&request, &Catalogue, &needed).problems), expected);
}

const UNSET: &str = "[connections.a]\ntype = 'db'\nurl = '${env:URL}'\nport = '${env:PORT}'\npasword = ''\n\
                     [connections.b]\ntype = 'cache'\nhost = '${file:host}'\nenabled = '${env:B}'\n\
                     [connections.b.lifecycle]\nconnect_timeout = '${env:TIMEOUT}'\n\
                     retry = { base = '5s', max = '${env:MAX}' }\n\
                     [connections.c]\ntype = 'db'\nurl = '${env:URL}'\nport = '${env:PORT}'\n";

#[test]
fn without_the_environment_placeholders_are_checked_in_everything_but_their_values() {
    check(&Fixture::new(UNSET), false, &[], &["connections.toml:5:1: [CR005]: unknown key `pasword`"]);
}

#[test]
fn without_the_environment_no_variable_counts() {
    let fixture = Fixture::new("[connections.a]\ntype = 'cache'\nhost = ''\nlifecycle.check_fall = '${env:FALL}'\n")
        .variable("CONNECTIONS_PROFILE", "gone")
        .variable("CONNECTIONS__A__HOTS", "x")
        .variable("FALL", "0");
    check(&fixture, false, &["a"], &[]);
    check(
        &fixture,
        true,
        &["a"],
        &[
            "connections.toml:4:24: [CR008]: `check_fall` must be at least 1",
            "CONNECTIONS_PROFILE:1:21: [CR016]: there is no profile `gone`",
            "CONNECTIONS__A__HOTS:1:17: [CR005]: unknown key `hots`",
        ],
    );
}

#[test]
fn with_the_environment_every_placeholder_is_resolved_beside_the_other_problems() {
    check(
        &Fixture::new(UNSET).variable("PORT", "canary"),
        true,
        &[],
        &[
            "connections.toml:5:1: [CR005]: unknown key `pasword`",
            "connections.toml:8:9: [CR012]: file `host` is missing or empty",
            "connections.toml:9:12: [CR012]: environment variable `B` is not set",
            "connections.toml:11:20: [CR012]: environment variable `TIMEOUT` is not set",
            "connections.toml:12:31: [CR012]: environment variable `MAX` is not set",
            "connections.toml:15:8: [CR012]: environment variable `URL` is not set",
            "connections.toml:16:8: [CR007]: `port` must be a whole number from 0 to 65535",
        ],
    );
}

#[test]
fn what_a_template_takes_from_its_names_is_no_problem() {
    let fixture =
        Fixture::new("[connections.'t/{id}']\ntype = 'db'\nurl = '${name:id}${env:URL}'\nport = '${name:id}'\n");
    check(&fixture, true, &[], &["connections.toml:3:18: [CR012]: environment variable `URL` is not set"]);
    check(&fixture.variable("URL", "x"), true, &["t/42"], &[]);
}

#[test]
fn every_name_that_a_program_needs_is_there_and_enabled() {
    let fixture = Fixture::new(
        "[connections.primary]\ntype = 'cache'\nhost = ''\n[connections.off]\ntype = 'cache'\nhost = ''\nenabled = false\n\
         [connections.'t/{id}']\ntype = 'cache'\nhost = ''\n",
    );
    check(
        &fixture,
        false,
        &["primary", "t/1", "primray", "off", "t/{id}"],
        &[
            "connections.toml: [CR013]: there is no connection `primray`",
            "connections.toml: [CR013]: there is no connection `t/{id}`",
            "connections.toml:7:11: [CR013]: connection `off` is disabled",
        ],
    );
}

#[test]
fn a_file_with_a_syntax_error_has_that_problem_alone() {
    let fixture = Fixture::new("[connections.a\n");
    let problems = inspect(&fixture.whole_request(), &Catalogue, &["b".to_owned()]).problems;
    assert!(problems.iter().all(|problem| problem.code() == "CR001") && !problems.is_empty());
}
