//! Connections that name each other.

use super::support::Fixture;

#[test]
fn references_of_enabled_connections_are_checked() {
    let fixture = Fixture::new(
        "[connections.main]\ntype = 'db'\nurl = ''\n[connections.off]\ntype = 'db'\nurl = ''\nenabled = false\n\
         [connections.cache]\ntype = 'cache'\nhost = ''\n[connections.a]\ntype = 'app'\ndb = 'mian'\n\
         [connections.b]\ntype = 'app'\ndb = 'off'\n[connections.c]\ntype = 'app'\ndb = 'cache'\n\
         [connections.d]\ntype = 'app'\ndb = 'gone'\nenabled = false\n",
    );
    fixture.check(&[
        "connections.toml:13:6: [CR013]: there is no connection `mian`",
        "connections.toml:16:6: [CR013]: connection `off` is disabled",
        "connections.toml:19:6: [CR015]: connection `cache` is a `cache`, whose client is \
         `connection_registry::config::tests::support::CacheClient`",
    ]);
    let problems = fixture.load().map(|_| ()).unwrap_err();
    assert_eq!(problems[0].help(), Some("did you mean `main`?"));
    assert!(problems[1].help().unwrap().ends_with("connections.toml:7:11"));
    assert_eq!(problems[2].key_path(), Some("connections.c.db"));
}

#[test]
fn a_circle_is_reported_once_with_its_path() {
    let fixture = Fixture::new(
        "[connections.a]\ntype = 'app'\napp = 'b'\n[connections.b]\ntype = 'app'\napp = 'c'\n\
         [connections.c]\ntype = 'app'\napp = 'b'\n[connections.d]\ntype = 'app'\napp = 'd'\n",
    );
    fixture.check(&[
        "connections.toml:6:7: [CR014]: connections refer to each other in a circle: b → c → b",
        "connections.toml:12:7: [CR014]: connections refer to each other in a circle: d → d",
    ]);
    let problems = fixture.load().map(|_| ()).unwrap_err();
    assert_eq!(problems[0].key_path(), Some("connections.b.app"));
    assert_eq!(problems[0].labels().len(), 2);
}

#[test]
fn valid_references_are_known_with_their_keys() {
    let fixture = Fixture::new(
        "[connections.main]\ntype = 'db'\nurl = ''\n[connections.a]\ntype = 'app'\ndb = 'main'\napp = '${env:APP}'\n",
    )
    .variable("APP", "main");
    let configuration = fixture.valid();
    let references = &configuration.find("a").unwrap().references;
    assert_eq!(
        references.iter().map(|it| (&*it.target, &*it.key_path)).collect::<Vec<_>>(),
        [("main", "connections.a.db")]
    );
    let problems = configuration.resolve("a").map(|_| ()).unwrap_err();
    assert_eq!(
        fixture.lines(&problems),
        ["connections.toml:7:7: [CR015]: connection `main` is a `db`, whose client is \
          `connection_registry::config::tests::support::DbClient`"]
    );
}
