//! The schema by its meta schema, and the configurations of the repository by the schema.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use connection_registry::ConnectionFactory;
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
    let folder = tempfile::tempdir().unwrap();
    let schema = folder.path().join("schema.json");
    fs::write(&schema, super::schema().to_string()).unwrap();
    let output = Command::new(python).args(["-c", VALIDATE]).arg(schema).args(files).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn the_schema_is_valid_and_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    fs::write(&file, "[connections.a]\ntype = 'schema-sample'\nhots = 'h'\nport = 'x'\n").unwrap();
    let Some(found) = validate(std::slice::from_ref(&file)) else { return };
    let found = found[file.to_str().unwrap()].as_array().unwrap();
    let mut paths: Vec<_> = found.iter().map(|error| error[0].as_str().unwrap()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["connections.a", "connections.a", "connections.a.port"], "{found:?}");
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
        let foreign = foreign_connections(&text);
        if let Some(validated) = &validated {
            let found = validated[file.to_str().unwrap()].as_array().unwrap();
            let paths: BTreeSet<_> = found.iter().map(|error| error[0].as_str().unwrap().to_owned()).collect();
            let expected = foreign.iter().map(|name| format!("connections.{name}.type")).collect();
            assert_eq!(paths, expected, "{}: {found:?}", file.display());
        }
        if let Some(desk) = &desk {
            let found = desk.lint(&text);
            let are_types = found.iter().all(|finding| finding.contains(" enum the value must be one of [\"amqp\""));
            assert!(are_types && found.len() == foreign.len(), "{}: {found:#?}", file.display());
        }
    }
}

/// The connections of types that are not linked here.
fn foreign_connections(text: &str) -> Vec<String> {
    let factory = ConnectionFactory::linked().unwrap();
    let table: Table = text.parse().unwrap();
    let connections = table.get("connections").and_then(toml::Value::as_table).cloned().unwrap_or_default();
    let is_foreign = |connection: &toml::Value| {
        connection.get("type").and_then(toml::Value::as_str).is_some_and(|name| !factory.is_registered(name))
    };
    connections.into_iter().filter(|(_, connection)| is_foreign(connection)).map(|(name, _)| name).collect()
}

/// The files with connections below a folder.
fn configurations(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(configurations(&path));
        } else if path.extension().is_some_and(|extension| extension == "toml")
            && fs::read_to_string(&path).unwrap().contains("[connections.")
        {
            found.push(path);
        }
    }
    found
}

/// The blocks of TOML in the pages for users that are configurations without mistakes, each written to a file.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let guide = fs::read_dir(root.join("registry/src/guide")).unwrap().map(|entry| entry.unwrap().path());
    let mut found = Vec::new();
    for page in guide.chain([root.join("README.md")]) {
        let text = fs::read_to_string(&page).unwrap();
        for (at, block) in text.split("```toml\n").skip(1).enumerate() {
            let block = block.split("\n```").next().unwrap();
            let is_right = block.contains("[connections.") && !block.contains(MISTAKE);
            if is_right && block.parse::<Table>().is_ok() {
                let file = folder.join(format!("{}-{at}.toml", page.file_stem().unwrap().to_string_lossy()));
                fs::write(&file, block).unwrap();
                found.push(file);
            }
        }
    }
    found
}

/// In the example of README.md that shows a report.
const MISTAKE: &str = "base_ulr";
