//! `extends` and `config_file`.

use super::support::Fixture;

#[test]
fn a_connection_takes_every_key_of_the_one_that_it_extends() {
    let fixture = Fixture::of(&[
        (
            "connections.toml",
            "[defaults.db]\nport = 1\ntimeout = '9s'\n[defaults.lifecycle]\ncheck_fall = 7\ncheck_rise = 7\n\
             [connections.c]\nextends = 'b'\nport = 5\n\
             [connections.b]\nextends = 'a'\npool.max = 3\nlifecycle.check_fall = 8\n\
             [connections.a]\ntype = 'db'\nconfig_file = 'a.toml'\npool.min = 2\nlifecycle.required = false\n",
        ),
        ("a.toml", "url = 'file'\nport = 2\npool = { min = 1, max = 1 }\n"),
    ]);
    let db = fixture.instance("c").db();
    assert_eq!((&*db.url, db.port, db.pool.min, db.pool.max), ("file", 5, 2, 3));
    assert_eq!(db.timeout, Some(std::time::Duration::from_secs(9)));
    let lifecycle = fixture.valid().find("c").unwrap().lifecycle;
    assert_eq!((lifecycle.required, lifecycle.check_fall, lifecycle.check_rise), (false, 8, 7));
}

#[test]
fn being_disabled_is_inherited_with_its_place() {
    let fixture = Fixture::new(
        "[connections.a]\ntype = 'cache'\nhost = ''\nenabled = false\n[connections.b]\nextends = 'a'\n\
         [connections.c]\nextends = 'a'\nenabled = true\n",
    );
    let configuration = fixture.valid();
    let enabled: Vec<_> = configuration.connections().iter().map(|declared| declared.enabled).collect();
    assert_eq!(enabled, [false, false, true]);
    assert!(configuration.find("b").unwrap().enabled_at().unwrap().ends_with("connections.toml:4:11"));
    assert!(configuration.find("b").unwrap().declared_at().ends_with("connections.toml:5:14"));
}

#[test]
fn unknown_targets_and_cycles_are_reported_once_and_hide_nothing_else() {
    Fixture::new(
        "[connections.a]\nextends = 'b'\n[connections.b]\nextends = 'c'\n[connections.c]\nextends = 'b'\n\
         [connections.d]\nextends = 'd'\n[connections.e]\nextends = 'x'\n[connections.f]\ntype = 'cache'\n",
    )
    .check(&[
        "connections.toml:4:11: [CR014]: `extends` leads back to its start: b → c → b",
        "connections.toml:8:11: [CR014]: `extends` leads back to its start: d → d",
        "connections.toml:10:11: [CR013]: there is no connection `x`",
        "connections.toml:11:1: [CR006]: missing key `host`",
    ]);
}

#[test]
fn a_file_of_fields_has_fields_alone_and_is_read_once() {
    Fixture::of(&[
        (
            "connections.toml",
            "[connections.a]\ntype = 'db'\nconfig_file = 'f.toml'\n[connections.b]\ntype = 'db'\nconfig_file = 'f.toml'\n\
             [connections.c]\ntype = 'db'\nconfig_file = '../f.toml'\n[connections.d]\ntype = 'db'\nconfig_file = 'gone'\n\
             [connections.e]\ntype = 'db'\nconfig_file = 'broken.toml'\n",
        ),
        ("f.toml", "type = 'db'\nport = true\nurl = ''\n"),
        ("broken.toml", "url = \n"),
    ])
    .check(&[
        "connections.toml:9:15: [CR008]: the path leaves the configuration's folder",
        "connections.toml:12:15: [CR002]: cannot read `gone`: it does not exist",
        "f.toml:1:1: [CR008]: `type` is not allowed here",
        "f.toml:2:8: [CR007]: `port` must be a whole number from 0 to 65535, found a boolean",
        "broken.toml:1:7: [CR001]: not valid TOML: missing value",
    ]);
}

#[test]
fn a_chain_of_any_length_is_followed() {
    let mut text = "[connections.n0]\ntype = 'cache'\nhost = 'h'\n".to_owned();
    for at in 1..20_000 {
        text.push_str(&format!("[connections.n{at}]\nextends = 'n{}'\n", at - 1));
    }
    assert_eq!(Fixture::new(&text).valid().connections().len(), 20_000);
}

#[test]
fn a_configuration_cannot_ask_for_more_memory_than_its_size_explains() {
    let mut text = format!("[connections.a]\ntype = 'cache'\nhost = '{}'\n", "x".repeat(1024 * 1024));
    for at in 0..600 {
        text.push_str(&format!("[connections.n{at}]\nextends = 'a'\n"));
    }
    Fixture::new(&text).check(&["connections.toml:258:1: [CR008]: the configuration inherits more than 128 MiB"]);
}
