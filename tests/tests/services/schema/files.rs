//! The schema by its meta schema, and the configurations of the repository by the schema.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use connection_registry::{ConnectionFactory, ConnectionManager};
use connection_registry_tests::service::tool;
use serde_json::Value;
use toml::Table;

use super::editor::Desk;

/// Prints, for the schema and each of the files given, what is wrong with it: an object from files to lists of
/// `[key path, message]`.
const VALIDATE: &str = r#"
import json, sys, tomllib
from jsonschema import Draft7Validator

schema = json.load(open(sys.argv[1]))
Draft7Validator.check_schema(schema)
validator = Draft7Validator(schema)
found = {}
for name in sys.argv[2:]:
    errors = validator.iter_errors(tomllib.load(open(name, "rb")))
    found[name] = [[".".join(map(str, error.absolute_path)), error.message] for error in errors]
print(json.dumps(found))
"#;

/// What a validator that follows the draft to the letter says of files.
fn validate(files: &[PathBuf]) -> Option<Value> {
    // The Python that has the package is beside its script.
    let python = tool("jsonschema", "PyPI package jsonschema")?.with_file_name("python3");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let schema = folder.path().join("schema.json");
    fs::write(&schema, super::schema().to_string()).expect("a file can be written");
    let output =
        Command::new(python).args(["-c", VALIDATE]).arg(schema).args(files).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("it is JSON"))
}

#[test]
fn the_schema_is_valid_and_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    let text = "[connections.a]\ntype = 'schema-sample'\nhots = 'h'\nport = 'x'\nlifecycle.start = 5\n";
    fs::write(&file, text).unwrap();
    let Some(found) = validate(std::slice::from_ref(&file)) else { return };
    let found = found[file.to_str().unwrap()].as_array().unwrap();
    let mut paths: Vec<_> = found.iter().map(|error| error[0].as_str().unwrap()).collect();
    paths.sort_unstable();
    paths.dedup();
    assert_eq!(paths, ["connections.a", "connections.a.lifecycle.start", "connections.a.port"], "{found:?}");
    // Of the connection as a whole there is nothing but what is missing and what is too much: no list of choices.
    let of_all: Vec<_> = found.iter().filter(|error| error[0] == "connections.a").collect();
    assert_eq!(of_all.len(), 2, "{of_all:?}");
    assert!(of_all.iter().all(|error| !error[1].as_str().unwrap().contains("'port'")), "{of_all:?}");
}

/// Lines of a connection of the type `schema-sample`, and whether they are right.
const LINES: &[(&str, bool)] = &[
    ("port = 0", true),
    ("port = 65536", false),
    ("port = -1", false),
    ("port = 1.5", false),
    ("port = '5432'", false),
    ("port = '${env:PORT}'", true),
    ("port = '${env:PORT:-5432}'", true),
    ("port = '1${env:PORT}'", false),
    ("verbose = true", true),
    ("verbose = 'true'", false),
    ("verbose = '${file:/verbose}'", true),
    ("ratio = 1", true),
    ("ratio = 'half'", false),
    ("pause = '0s'", true),
    ("pause = '1h 30m'", true),
    ("pause = '1h30m'", true),
    ("pause = ' 1.5 h '", true),
    ("pause = '7us 9ns'", true),
    ("pause = '${env:PAUSE}s'", true),
    ("pause = '5'", false),
    ("pause = 5", false),
    ("pause = ''", false),
    ("pause = '5 parsecs'", false),
    ("pause = '1M'", false),
    ("pause = '-5s'", false),
    ("pause = '1y'", false),
    ("pause = '5S'", false),
    ("token = 'x'", true),
    ("token = 5", false),
    ("hosts = []", true),
    ("hosts = ['a', '${env:B}']", true),
    ("hosts = '${env:HOSTS}'", true),
    ("hosts = 'a'", false),
    ("hosts = [1]", false),
    ("labels = { a = 1, b = '${env:B}' }", true),
    ("labels = { a = 256 }", false),
    ("limits = { requests = 1 }", true),
    ("limits = { requests = 1, beyond = 'fail-at-once' }", true),
    ("limits = { requests = 1, beyond = '${env:BEYOND}' }", true),
    ("limits = { requests = 1, beyond = 'fail' }", false),
    ("limits = { requests = 1, beyond = 5 }", false),
    ("limits = { beyond = 'fail-at-once' }", false),
    ("limits = { requests = 1, other = 1 }", false),
    ("limits = '${env:LIMITS}'", true),
    ("enabled = false", true),
    ("enabled = 1", false),
    ("lifecycle.start = 'eager'", true),
    ("lifecycle.start = 'soon'", false),
    ("lifecycle.check_fall = 0", false),
    ("lifecycle.retry = { base = '1ms' }", true),
    ("lifecycle.retry.bass = '1ms'", false),
    ("lifecycle = 5", false),
    ("other = 1", false),
];

/// Names of a connection, and whether they are right.
const NAMES: &[(&str, bool)] = &[
    ("a", true),
    ("primary db.eu/1", true),
    ("gr\u{f6}\u{df}e", true),
    ("tenant/{id}", true),
    ("{region}/{id}.db", true),
    ("", false),
    (" a", false),
    ("a ", false),
    ("tenant/{id", false),
    ("tenant/id}", false),
    ("tenant/{Id}", false),
    ("tenant/{}", false),
];

/// Whether a configuration may say something is one question, whoever answers it.
#[test]
fn the_schema_and_the_library_agree() {
    let connection =
        |name: &str, line: &str| format!("[connections.{name:?}]\ntype = 'schema-sample'\nhost = 'h'\n{line}\n");
    let lines = LINES.iter().map(|(line, is_right)| (connection("a", line), *is_right));
    let names = NAMES.iter().map(|(name, is_right)| (connection(name, ""), *is_right));
    let cases: Vec<_> = lines.chain(names).collect();
    for (text, is_right) in &cases {
        let built = ConnectionManager::builder().toml(text.as_str()).environment([("", ""); 0]).build();
        assert_eq!(built.is_ok(), *is_right, "the library: {text}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = |at: usize| folder.path().join(format!("{at}.toml"));
    cases.iter().enumerate().for_each(|(at, (text, _))| fs::write(file(at), text).unwrap());
    let Some(found) = validate(&(0..cases.len()).map(file).collect::<Vec<_>>()) else { return };
    for (at, (text, is_right)) in cases.iter().enumerate() {
        let errors = found[file(at).to_str().unwrap()].as_array().unwrap();
        assert_eq!(errors.is_empty(), *is_right, "the schema: {text}{errors:?}");
    }
}

/// Of each configuration in the repository nothing is wrong but the types that these tests do not link.
#[test]
fn every_configuration_of_the_repository_is_right() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let folder = tempfile::tempdir().unwrap();
    let files: Vec<_> = configurations(&examples).into_iter().chain(pages(folder.path())).collect();
    assert!(files.len() > 15, "{files:?}");
    let (desk, validated) = (Desk::new(), validate(&files));
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let foreign = foreign_types(&text);
        if let Some(validated) = &validated {
            let found = validated[file.to_str().unwrap()].as_array().unwrap();
            let paths: BTreeSet<_> = found.iter().map(|error| error[0].as_str().unwrap().to_owned()).collect();
            let expected: BTreeSet<_> = foreign.iter().map(|(path, _)| path.clone()).collect();
            assert_eq!(paths, expected, "{}: {found:?}", file.display());
        }
        if let Some(desk) = &desk {
            let found = desk.lint(&text);
            let fits = foreign.iter().all(|(_, said)| found.iter().any(|finding| finding.contains(said)));
            assert!(fits && found.len() == foreign.len(), "{}: {found:#?}", file.display());
        }
    }
}

/// The places where a file names a type that is not linked here, each with what the editor says there.
fn foreign_types(text: &str) -> Vec<(String, String)> {
    let factory = ConnectionFactory::linked().expect("no name is used twice");
    let table: Table = text.parse().expect("it is TOML");
    let below = |key: &str| table.get(key).and_then(toml::Value::as_table).cloned().unwrap_or_default();
    let is_foreign = |name: &str| name != "lifecycle" && !factory.is_registered(name);
    let connections = below("connections")
        .into_iter()
        // Of what is disabled the type need not be there.
        .filter(|(_, connection)| connection.get("enabled").and_then(toml::Value::as_bool) != Some(false))
        .filter(|(_, connection)| connection.get("type").and_then(toml::Value::as_str).is_some_and(is_foreign));
    let connections =
        connections.map(|(name, _)| (format!("connections.{name}.type"), "the value must be one of".into()));
    let defaults = below("defaults").into_iter().filter(|(name, _)| is_foreign(name));
    let defaults = defaults.map(|(name, _)| ("defaults".to_owned(), format!("\"{name}\" is not allowed")));
    connections.chain(defaults).collect()
}

/// The files with connections below a folder.
fn configurations(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("the folder is there").path();
        if path.is_dir() {
            found.extend(configurations(&path));
        } else if path.extension().is_some_and(|extension| extension == "toml")
            && fs::read_to_string(&path).expect("the file is text").contains("[connections.")
        {
            found.push(path);
        }
    }
    found
}

/// The blocks of TOML in the pages for users that are configurations without mistakes, each written to a file.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let guide = fs::read_dir(root.join("registry/src/guide"))
        .expect("the folder is there")
        .map(|entry| entry.expect("the folder is there").path());
    let mut found = Vec::new();
    for page in guide.chain([root.join("README.md")]) {
        let text = fs::read_to_string(&page).expect("the file is text");
        for (at, block) in text.split("```toml\n").skip(1).enumerate() {
            let block = block.split("\n```").next().expect("a split has a part");
            let is_right = block.contains("[connections.") && !block.contains(MISTAKE);
            if is_right && block.parse::<Table>().is_ok() {
                let file = folder
                    .join(format!("{}-{at}.toml", page.file_stem().expect("a file has a name").to_string_lossy()));
                fs::write(&file, block).expect("a file can be written");
                found.push(file);
            }
        }
    }
    found
}

/// In the example of README.md that shows a report.
const MISTAKE: &str = "base_ulr";
