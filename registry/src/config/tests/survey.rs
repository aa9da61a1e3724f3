//! What is shown of a connection, value by value.

use std::sync::Arc;

use serde::Deserialize;

use super::support::{Catalogue, Fixture};
use crate::{
    Secret,
    config::{Entry, Field, Origin, OriginKind, Place, Reader, TypeInfo, Types, Visibility, survey},
};

/// The keys and fields of the connection `name`, and the settings of its lifecycle that are not the defaults, each as
/// `key = value (origin)`.
#[track_caller]
fn check(fixture: &Fixture, name: &str, expected: &[&str]) {
    let survey = survey(&fixture.whole_request(), &Catalogue).unwrap_or_else(|problems| panic!("{problems:?}"));
    let connection = survey.find(name).unwrap();
    let lifecycle = connection.lifecycle.iter().filter(|entry| entry.origin.kind != OriginKind::Default);
    let entries = connection.keys.iter().chain(&connection.fields).chain(lifecycle);
    let folder = format!("{}{}", fixture.path().display(), std::path::MAIN_SEPARATOR);
    let lines: Vec<_> = entries.map(|entry| line(entry).replace(&folder, "")).collect();
    assert_eq!(lines, expected);
}

fn line(entry: &Entry) -> String {
    let Entry { key, value, content: _, origin: Origin { kind, place, name, inherited_from } } = entry;
    let place = place.as_ref().map(|Place { file, line, column }| format!(" {file}:{line}:{column}"));
    let name = name.as_ref().map(|name| format!(" {name}"));
    let inherited = inherited_from.as_ref().map(|table| format!(" from {table}"));
    let [place, name, inherited] = [place, name, inherited].map(Option::unwrap_or_default);
    format!("{key} = {} ({kind:?}{place}{name}{inherited})", value.as_deref().unwrap_or("?"))
}

#[test]
fn every_value_has_its_origin() {
    let main = "include = ['more.toml']\n[defaults.lifecycle]\ncheck_fall = 5\n[defaults.db]\nport = 1\n\
                [connections.a]\ntype = 'db'\nurl = ''\ntimeout = 3\nlifecycle.start = 'eager'\n\
                [connections.b]\nextends = 'a'\nconfig_file = 'fields.toml'\nlifecycle.check_rise = 4\n";
    let fixture = Fixture::of(&[
        ("connections.toml", &main.replace("timeout = 3", "timeout = '3s'")),
        ("connections.red.toml", "[connections.b]\npool.max = 7\n"),
        ("more.toml", "[connections.c]\ntype = 'cache'\nhost = ''\n"),
        ("fields.toml", "tags = ['x']\n"),
    ]);
    let fixture =
        fixture.profile("red").variable("CONNECTIONS__B__PORT", "9").variable("CONNECTIONS__B__ENABLED", "true");
    check(
        &fixture,
        "b",
        &[
            "type = db (File connections.toml:7:1 from connections.a)",
            "enabled = true (Variable CONNECTIONS__B__ENABLED)",
            "extends = a (File connections.toml:12:1)",
            "config_file = fields.toml (File connections.toml:13:1)",
            "url = \"\" (File connections.toml:8:1 from connections.a)",
            "password = ? (Default)",
            "port = 9 (Variable CONNECTIONS__B__PORT)",
            "timeout = 3s (File connections.toml:9:1 from connections.a)",
            "pool.max = 7 (Profile connections.red.toml:2:6 red)",
            "tags[0] = x (File fields.toml:1:9)",
            "start = eager (File connections.toml:10:11 from connections.a)",
            "check_fall = 5 (File connections.toml:3:1 from defaults.lifecycle)",
            "check_rise = 4 (File connections.toml:14:11)",
        ],
    );
    check(
        &fixture,
        "c",
        &[
            "type = cache (File more.toml:2:1)",
            "enabled = true (Default)",
            "host = \"\" (File more.toml:3:1)",
            "check_fall = 5 (File connections.toml:3:1 from defaults.lifecycle)",
        ],
    );
}

#[test]
fn what_is_no_secret_is_shown_and_placeholders_are_as_they_are_written() {
    let fixture = Fixture::new(
        "[connections.a]\ntype = 'db'\nport = 5432\nurl = 'x${env:A:-canary}y'\npassword = '${file:pw}'\npool = { min = 1 }\n\
         tags = []\nlifecycle.idle_timeout = '${env:B:-5s}'\n\
         [connections.app]\ntype = 'app'\ndb = 'a'\nenabled = '${env:C:-true}'\n",
    );
    check(
        &fixture,
        "a",
        &[
            "type = db (File connections.toml:2:1)",
            "enabled = true (Default)",
            "url = ***${env:A:-***}*** (File connections.toml:4:1)",
            "password = ${file:pw} (File connections.toml:5:1)",
            "port = 5432 (File connections.toml:3:1)",
            "timeout = ? (Default)",
            "pool.min = 1 (File connections.toml:6:10)",
            "tags = [] (File connections.toml:7:1)",
            "idle_timeout = ${env:B:-***} (File connections.toml:8:11)",
        ],
    );
    check(
        &fixture,
        "app",
        &[
            "type = app (File connections.toml:10:1)",
            "enabled = ${env:C:-***} (File connections.toml:12:1)",
            "db = a (File connections.toml:11:1)",
            "app = ? (Default)",
        ],
    );
}

#[test]
fn an_alias_is_shown_and_no_default_is_made_up_for_its_field() {
    let fixture = Fixture::new("[connections.a]\ntype = 'cache'\nserver = ''\n");
    let expected = [
        "type = cache (File connections.toml:2:1)",
        "enabled = true (Default)",
        "server = *** (File connections.toml:3:1)",
    ];
    check(&fixture, "a", &expected);
}

#[test]
fn a_name_that_fits_a_template_shows_the_template() {
    let fixture = Fixture::new("[connections.'t/{id}']\ntype = 'cache'\nhost = '${name:id}'\n");
    let expected = [
        "type = cache (File connections.toml:2:1)",
        "enabled = true (Default)",
        "host = *** (File connections.toml:3:1)",
    ];
    check(&fixture, "t/42", &expected);
    check(&fixture, "t/{id}", &expected);
    let survey = survey(&fixture.whole_request(), &Catalogue).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert!(survey.find("t/4.2").is_none() && survey.help("t/4.2").unwrap().contains("`t/{id}` takes 1 to 64"));
}

#[test]
fn an_invalid_configuration_is_not_surveyed() {
    let fixture = Fixture::new("[connections.a]\ntype = 'cache'\n");
    let problems = survey(&fixture.whole_request(), &Catalogue).err().unwrap();
    assert_eq!(fixture.lines(&problems), ["connections.toml:1:1: [CR006]: missing key `host`"]);
}

#[test]
fn a_secret_is_hidden_also_where_serde_reads_it_before_it_knows_the_type() {
    let bearer = "[connections.a]\ntype = 'api'\nhost = 'h'\nlogin = { kind = 'bearer', value = 'abc' }\n";
    let fixture = Fixture::new(bearer);
    let survey = survey(&fixture.whole_request(), &Apis).unwrap_or_else(|problems| panic!("{problems:?}"));
    let shown = |key: &str| {
        let fields = &survey.find("a").unwrap().fields;
        fields.iter().find(|entry| entry.key == key).and_then(|entry| entry.value.clone())
    };
    assert_eq!(shown("login.value").as_deref(), Some("***"));
    assert_eq!(shown("host").as_deref(), Some("h"));
}

#[derive(Deserialize)]
struct Api {
    host: String,
    login: Login,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Login {
    Bearer { value: Secret },
}

/// The one type `api`.
struct Apis;

impl Types for Apis {
    type Instance = Arc<Api>;

    fn find(&self, name: &str) -> Option<TypeInfo<Arc<Api>>> {
        const FIELDS: &[Field] = &[
            Field { name: "host", type_name: "String", docs: "", visibility: Visibility::Hidden },
            Field { name: "login", type_name: "Login", docs: "", visibility: Visibility::Hidden },
        ];
        let validate = |api: &Arc<Api>, _: &mut _| {
            let Login::Bearer { value } = &api.login;
            assert_eq!((api.host.as_str(), value.expose()), ("h", "abc"));
        };
        let reader = Reader { decode: |decoder| Api::deserialize(decoder).map(Arc::new), validate };
        (name == "api").then_some(TypeInfo { name: "api", client_type_name: "()", fields: FIELDS, reader })
    }

    fn names(&self) -> Vec<&'static str> {
        vec!["api"]
    }
}
