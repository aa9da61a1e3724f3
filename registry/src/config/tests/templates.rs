//! Templates: one declaration for any number of connections.

use proptest::prelude::*;

use super::support::{Catalogue, Fixture, text_request};
use crate::config::{Configuration, Declared, load, tests::support::Instance};

const TENANT: &str = "[connections.\"tenant/{id}\"]\ntype = 'db'\nurl = 'db://${env:HOST:-h}/t_${name:id}?x=$${name:id}'\n\
                      password = '${name:id}'\npool = { min = '${env:MIN:-7}' }\ntags = ['a', '<${name:id}${name:id}>']\n";

/// The configuration of a text, without an environment.
#[track_caller]
fn valid(text: &str) -> Configuration<Instance> {
    let mut request = text_request(text, "".into());
    request.max_bytes = u64::MAX;
    load(&request, &Catalogue).unwrap_or_else(|problems| panic!("{problems:?}"))
}

#[test]
fn an_instance_has_the_captures_of_its_name() {
    let configuration = valid(TENANT);
    let resolved = configuration.resolve("tenant/acme-1").unwrap();
    let db = resolved.instance.db();
    assert_eq!((&*db.url, db.password.expose(), db.pool.min), ("db://h/t_acme-1?x=${name:id}", "acme-1", 7));
    assert_eq!(db.tags, ["a", "<acme-1acme-1>"]);
}

#[test]
fn a_capture_is_no_secret_unless_its_field_is() {
    let text = "[connections.\"t/{id}\"]\ntype = 'cache'\nhost = 'db://u:pass_${name:id}@h/${name:id}'\n";
    assert_eq!(valid(text).resolve("t/acme").unwrap().secrets, ["pass_acme"]);
    assert_eq!(valid(TENANT).resolve("tenant/acme").unwrap().secrets, ["acme"]);
}

#[test]
fn a_template_is_declared_and_its_instances_are_made_from_it() {
    let configuration = valid(&format!("{TENANT}[connections.plain]\ntype = 'cache'\nhost = ''\n"));
    let names: Vec<_> =
        configuration.connections().iter().map(|declared| (&*declared.name, declared.is_template())).collect();
    assert_eq!(names, [("plain", false), ("tenant/{id}", true)]);
    let name = |name| configuration.declaration(name).map(|declared| declared.name.to_string());
    assert_eq!(name("tenant/42").as_deref(), Some("tenant/{id}"));
    assert_eq!(name("plain").as_deref(), Some("plain"));
    assert_eq!((name("tenant/{id}"), name("tenant/"), name("tenant/a.b"), name("other")), (None, None, None, None));
    assert!(configuration.find("tenant/{id}").is_some_and(Declared::has_placeholders));
    assert!(configuration.find("plain").is_some_and(|declared| !declared.has_placeholders()));
    assert!(configuration.find("tenant/42").is_none());
}

#[track_caller]
fn check_unknown(name: &str, help: Option<&str>) {
    let configuration = valid(TENANT);
    for problems in [
        configuration.resolve(name).map(|_| ()).unwrap_err(),
        configuration.resolved_content(name).map(|_| ()).unwrap_err(),
    ] {
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].message(), format!("there is no connection `{}`", name.escape_debug()));
        assert_eq!(problems[0].help(), help);
    }
    assert_eq!(configuration.near_template(name).as_deref(), help);
}

#[test]
fn what_does_not_fit_is_told_why() {
    let takes = Some("`tenant/{id}` takes 1 to 64 ASCII letters, digits, `_` or `-` for `id`");
    for id in ["", "../x", "a%2fb", "a\"b", "a b", "é", "$", "{}", "{id}", "a\nb", &"x".repeat(65)] {
        check_unknown(&format!("tenant/{id}"), takes);
    }
    check_unknown("tenants/42", None);
    assert_eq!(valid(TENANT).near_template("tenant/42"), None);
}

#[track_caller]
fn check_host(names: &[&str], name: &str, expected: &str) {
    let text: String =
        names.iter().map(|name| format!("[connections.\"{name}\"]\ntype = 'cache'\nhost = '{name}'\n")).collect();
    let resolved = valid(&text).resolve(name).unwrap();
    let Instance::Cache(cache) = resolved.instance else { panic!("not a cache") };
    assert_eq!(cache.host, expected);
}

#[test]
fn an_exact_name_wins_and_then_the_longest_text() {
    let names = ["t/{id}", "t/42", "t/v{id}", "{a}/{b}", "{a}/42"];
    check_host(&names, "t/42", "t/42");
    check_host(&names, "t/43", "t/{id}");
    check_host(&names, "t/v43", "t/v{id}");
    check_host(&names, "x/43", "{a}/{b}");
    check_host(&names, "x/42", "{a}/42");
}

#[test]
fn mistakes_in_a_name_have_their_place() {
    Fixture::new(
        "[connections.\"tenant/{id\"]\ntype = 'cache'\nhost = '${name:id}'\n\
         [connections.\"a/{x}{y}\"]\ntype = 'cache'\nhost = ''\n\
         [connections.'{id}']\ntype = 'cache'\nhost = ''\n\
         [connections.\"b/{Id}\"]\ntype = 'cache'\nhost = ''\n",
    )
    .check(&[
        "connections.toml:1:22: [CR009]: a connection cannot be called `tenant/{id`: a `{` that is never closed",
        "connections.toml:4:20: [CR009]: a connection cannot be called `a/{x}{y}`: two captures without text between them",
        "connections.toml:7:15: [CR009]: a connection cannot be called `{id}`: a template without a text of its own",
        "connections.toml:10:17: [CR009]: a connection cannot be called `b/{Id}`: a capture that has no valid name",
    ]);
}

#[test]
fn two_templates_of_one_shape_are_an_error_that_shows_both() {
    let cache = "type = 'cache'\nhost = ''\n";
    let fixture = Fixture::new(&format!(
        "[connections.\"t/{{id}}\"]\n{cache}[connections.\"t/{{name}}\"]\n{cache}[connections.\"T/{{x}}\"]\n{cache}\
         [connections.\"t/{{id}}/{{x}}\"]\n{cache}[connections.\"t/x\"]\n{cache}"
    ));
    fixture.check(&[
        "connections.toml:4:14: [CR003]: templates `t/{name}` and `t/{id}` have the same shape",
        "connections.toml:7:14: [CR003]: templates `T/{x}` and `t/{id}` have the same shape",
    ]);
    let problems = fixture.load().map(|_| ()).unwrap_err();
    assert_eq!(problems[0].labels().len(), 2);
}

#[test]
fn captures_that_there_are_not_have_their_place_and_a_suggestion() {
    let fixture = Fixture::new(
        "[defaults.cache]\nhost = '${name:di}'\n[defaults.lifecycle]\nconnect_timeout = '${name:id}'\n\
         [connections.\"t/{id}/{zone}\"]\ntype = 'db'\nurl = 'x${name:idd}${name:nothing}'\ntags = ['${name:zone}', '${name:zoen}']\n\
         [connections.a]\ntype = 'cache'\n[connections.b]\ntype = 'db'\nurl = 'x ${name:id}'\nenabled = false\n\
         [connections.\"u/{id}\"]\ntype = 'db'\nurl = ''\nenabled = '${name:id}'\nlifecycle.required = '${name:id}'\n\
         port = 'x${name:id}'\n",
    );
    let template_alone = "`${name:…}` is allowed in the fields of a template alone";
    fixture.check(&[
        &format!("connections.toml:2:9: [CR010]: {template_alone}"),
        &format!("connections.toml:4:20: [CR010]: {template_alone}"),
        "connections.toml:7:9: [CR010]: the name `t/{id}/{zone}` has no capture `idd`",
        "connections.toml:7:20: [CR010]: the name `t/{id}/{zone}` has no capture `nothing`",
        "connections.toml:8:26: [CR010]: the name `t/{id}/{zone}` has no capture `zoen`",
        &format!("connections.toml:13:10: [CR010]: {template_alone}"),
        &format!("connections.toml:18:12: [CR010]: {template_alone}"),
        &format!("connections.toml:19:23: [CR010]: {template_alone}"),
        "connections.toml:20:8: [CR007]: `port` must be a whole number from 0 to 65535, found a string",
    ]);
    let problems = fixture.load().map(|_| ()).unwrap_err();
    assert_eq!(problems[2].help(), Some("did you mean `id`?"));
    assert_eq!(problems[3].help(), Some("captures: `id`, `zone`"));
    assert_eq!(problems[4].key_path(), Some("connections.t/{id}/{zone}.tags[1]"));
}

#[test]
fn a_template_takes_from_all_the_layers() {
    let fixture = Fixture::of(&[
        (
            "connections.toml",
            "[defaults.db]\ntags = ['${env:TAG}']\n[defaults.lifecycle]\ncheck_fall = 9\n\
             [connections.base]\ntype = 'db'\nurl = 'base'\ntimeout = '9s'\n\
             [connections.\"tenant/{id}\"]\nextends = 'base'\nconfig_file = 'tenant.toml'\nlifecycle.max_instances = 3\n\
             [connections.\"vip/{id}\"]\nextends = 'tenant/{id}'\n",
        ),
        ("connections.prod.toml", "[connections.\"tenant/{id}\"]\npassword = 'prod-${name:id}'\n"),
        ("tenant.toml", "url = 'db://${name:id}'\npool = { min = 1, max = 2 }\n"),
    ])
    .profile("prod")
    .variable("TAG", "x")
    .variable("CONNECTIONS__TENANT_ID__POOL__MAX", "8")
    .variable("CONNECTIONS__VIP_ID__LIFECYCLE__MAX_INSTANCES", "1");
    for name in ["tenant/7", "vip/7"] {
        let db = fixture.instance(name).db();
        assert_eq!((&*db.url, db.password.expose(), db.pool.min, db.pool.max), ("db://7", "prod-7", 1, 8));
        assert_eq!((db.timeout.map(|it| it.as_secs()), &*db.tags), (Some(9), &["x".to_owned()][..]));
    }
    let configuration = fixture.valid();
    let lifecycle = |name| configuration.declaration(name).unwrap().lifecycle;
    assert_eq!((lifecycle("tenant/7").max_instances, lifecycle("tenant/7").check_fall), (3, 9));
    assert_eq!((lifecycle("vip/7").max_instances, lifecycle("base").max_instances), (1, 100));
}

#[test]
fn what_extends_a_template_needs_its_captures() {
    Fixture::new(&format!(
        "{TENANT}[connections.\"other/{{name}}\"]\nextends = 'tenant/{{id}}'\nurl = ''\npassword = ''\n\
         [connections.tenants]\nextends = 'tenant/42'\n",
    ))
    .check(&[
        "connections.toml:6:16: [CR010]: the name `other/{name}` has no capture `id`",
        "connections.toml:6:26: [CR010]: the name `other/{name}` has no capture `id`",
        "connections.toml:12:11: [CR013]: there is no connection `tenant/42`",
    ]);
}

#[test]
fn a_template_that_uses_no_capture_is_one_connection_under_many_names() {
    check_host(&["t/{id}"], "t/1", "t/{id}");
    let configuration = valid("[connections.\"t/{id}\"]\ntype = 'cache'\nhost = 'h'\n");
    let content = |name| configuration.resolve(name).unwrap().content;
    assert_eq!(content("t/1"), content("t/2"));
    assert_eq!(content("t/1"), configuration.find("t/{id}").unwrap().content);
}

#[test]
fn a_disabled_template_makes_nothing() {
    let configuration = valid(&format!("{TENANT}enabled = false\n"));
    assert!(configuration.declaration("tenant/1").is_some_and(|declared| !declared.enabled));
    let problems = configuration.resolve("tenant/1").map(|_| ()).unwrap_err();
    assert_eq!(problems[0].message(), "connection `tenant/1` is disabled");
}

#[test]
fn what_is_missing_is_reported_at_its_place_in_the_template() {
    let fixture = Fixture::new(
        "[connections.\"t/{id}\"]\ntype = 'db'\nurl = '${name:id}'\nport = '${name:id}'\npassword = '${env:GONE}'\n",
    );
    let problems = fixture.valid().resolve("t/acme").map(|_| ()).unwrap_err();
    assert_eq!(
        fixture.lines(&problems),
        [
            "connections.toml:4:8: [CR007]: `port` must be a whole number from 0 to 65535",
            "connections.toml:5:13: [CR012]: environment variable `GONE` is not set",
        ]
    );
    assert_eq!(problems[1].key_path(), Some("connections.t/{id}.password"));
    assert!(!format!("{problems:?}").contains("acme"));
}

#[test]
fn a_reference_may_name_an_instance() {
    let fixture = Fixture::new(&format!(
        "{TENANT}[connections.\"cache/{{id}}\"]\ntype = 'cache'\nhost = ''\n\
         [connections.\"off/{{id}}\"]\ntype = 'db'\nurl = ''\nenabled = false\n\
         [connections.good]\ntype = 'app'\ndb = 'tenant/42'\n\
         [connections.wrong]\ntype = 'app'\ndb = 'cache/42'\n\
         [connections.disabled]\ntype = 'app'\ndb = 'off/42'\n\
         [connections.pattern]\ntype = 'app'\ndb = 'tenant/{{id}}'\n\
         [connections.near]\ntype = 'app'\ndb = 'tenant/4.2'\n\
         [connections.far]\ntype = 'app'\ndb = 'goood'\n"
    ));
    fixture.check(&[
        "connections.toml:19:6: [CR015]: connection `cache/42` is a `cache`, whose client is \
         `connection_registry::config::tests::support::CacheClient`",
        "connections.toml:22:6: [CR013]: connection `off/{id}` is disabled",
        "connections.toml:25:6: [CR013]: there is no connection `tenant/{id}`",
        "connections.toml:28:6: [CR013]: there is no connection `tenant/4.2`",
        "connections.toml:31:6: [CR013]: there is no connection `goood`",
    ]);
    let problems = fixture.load().map(|_| ()).unwrap_err();
    let takes = Some("`tenant/{id}` takes 1 to 64 ASCII letters, digits, `_` or `-` for `id`");
    assert_eq!((problems[2].help(), problems[3].help()), (takes, takes));
    assert_eq!(problems[4].help(), Some("did you mean `good`?"));
}

#[test]
fn a_reference_by_a_capture_is_checked_when_it_is_used() {
    let fixture = Fixture::new(&format!(
        "{TENANT}[connections.\"app/{{id}}\"]\ntype = 'app'\ndb = 'tenant/${{name:id}}'\napp = '${{name:id}}'\n\
         [connections.main]\ntype = 'app'\n"
    ));
    let configuration = fixture.valid();
    assert!(configuration.find("app/{id}").unwrap().references.is_empty());
    assert!(configuration.resolve("app/main").is_ok());
    let problems = configuration.resolve("app/mian").map(|_| ()).unwrap_err();
    assert_eq!(fixture.lines(&problems), ["connections.toml:10:7: [CR013]: there is no connection `mian`"]);
    assert_eq!(problems[0].help(), Some("did you mean `main`?"));
}

#[test]
fn a_circle_through_an_instance_is_a_circle_of_its_template() {
    Fixture::new(
        "[connections.\"a/{id}\"]\ntype = 'app'\napp = 'b'\n[connections.b]\ntype = 'app'\napp = 'a/1'\n\
         [connections.\"c/{id}\"]\ntype = 'app'\napp = 'c/1'\n[connections.\"d/{id}\"]\ntype = 'app'\napp = 'd/1'\n\
         [connections.\"d/1\"]\ntype = 'app'\n",
    )
    .check(&[
        "connections.toml:3:7: [CR014]: connections refer to each other in a circle: a/{id} → b → a/{id}",
        "connections.toml:9:7: [CR014]: connections refer to each other in a circle: c/{id} → c/{id}",
    ]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_name_gives_its_own_text_or_nothing(id in prop_oneof![".{0,70}", "[A-Za-z0-9_-]{1,66}", "[a${}/.%]{1,8}"]) {
        let configuration = valid(TENANT);
        let is_value = (1..=64).contains(&id.len()) && id.chars().all(|it| it.is_ascii_alphanumeric() || "_-".contains(it));
        let resolved = configuration.resolve(&format!("tenant/{id}"));
        prop_assert_eq!(resolved.is_ok(), is_value);
        let Ok(resolved) = resolved else { return Ok(()) };
        let db = resolved.instance.db();
        prop_assert_eq!(&db.url, &format!("db://h/t_{id}?x=${{name:id}}"));
        prop_assert_eq!(db.password.expose(), &id);
        prop_assert_eq!(&db.tags, &["a".to_owned(), format!("<{id}{id}>")]);
    }
}
