//! The rules on single files, each a function from a file to its violations.

use crate::{
    lexer::places_of,
    source::{SourceFile, Violation},
};

/// The file that decides what happens to a connection; it must be testable without tasks and without waiting.
pub(crate) const STATE_MACHINE: &str = "registry/slot.rs";

const MAX_LINES: usize = 500;

pub(crate) fn check_words(file: &SourceFile, words: &[&str], why: &str) -> Vec<Violation> {
    words
        .iter()
        .flat_map(|word| places_of(&file.code, word).map(move |at| (at, word)))
        .map(|(at, word)| file.violation(at, format!("`{word}`: {why}")))
        .collect()
}

pub(crate) fn check_wall_clock(file: &SourceFile) -> Vec<Violation> {
    check_words(file, &["SystemTime"], "timers are monotonic, so that a clock that jumps changes nothing")
}

pub(crate) fn check_output(file: &SourceFile) -> Vec<Violation> {
    let words = ["println!", "eprintln!", "print!", "eprint!", "dbg!"];
    check_words(file, &words, "a library prints nothing")
}

pub(crate) fn check_unfinished(file: &SourceFile) -> Vec<Violation> {
    check_words(file, &["todo!", "unimplemented!"], "finish it")
}

pub(crate) fn check_unwrap(file: &SourceFile) -> Vec<Violation> {
    check_words(file, &[".unwrap()"], "return an error, or state the invariant by `expect`")
}

pub(crate) fn check_inventory(file: &SourceFile) -> Vec<Violation> {
    if ["factory", "private"].contains(&file.room()) {
        return Vec::new();
    }
    check_words(file, &["inventory"], "the link-time collection is named in `factory` and `private.rs` alone")
}

pub(crate) fn check_state_machine(file: &SourceFile) -> Vec<Violation> {
    if file.path != STATE_MACHINE {
        return Vec::new();
    }
    let words = ["tokio", "Instant", "std::fs", "std::io", "std::net", "std::thread", "async"];
    check_words(file, &words, "the state machine knows neither tokio nor time nor I/O")
}

pub(crate) fn check_length(file: &SourceFile) -> Vec<Violation> {
    let lines = file.text.lines().count();
    let too_long = lines > MAX_LINES;
    too_long.then(|| file.violation(0, format!("{lines} lines, at most {MAX_LINES}"))).into_iter().collect()
}

pub(crate) fn check_module_doc(file: &SourceFile) -> Vec<Violation> {
    let missing = !file.text.starts_with("//!");
    missing.then(|| file.violation(0, "the first line says what the file is for: `//! …`")).into_iter().collect()
}

/// A `mod.rs` is a table of contents.
pub(crate) fn check_mod_file(file: &SourceFile) -> Vec<Violation> {
    if !file.is_mod_file() {
        return Vec::new();
    }
    items(&file.code)
        .into_iter()
        .filter(|(_, item)| !is_declaration(item))
        .map(|(at, _)| file.violation(at, "a mod.rs holds docs, `mod` and `use` alone"))
        .collect()
}

/// The items of a file that consists of declarations: what stands between semicolons.
fn items(code: &str) -> Vec<(usize, &str)> {
    let mut start = 0;
    let mut found = Vec::new();
    for part in code.split_inclusive(';') {
        let item = part.trim_start();
        if !item.is_empty() {
            found.push((start + part.len() - item.len(), item));
        }
        start += part.len();
    }
    found
}

fn is_declaration(item: &str) -> bool {
    let item = without_visibility(without_attributes(item));
    item.starts_with("use ") || item.starts_with("mod ") && item.ends_with(';') && !item.contains('{')
}

fn without_attributes(mut item: &str) -> &str {
    while item.starts_with("#[") || item.starts_with("#![") {
        item = item.split_once(']').map_or("", |(_, rest)| rest.trim_start());
    }
    item
}

fn without_visibility(item: &str) -> &str {
    let Some(rest) = item.strip_prefix("pub") else { return item };
    match rest.strip_prefix('(') {
        Some(scope) => scope.split_once(')').map_or("", |(_, rest)| rest.trim_start()),
        None => rest.trim_start(),
    }
}
