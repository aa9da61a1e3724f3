//! One mistake each.

use super::support::Fixture;

#[track_caller]
fn check(main: &str, expected: &[&str]) {
    Fixture::new(main).check(expected);
}

#[test]
fn syntax_errors_come_alone_and_all_at_once() {
    check(
        "[connections.a\ntype = 1\n[connections.b]\nurl = hunter2\n",
        &[
            "connections.toml:1:15: [CR001]: not valid TOML: unclosed table",
            "connections.toml:4:7: [CR001]: not valid TOML: string values must be quoted",
        ],
    );
}

#[test]
fn a_name_or_key_given_twice_names_both_places_and_the_rest_is_checked() {
    check(
        "[connections.a]\ntype = 'db'\nurl = ''\nurl = ''\n[connections.a]\ntimeout = 5\n",
        &[
            "connections.toml:4:1: [CR003]: duplicate key `url`",
            "connections.toml:5:14: [CR003]: connection `a` is declared twice",
            "connections.toml:6:11: [CR007]: `timeout` must be a duration such as \"5s\" or \"1h 30m\", found an integer",
        ],
    );
}

#[test]
fn a_connection_that_is_given_twice_as_a_whole_is_one_problem() {
    check(
        "[connections.a]\ntype = 'db'\nurl = ''\n[connections.a]\ntype = 'db'\nurl = ''\nurl = ''\n",
        &["connections.toml:4:14: [CR003]: connection `a` is declared twice"],
    );
}

#[test]
fn names_that_cannot_be_told_apart_or_typed_are_refused() {
    check(
        "[connections.Main]\ntype = 'cache'\nhost = ''\n[connections.main]\ntype = 'cache'\nhost = ''\n",
        &["connections.toml:4:14: [CR003]: connections `main` and `Main` differ in upper and lower case alone"],
    );
    check(
        "[connections.\"\"]\ntype = 'cache'\nhost = ''\n[connections.\"a\\u202Eb\"]\ntype = 'cache'\nhost = ''\n",
        &[
            "connections.toml:1:14: [CR009]: a connection cannot be called ``: it is empty",
            "connections.toml:4:14: [CR009]: a connection cannot be called `a\\u{202e}b`: it has an invisible character",
        ],
    );
}

#[test]
fn a_type_that_is_missing_or_unknown_comes_with_the_linked_ones() {
    let fixture = Fixture::new("[connections.a]\n[connections.b]\ntype = 'dbb'\n[connections.c]\ntype = 5\n");
    fixture.check(&[
        "connections.toml:1:1: [CR006]: missing key `type`",
        "connections.toml:3:8: [CR004]: unknown connection type `dbb`",
        "connections.toml:5:8: [CR007]: `type` must be a string, found an integer",
    ]);
    let help = |at: usize| fixture.load().unwrap_err()[at].help().map(str::to_owned);
    assert_eq!(help(0).as_deref(), Some("linked types: app, cache, db"));
    assert_eq!(
        help(1).as_deref(),
        Some("did you mean `db`? linked types: app, cache, db; is its crate linked? add `use the_crate as _;`")
    );
}

#[test]
fn reserved_keys_have_their_types_and_take_no_placeholders() {
    check(
        "[connections.a]\ntype = '${env:T}'\nextends = ['x']\nenabled = 'yes'\nlifecycle = 5\nconfig_file = '${file:x}'\n",
        &[
            "connections.toml:2:8: [CR010]: a placeholder is not allowed here",
            "connections.toml:3:11: [CR007]: `extends` must be a string, found an array",
            "connections.toml:4:11: [CR007]: `enabled` must be a boolean, found a string",
            "connections.toml:5:13: [CR007]: `lifecycle` must be a table, found an integer",
            "connections.toml:6:15: [CR010]: a placeholder is not allowed here",
        ],
    );
}

#[test]
fn unknown_keys_at_the_top_and_wrong_tables_are_found() {
    check(
        "connection = 1\ninclude = 'x'\ndefaults = 5\n[connections]\na = 5\n",
        &[
            "connections.toml:1:1: [CR005]: unknown key `connection`",
            "connections.toml:2:11: [CR007]: `include` must be an array of strings, found a string",
            "connections.toml:3:12: [CR007]: `defaults` must be a table, found an integer",
            "connections.toml:5:5: [CR007]: `a` must be a table, found an integer",
        ],
    );
}

#[test]
fn malformed_placeholders_are_found_at_load_inside_their_strings() {
    let fixture = Fixture::new("[connections.a]\ntype = 'db'\nurl = 'x${A}'\ntags = ['${env:', \"\\t${evn:A}\"]\n");
    fixture.check(&[
        "connections.toml:3:9: [CR010]: a placeholder without a scheme",
        "connections.toml:4:10: [CR010]: a `${` is never closed",
        "connections.toml:4:19: [CR011]: unknown placeholder scheme `evn`",
    ]);
    let problems = fixture.load().map(|_| ()).unwrap_err();
    let key_paths: Vec<_> = problems.iter().filter_map(|problem| problem.key_path()).collect();
    assert_eq!(key_paths, ["connections.a.url", "connections.a.tags[0]", "connections.a.tags[1]"]);
}

#[test]
fn a_mistake_in_defaults_is_reported_once_at_its_place() {
    check(
        "[defaults.db]\nprot = 1\n[defaults.bd]\n[defaults.cache]\nenabled = true\n\
         [connections.a]\ntype = 'db'\nurl = ''\n[connections.b]\ntype = 'db'\nurl = ''\n",
        &[
            "connections.toml:2:1: [CR005]: unknown key `prot`",
            "connections.toml:3:11: [CR004]: unknown connection type `bd`",
            "connections.toml:5:1: [CR008]: `enabled` is not allowed here",
        ],
    );
}

#[test]
fn a_disabled_connection_is_checked_and_its_type_need_not_be_linked() {
    Fixture::new("[connections.a]\nenabled = false\ntype = 'mongo'\nurl = 1\n").valid();
    check(
        "[connections.a]\nenabled = false\ntype = 'db'\nport = 'x'\nprot = 1\n",
        &[
            "connections.toml:1:1: [CR006]: missing key `url`",
            "connections.toml:4:8: [CR007]: `port` must be a whole number from 0 to 65535, found a string",
            "connections.toml:5:1: [CR005]: unknown key `prot`",
        ],
    );
}

#[test]
fn a_misspelled_key_of_every_connection_is_suggested_beside_those_of_the_type() {
    let problems =
        Fixture::new("[connections.a]\ntype = 'cache'\nhost = ''\nenabld = true\n").load().map(|_| ()).unwrap_err();
    let help = problems[0].help().unwrap();
    assert!(help.starts_with("did you mean `enabled`? known keys: "), "{help}");
}
