//! What of a file becomes what.

use std::{fs, path::PathBuf};

use proptest::prelude::*;
use serde::Deserialize;
use tempfile::TempDir;

use super::conversion::{Converted, convert};
use crate::{BoxError, ConnectContext, Connection, ConnectionFactory, ConnectionManager, Secret, connection_type};

/// A server of the tests.
#[connection_type("import-server")]
#[derive(Debug)]
struct Server {
    host: String,
    port: Option<u16>,
    url: Option<Secret>,
    key: Option<Secret>,
}

impl Connection for Server {
    type Client = String;

    async fn connect(&self, _: &ConnectContext) -> Result<String, BoxError> {
        let expose = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
        Ok(format!("{} {:?} {:?} {:?}", self.host, self.port, expose(&self.url), expose(&self.key)))
    }
}

/// The type of the guide's page.
#[connection_type("database")]
#[derive(Debug)]
#[allow(dead_code)]
struct Database {
    host: String,
    password: Option<Secret>,
    pool: Option<std::collections::BTreeMap<String, u8>>,
}

impl Connection for Database {
    type Client = ();

    async fn connect(&self, _: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

/// Takes anything.
#[connection_type("import-anything")]
#[derive(Debug)]
struct Anything {
    value: Json,
}

/// As JSON has it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
enum Json {
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Json>),
    Map(std::collections::BTreeMap<String, Json>),
}

impl Connection for Anything {
    type Client = Json;

    async fn connect(&self, _: &ConnectContext) -> Result<Json, BoxError> {
        Ok(self.value.clone())
    }
}

/// A folder with files of the Python library, the first of which is the application's.
struct Files {
    folder: TempDir,
}

impl Files {
    fn new(application: &str) -> Self {
        Self { folder: TempDir::new().unwrap() }.with("app.yaml", application)
    }

    fn with(self, name: &str, text: &str) -> Self {
        fs::write(self.path(name), text).unwrap();
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What stands before the name of a file in texts.
    fn prefix(&self) -> String {
        self.path("").to_string_lossy().into_owned()
    }

    /// What is made of them; the notes are without the folder.
    fn convert(&self, secrets_to_env: bool) -> (Result<Converted, ()>, Vec<String>) {
        let mut factory = ConnectionFactory::empty();
        factory.register::<Server>().unwrap().register::<Anything>().unwrap();
        let prefix = self.prefix();
        let texts = |notes: &[super::Note]| notes.iter().map(|note| note.to_string().replace(&prefix, "")).collect();
        match convert(&self.path("app.yaml"), &factory, secrets_to_env) {
            Ok(converted) => {
                let notes = texts(&converted.notes);
                (Ok(converted), notes)
            }
            Err(notes) => (Err(()), texts(&notes)),
        }
    }

    fn load(&self, toml: &str) -> Result<ConnectionManager, crate::Error> {
        fs::write(self.path("connections.toml"), toml).unwrap();
        let variables = [("HOST", "from.env"), ("PORT", "7")];
        ConnectionManager::builder().file(self.path("connections.toml")).environment(variables).build()
    }
}

/// The result from its first header on, and the notes.
#[track_caller]
fn check(application: &str, expected: &str, notes: &[&str]) {
    let files = Files::new(application);
    let (converted, found) = files.convert(false);
    assert_eq!(found, notes);
    let toml = converted.expect("there is no error").toml.0.replace(&files.prefix(), "");
    let (_, connections) = toml.split_once("\n\n").unwrap_or_default();
    assert_eq!(connections, expected, "{application}");
}

#[track_caller]
fn refuses(application: &str, expected: &[&str]) {
    let (converted, notes) = Files::new(application).convert(false);
    assert!(converted.is_err());
    assert_eq!(notes, expected);
}

#[test]
fn a_declaration_becomes_a_table() {
    check(
        "connections:\n  - id: primary_db\n    type: import-server\n    host: a\n    port: 5432\n    tls: {mode: full, ca: [x, y]}\n",
        "[connections.primary_db]\ntype = \"import-server\"\nhost = \"a\"\nport = 5432\n\n\
         [connections.primary_db.tls]\nmode = \"full\"\nca = [\"x\", \"y\"]\n",
        &[],
    );
    check(
        "connections:\n  - id: a\n    type: import-server\n    enabled: no\n    host: |\n      x\n      y\n",
        "[connections.a]\ntype = \"import-server\"\nenabled = false\nhost = \"\"\"\nx\ny\n\"\"\"\n",
        &[],
    );
}

#[test]
fn nulls_are_left_out_with_a_comment() {
    check(
        "connections:\n  - id: a\n    type: import-server\n    host: [x, ~]\n    port:\n",
        "# Left out: `connections.a.host.1` is null (app.yaml:4:15).\n\
         # Left out: `connections.a.port` is null (app.yaml:5:9).\n\
         [connections.a]\ntype = \"import-server\"\nhost = [\"x\"]\n",
        &[],
    );
}

#[test]
fn aliases_and_merge_keys_are_written_out() {
    check(
        "common: &c {port: 1, host: x}\nconnections:\n  - {id: a, type: import-server, <<: *c, host: y}\n",
        "[connections.a]\ntype = \"import-server\"\nport = 1\nhost = \"y\"\n",
        &[],
    );
}

#[test]
fn placeholders_become_ours() {
    check(
        "host: deep\nconnections:\n  - id: a\n    type: import-server\n    host: ${host}.${oc.env:DOMAIN,local}\n    \
         port: ${oc.decode:${oc.env:PORT}}\n    other: \\${x} ${.port}\n    dollar: $HOST %(HOST)s\n    tagged: !ENV HOST\n",
        "[connections.a]\ntype = \"import-server\"\nhost = \"deep.${env:DOMAIN:-local}\"\nport = \"${env:PORT}\"\n\
         other = \"$${x} ${env:PORT}\"\ndollar = \"$HOST %(HOST)s\"\ntagged = \"${env:HOST}\"\n",
        &[],
    );
}

#[test]
fn what_is_taken_for_a_variable_is_said_without_its_name() {
    check(
        "connections:\n  - {id: a, type: import-server, host: '${HOST}', port: '${oc.env:PORT,null}'}\n",
        "[connections.a]\ntype = \"import-server\"\nhost = \"${env:HOST}\"\nport = \"${env:PORT}\"\n",
        &[
            "app.yaml:2:40: warning: a placeholder in `connections.a.host` is no key of the file: taken for a variable",
            "app.yaml:2:57: warning: `connections.a.port` is null without its variable; here the variable must be set",
        ],
    );
}

#[test]
fn ids_that_are_no_names_get_others() {
    check(
        "connections:\n  - {id: 'a b', type: import-server, host: x}\n  - {id: 'A B', type: import-server, host: x}\n  \
         - {id: 't/{id}', type: import-server, host: x}\n",
        "[connections.\"a b\"]\ntype = \"import-server\"\nhost = \"x\"\n\n\
         # Its id was `A B`.\n[connections.\"A B-2\"]\ntype = \"import-server\"\nhost = \"x\"\n\n\
         # Its id was `t/{id}`.\n[connections.\"t/(id)\"]\ntype = \"import-server\"\nhost = \"x\"\n",
        &[
            "app.yaml:3:5: warning: the id `A B` cannot be a name: another name differs from it in case alone; \
             it is `A B-2` now",
            "app.yaml:4:5: warning: the id `t/{id}` cannot be a name: braces would make it a template; it is `t/(id)` now",
        ],
    );
}

#[test]
fn of_two_declarations_the_first_enabled_one_counts_as_before() {
    check(
        "connections:\n  - {id: a, type: import-server, host: x, enabled: false}\n  \
         - {id: a, type: import-server, host: y}\n  - {id: a, type: import-server, host: z}\n",
        "[connections.a]\ntype = \"import-server\"\nhost = \"y\"\n",
        &[
            "app.yaml:2:5: warning: the id `a` is declared twice: left out, since the one at app.yaml:3:5 counts",
            "app.yaml:4:5: warning: the id `a` is declared twice: left out, since the one at app.yaml:3:5 counts",
        ],
    );
}

#[test]
fn types_that_are_not_linked_are_kept_with_a_suggestion() {
    check(
        "connections:\n  - {id: a, type: import-sever, host: x}\n  - {id: b, type: celery}\n",
        "# No type `import-sever` is linked into the program that wrote this: is it `import-server`?\n[connections.a]\n\
         type = \"import-sever\"\nhost = \"x\"\n\n\
         # No type `celery` is linked into the program that wrote this: linked types: import-anything, import-server\n\
         [connections.b]\ntype = \"celery\"\n",
        &[
            "app.yaml:2:5: warning: no type `import-sever` is linked into this program; is it `import-server`?",
            "app.yaml:3:5: warning: no type `celery` is linked into this program; linked types: import-anything, \
             import-server",
        ],
    );
}

#[test]
fn keys_that_are_ours_cannot_be_fields() {
    check(
        "connections:\n  - {id: a, type: import-server, host: x, lifecycle: {start: eager}}\n",
        "# Left out: `connections.a.lifecycle` cannot be a field here: its key is reserved.\n[connections.a]\n\
         type = \"import-server\"\nhost = \"x\"\n",
        &["app.yaml:2:43: warning: left out: `connections.a.lifecycle` cannot be a field here: its key is reserved"],
    );
}

#[test]
fn fields_in_a_file_of_their_own_are_taken_in() {
    let application = "connections:\n  - {id: a, type: import-server, config_file: a.yaml, port: 2}\n  \
                       - {id: b, type: import-server, config_file: gone.yaml, enabled: false, host: x}\n  \
                       - {id: c, type: import-server, config_file: c.toml}\n";
    let files = Files::new(application)
        .with("a.yaml", "import-server:\n  host: ${other.name}.org\n  port: 1\nother: {name: x}\n");
    let (converted, notes) = files.convert(false);
    assert_eq!(notes, ["app.yaml:3:47: warning: the fields of `b` are missing; its `config_file` cannot be read"]);
    let toml = converted.unwrap().toml.0;
    for part in [
        "# Its fields were in a.yaml.\n[connections.a]\ntype = \"import-server\"\nport = 2\nhost = \"x.org\"\n",
        "# Its fields were to be in gone.yaml, which cannot be read.\n[connections.b]\ntype = \"import-server\"\nenabled = false\n",
        "[connections.c]\ntype = \"import-server\"\nconfig_file = \"c.toml\"\n",
    ] {
        assert!(toml.contains(part), "{part}\n---\n{toml}");
    }
    let files = Files::new("connections:\n  - {id: a, type: import-server, config_file: gone.yaml}\n");
    let (converted, notes) = files.convert(false);
    assert!(converted.is_err());
    assert_eq!(notes, ["gone.yaml: error: cannot be read: it does not exist"]);
}

#[test]
fn what_says_nothing_of_connections_is_left_out_and_named() {
    let (converted, _) = Files::new("app: {name: x}\nlogging: {}\nconnections: []\n").convert(false);
    let toml = converted.unwrap().toml.0;
    assert!(toml.contains("# Left out, since it says nothing of connections: `app`, `logging`.\n"), "{toml}");
}

#[test]
fn mistakes_are_found_all_at_once_and_nothing_is_made() {
    let shape = "; the file of the Python library has `connections:` and below it `- id: NAME`, `type: TYPE`";
    refuses("a: 1", &[&format!("app.yaml:1:1: error: there is no list `connections`{shape}")]);
    refuses(
        "connections: {a: 1}",
        &[&format!("app.yaml:1:14: error: `connections` must be a list, found a map{shape}")],
    );
    refuses(
        "connections:\n  - hunter2\n  - {type: x}\n  - {id: [a], type: x}\n  - {id: '${oc.env:A}', type: x}\n",
        &[
            &format!("app.yaml:2:5: error: a connection must be a map, found a string{shape}"),
            &format!("app.yaml:3:5: error: a connection without `id`{shape}"),
            &format!("app.yaml:4:10: error: `id` must be a string without variables, found a list{shape}"),
            &format!("app.yaml:5:10: error: `id` must be a string without variables, found a string{shape}"),
        ],
    );
    refuses(
        "connections:\n  - {id: a, type: import-server, host: 'hunter2 ${x', port: 99999999999999999999}\n",
        &[
            "app.yaml:2:40: error: a `${` is never closed, in `connections.a.host`; write `\\${` for a literal `${`",
            "app.yaml:2:61: error: an integer that is too large for TOML",
        ],
    );
    refuses(
        "a: {b: '${.c}', c: '${.b}'}\nconnections:\n  - {id: a, type: import-server, host: '${a.b}'}\n",
        &["app.yaml:3:40: error: placeholders that lead back to themselves, or through too many others, in \
           `connections.a.host`; write the value itself"],
    );
}

#[test]
fn a_few_lines_cannot_ask_for_more_memory_than_there_is() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..30 {
        text.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 10].join(", ")));
    }
    text.push_str("connections:\n  - {id: a, type: import-anything, value: *a29}\n");
    refuses(&text, &["app.yaml:1:31: error: aliases and placeholders make more than 16 MiB of it"]);
}

const SECRETS: &str = "connections:\n  - id: a\n    type: import-server\n    host: x\n    url: tcp://me:hunter2-url@x:1/y\n    \
                       key: hunter2-key\n    nested: {api_key: hunter2-nested, list_token: [hunter2-list]}\n    \
                       pin_password: 271828\n    fine_password: ${oc.env:P}\n    header_token: Bearer ${oc.env:P}\n    \
                       mixed_token: hunter2-mixed${oc.env:P}\n    empty_password: ''\n    \
                       file_password_file: /x\n";

#[test]
fn secrets_in_clear_text_are_carried_over_and_warned_of() {
    let (converted, notes) = Files::new(SECRETS).convert(false);
    let converted = converted.unwrap();
    assert!(converted.has_secrets);
    for secret in ["hunter2-url", "hunter2-key", "hunter2-nested", "hunter2-list", "271828", "hunter2-mixed"] {
        assert!(converted.toml.0.contains(secret), "{secret}");
        assert!(!notes.join("\n").contains(secret), "{secret}");
    }
    let paths: Vec<_> = notes.iter().filter_map(|note| note.split('`').nth(1)).collect();
    let expected = ["url", "key", "nested.api_key", "nested.list_token.0", "pin_password", "mixed_token"];
    assert_eq!(paths, expected.map(|key| format!("connections.a.{key}")));
    assert!(!format!("{converted:?}").contains("hunter2"));
}

#[test]
fn placeholders_take_the_place_of_secrets_when_asked_for() {
    let (converted, notes) = Files::new(SECRETS).convert(true);
    let converted = converted.unwrap();
    assert_eq!(notes, [""; 0]);
    assert!(!converted.has_secrets);
    assert!(!converted.toml.0.contains("hunter2") && !converted.toml.0.contains("271828"));
    assert!(converted.toml.0.contains("url = \"tcp://me:${env:A_URL_PASSWORD}@x:1/y\"\nkey = \"${env:A_KEY}\"\n"));
    let variables: Vec<_> = converted.variables.iter().map(|variable| variable.name.as_str()).collect();
    assert_eq!(
        variables,
        ["A_URL_PASSWORD", "A_KEY", "A_NESTED_API_KEY", "A_NESTED_LIST_TOKEN_0", "A_PIN_PASSWORD", "A_MIXED_TOKEN"]
    );
}

#[tokio::test]
async fn the_result_loads_and_means_the_same() {
    let files = Files::new(
        "connections:\n  - {id: a, type: import-server, host: '${oc.env:HOST}', port: '${oc.env:PORT}', key: 'k${oc.env:HOST,}'}\n  \
         - {id: b, type: import-anything, value: {x: [1, 2.5, yes, {y: \"a\\n\\\"b\\\" \\\\${c}\"}]}}\n",
    );
    let manager = files.load(&files.convert(false).0.unwrap().toml.0).unwrap();
    assert_eq!(*manager.get::<String>("a").await.unwrap(), "from.env Some(7) None Some(\"kfrom.env\")");
    let inner = Json::Map([("y".to_owned(), Json::Text("a\n\"b\" ${c}".to_owned()))].into());
    let list = Json::List(vec![Json::Integer(1), Json::Float(2.5), Json::Boolean(true), inner]);
    assert_eq!(*manager.get::<Json>("b").await.unwrap(), Json::Map([("x".to_owned(), list)].into()));
}

/// The blocks of the guide's page that are in this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let page = include_str!("../../guide/migration.md");
    let fence = format!("\n```{language}\n");
    let blocks = page.split(&fence as &str).skip(1);
    blocks.map(|rest| rest.split("\n```").next().unwrap_or_default()).collect()
}

#[test]
fn the_guide_shows_what_is_made_of_its_files() {
    let [application, database] = blocks("yaml")[..] else { panic!("the page has two files") };
    let files = Files::new(application).with("database.yaml", database);
    let mut factory = ConnectionFactory::empty();
    factory.register::<Database>().unwrap();
    let converted = convert(&files.path("app.yaml"), &factory, true).unwrap();
    assert_eq!(converted.toml.0.replace(&files.prefix(), ""), format!("{}\n", blocks("toml")[0]));
    assert_eq!(converted.notes, []);
    fs::write(files.path("connections.toml"), &converted.toml.0).unwrap();
    let manager = ConnectionManager::builder().file(files.path("connections.toml")).factory(factory).build().unwrap();
    assert_eq!(manager.names(), ["archive", "primary_db"]);
}

/// Those of other crates' types: the first is shown to load above, the third is Rocket's own.
#[test]
fn every_other_configuration_of_the_guide_is_toml_and_loads_where_its_type_is_linked() {
    let blocks = blocks("toml");
    assert_eq!(blocks.len(), 4);
    for block in &blocks {
        assert!(block.parse::<toml_edit::DocumentMut>().is_ok(), "{block}");
    }
    #[cfg(feature = "postgres")]
    ConnectionManager::builder().toml(blocks[3]).build().unwrap();
}

/// Any value, of up to a few levels.
fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Json::Boolean),
        any::<i64>().prop_map(Json::Integer),
        (-1e9..1e9_f64).prop_map(Json::Float),
        "\\PC{0,12}".prop_map(Json::Text),
        "[${}\\\\\"'a:\n\t-]{0,8}".prop_map(Json::Text),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::List),
            prop::collection::btree_map("[a-z\\PC]{1,6}", inner, 0..5).prop_map(Json::Map),
        ]
    })
}

/// The same in YAML: JSON is YAML, and a `${` is escaped as OmegaConf wants it.
fn yaml(value: &Json) -> String {
    match value {
        Json::Boolean(boolean) => boolean.to_string(),
        Json::Integer(integer) => integer.to_string(),
        Json::Float(float) => format!("{float:?}"),
        Json::Text(text) => quoted(&escaped(text)),
        Json::List(items) => format!("[{}]", items.iter().map(yaml).collect::<Vec<_>>().join(", ")),
        Json::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", quoted(key), yaml(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Backslashes before a `${` are doubled, and one more is put there.
fn escaped(text: &str) -> String {
    let mut parts = text.split("${").peekable();
    let mut escaped = String::new();
    while let Some(part) = parts.next() {
        escaped.push_str(part);
        if parts.peek().is_some() {
            let backslashes = part.len() - part.trim_end_matches('\\').len();
            escaped.push_str(&"\\".repeat(backslashes + 1));
            escaped.push_str("${");
        }
    }
    escaped
}

fn quoted(text: &str) -> String {
    let escape = |character: char| match character {
        '"' | '\\' => format!("\\{character}"),
        ' '..='~' => character.to_string(),
        other => format!("\\U{:08X}", u32::from(other)),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_tree_comes_through_unchanged(value in json()) {
        let files = Files::new(&format!("connections:\n  - {{id: a, type: import-anything, value: {}}}\n", yaml(&value)));
        let (converted, notes) = files.convert(false);
        let errors: Vec<_> = notes.iter().filter(|note| note.contains("error")).collect();
        prop_assert!(errors.is_empty(), "{errors:?}");
        let toml = converted.unwrap().toml.0;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let found = runtime.block_on(async {
            let manager = files.load(&toml).map_err(|error| format!("{error}\n{toml}"))?;
            manager.get::<Json>("a").await.map(|found| (*found).clone()).map_err(|error| format!("{error}\n{toml}"))
        });
        prop_assert_eq!(found, Ok(value));
    }

    #[test]
    fn no_file_makes_it_panic(text in "\\PC{0,80}", value in "[-\\[\\]{}:,&*!|>'\"$a-c\n ]{0,30}") {
        let _ = Files::new(&text).convert(false);
        let _ = Files::new(&format!("connections:\n  - id: a\n    type: import-anything\n    value: {value}\n")).convert(true);
    }
}
