//! Problems in the Static Analysis Results Interchange Format, version 2.1.0: what code scanning takes.

use std::path::{Component, Path};

use serde_json::{Value, json};

use crate::diagnostic::{Code, Diagnostic, Label};

/// The log of one run. What has no place in a file is at the start of `main`, the main file.
pub(super) fn log(problems: &[Diagnostic], main: &Path) -> Value {
    let main = uri(main);
    let results: Vec<_> = problems.iter().map(|problem| result(problem, &main)).collect();
    let rules: Vec<_> = Code::all().map(rule).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.id(),
        "shortDescription": { "text": code.title() },
        "fullDescription": { "text": code.explanation() },
        "help": { "text": code.explanation() },
        "defaultConfiguration": { "level": "error" },
    })
}

fn result(problem: &Diagnostic, main: &str) -> Value {
    let places: Vec<_> = problem.labels().iter().map(|label| location(label, main)).collect();
    let (first, related) = match places.split_first() {
        Some((first, related)) if problem.line() > 0 => (first.clone(), related),
        _ => (json!({ "physicalLocation": start_of(main) }), places.as_slice()),
    };
    let rule_index = Code::all().position(|code| code.id() == problem.code());
    json!({
        "ruleId": problem.code(),
        "ruleIndex": rule_index,
        "level": "error",
        "message": { "text": message(problem) },
        "locations": [first],
        "relatedLocations": related,
    })
}

/// The problem with its key and what to do: code scanning shows nothing else.
fn message(problem: &Diagnostic) -> String {
    let variable = problem.labels().first().filter(|label| label.is_variable());
    let variable = variable.map(|label| format!("{}: ", label.file())).unwrap_or_default();
    let key = problem.key_path().map(|key| format!(" (`{key}`)")).unwrap_or_default();
    let help = problem.help().map(|help| format!("; {help}")).unwrap_or_default();
    format!("{variable}{}{key}{help}", problem.message())
}

fn location(label: &Label, main: &str) -> Value {
    let place = if label.is_variable() {
        start_of(main)
    } else {
        json!({
            "artifactLocation": { "uri": uri(Path::new(label.file())) },
            "region": {
                "startLine": label.line(),
                "startColumn": label.column(),
                "endLine": label.line(),
                "endColumn": label.end_column(),
            },
        })
    };
    if label.text().is_empty() {
        json!({ "physicalLocation": place })
    } else {
        json!({ "physicalLocation": place, "message": { "text": label.text() } })
    }
}

fn start_of(file: &str) -> Value {
    json!({
        "artifactLocation": { "uri": file },
        "region": { "startLine": 1, "startColumn": 1 },
    })
}

/// The path as a reference relative to the working directory, which in a pipeline is the root of the repository;
/// `file://…` for what is elsewhere.
fn uri(path: &Path) -> String {
    let folder = std::env::current_dir().unwrap_or_default();
    let path = path.strip_prefix(&folder).unwrap_or(path);
    let mut steps = Vec::new();
    let mut root = "";
    for component in path.components() {
        match component {
            Component::Prefix(prefix) => steps.push(encoded(&prefix.as_os_str().to_string_lossy())),
            Component::RootDir => root = "file:///",
            Component::CurDir => {}
            Component::ParentDir => steps.push("..".to_owned()),
            Component::Normal(name) => steps.push(encoded(&name.to_string_lossy())),
        }
    }
    format!("{root}{}", steps.join("/"))
}

/// Percent-encodes what may not stand in a segment of a path.
fn encoded(segment: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=@".contains(&byte);
    segment
        .bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: &str) {
        assert_eq!(uri(Path::new(path)), expected);
    }

    #[test]
    fn paths_are_relative_references_where_they_can_be() {
        check("connections.toml", "connections.toml");
        check("./conf.d/a b#c.toml", "conf.d/a%20b%23c.toml");
        check("../größe.toml", "../gr%C3%B6%C3%9Fe.toml");
        check("a:b.toml", "a%3Ab.toml");
        let inside = std::env::current_dir().unwrap().join("conf.d/x.toml");
        check(inside.to_str().unwrap(), "conf.d/x.toml");
    }

    #[cfg(unix)]
    #[test]
    fn a_path_elsewhere_is_absolute() {
        check("/etc/app/connections.toml", "file:///etc/app/connections.toml");
    }
}
