//! The import table: which room may name which other.

use crate::{
    lexer::places_of,
    source::{SourceFile, Violation},
};

/// Every room with those that it may import beside itself. Data flows config → factory → registry → manager;
/// a room that is new needs a row here.
const TABLE: &[(&str, &[&str])] = &[
    ("span", &[]),
    ("secret", &[]),
    // Data without an import of its own, like `secret`: the decoder must know its mark.
    ("reference", &[]),
    // What guards share: data that the type erasure makes and the registry hands out.
    ("lease", &[]),
    ("diagnostic", &["secret", "span"]),
    ("config", &["diagnostic", "reference", "secret", "span"]),
    ("error", &["diagnostic"]),
    ("connection", &["lease", "error", "config", "diagnostic", "reference", "secret", "span"]),
    // The object-safe twin of `connection`: the factory makes it, the registry keeps it, the manager calls it.
    ("erased", &["connection", "lease", "error", "config"]),
    ("factory", &["erased", "connection", "lease", "error", "config", "diagnostic", "reference", "secret", "span"]),
    ("registry", &["erased", "connection", "lease", "error", "config", "diagnostic", "reference", "secret", "span"]),
    (
        "manager",
        &[
            "registry",
            "factory",
            "erased",
            "connection",
            "error",
            "config",
            "diagnostic",
            "reference",
            "secret",
            "span",
        ],
    ),
    (
        "cli",
        &[
            "manager",
            "registry",
            "factory",
            "connection",
            "error",
            "config",
            "diagnostic",
            "reference",
            "secret",
            "span",
        ],
    ),
    // The program `connections`.
    ("bin", &["cli"]),
    // What the attribute's expansion names.
    ("private", &["factory", "connection", "config"]),
    // Only what any other crate could name as well.
    ("connectors", &[PUBLIC]),
    ("testing", &[PUBLIC]),
    ("guide", &[]),
];

/// Stands for the re-exports at the root of the crate.
const PUBLIC: &str = "the public API";

/// The front page declares and re-exports everything.
const FRONT_PAGE: &str = "lib";

pub(crate) fn check_imports(file: &SourceFile) -> Vec<Violation> {
    if file.room() == FRONT_PAGE {
        return Vec::new();
    }
    let Some((_, allowed)) = TABLE.iter().find(|(room, _)| *room == file.room()) else {
        return vec![file.violation(0, format!("`{}` has no row in the import table", file.room()))];
    };
    imports(file)
        .into_iter()
        .filter(|(_, imported)| imported != file.room() && !allowed.contains(&imported.as_str()))
        .map(|(at, imported)| file.violation(at, format!("`{}` must not import `{imported}`", file.room())))
        .collect()
}

/// The rooms that a file names, each with its place.
fn imports(file: &SourceFile) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for root in ["crate", "connection_registry"] {
        // `$crate` in an exported macro is named where the macro is used.
        for at in places_of(&file.code, root).filter(|&at| !file.code[..at].ends_with('$')) {
            if let Some(path) = behind_colons(&file.code, at + root.len()) {
                found.extend(first_names(path).into_iter().map(|name| (at, room_of(&name))));
            }
        }
    }
    found.extend(imports_by_super(file));
    found
}

/// `super::super::x`, where the last `super` is the root of the crate.
fn imports_by_super(file: &SourceFile) -> Vec<(usize, String)> {
    let folders = file.path.split('/').count() - usize::from(file.is_mod_file());
    let to_root = vec!["super"; folders].join("::");
    places_of(&file.code, &to_root)
        .filter_map(|at| behind_colons(&file.code, at + to_root.len()).map(|path| (at, path)))
        .flat_map(|(at, path)| first_names(path).into_iter().map(move |name| (at, room_of(&name))))
        .collect()
}

fn behind_colons(code: &str, at: usize) -> Option<&str> {
    code[at..].trim_start().strip_prefix("::").map(str::trim_start)
}

/// The first name of a path, or of each path in a group.
fn first_names(path: &str) -> Vec<String> {
    match path.strip_prefix('{') {
        Some(group) => elements(group).iter().map(|element| first_name(element)).collect(),
        None => vec![first_name(path)],
    }
}

/// The elements of a group up to its closing brace.
fn elements(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                found.push(group[start..at].trim());
                start = at + 1;
                if character == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    found.retain(|element| !element.is_empty());
    found
}

fn first_name(path: &str) -> String {
    path.chars().take_while(|&character| character.is_alphanumeric() || character == '_').collect()
}

/// The room of a module; [`PUBLIC`] for what stands at the root.
fn room_of(name: &str) -> String {
    if TABLE.iter().any(|(room, _)| *room == name) { name.to_owned() } else { PUBLIC.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, text: &str, expected: &[&str]) {
        let found = check_imports(&SourceFile::new(path, text));
        assert_eq!(found.iter().map(|violation| violation.message.as_str()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn an_import_along_the_flow_is_allowed() {
        check("manager/get.rs", "use crate::{config::Plan, factory::ConnectionFactory, registry::Slot};", &[]);
        check("config/layer.rs", "use super::value::Value; use crate::span::Span;", &[]);
        check("config/layer/merge.rs", "use super::super::value::Value;", &[]);
        check("connectors/sqlite.rs", "use crate::{BoxError, Connection}; use super::url::Url;", &[]);
    }

    #[test]
    fn an_import_against_the_flow_is_found() {
        check("config/layer.rs", "use crate::factory::Instance;", &["`config` must not import `factory`"]);
        check("diagnostic/data.rs", "type A = crate::config::Value;", &["`diagnostic` must not import `config`"]);
        check(
            "registry/slot.rs",
            "use crate::{\n  span::Span,\n  manager::{A, B},\n};",
            &["`registry` must not import `manager`"],
        );
        check("factory/mod.rs", "use super::registry::Slot;", &["`factory` must not import `registry`"]);
        check("config/layer/merge.rs", "use super::super::super::error::Error;", &["`config` must not import `error`"]);
    }

    #[test]
    fn rooms_do_not_go_round_by_the_front_page() {
        check("config/layer.rs", "use crate::ConnectionManager;", &["`config` must not import `the public API`"]);
        check("manager/get.rs", "use connection_registry::Error;", &["`manager` must not import `the public API`"]);
    }

    #[test]
    fn a_connector_sees_the_public_interface_alone() {
        check("connectors/sqlite.rs", "use crate::config::Value;", &["`connectors` must not import `config`"]);
    }

    #[test]
    fn a_new_room_needs_a_row() {
        check("cellar/wine.rs", "", &["`cellar` has no row in the import table"]);
    }

    #[test]
    fn comments_and_tests_may_name_any_room() {
        check("config/layer.rs", "//! crate::manager\n#[cfg(test)] mod tests { use crate::manager::X; }", &[]);
    }
}
