//! `include`: other files of connections, by name or by pattern.

use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    context::Context,
    document::{Document, read_named, unreadable},
    problems::{no_placeholder, wrong_type},
    request::MainSource,
    source,
    value::{Value, ValueKind},
};
use crate::{
    diagnostic::{Code, Problem},
    span::Span,
};

/// Takes `include` out of the main file and reads what it names.
pub(super) fn take(main: &mut Document, context: &mut Context<'_>) -> Vec<Document> {
    let Some(list) = main.root.remove("include") else { return Vec::new() };
    let ValueKind::Array(items) = &list.kind else {
        context.add(wrong_type("include", &list, "an array of strings").key_path("include"));
        return Vec::new();
    };
    let mut documents = Vec::new();
    let mut seen: HashSet<PathBuf> = HashSet::from_iter(main_path(context));
    context.public.extend(items.iter().map(|item| item.span));
    for (at, item) in items.iter().enumerate() {
        let key_path = format!("include[{at}]");
        let Some(paths) = paths(item, &key_path, context) else { continue };
        for path in paths {
            if seen.insert(path.clone()) {
                documents.extend(read_named(&path, item.span, key_path.clone(), context));
            }
        }
    }
    documents
}

fn main_path(context: &Context<'_>) -> Option<PathBuf> {
    match &context.request.main {
        MainSource::File(path) => Some(path.clone()),
        MainSource::Text { .. } => None,
    }
}

/// The files that one item names; `None` when there is something wrong with it.
fn paths(item: &Value, key_path: &str, context: &mut Context<'_>) -> Option<Vec<PathBuf>> {
    let found = match &item.kind {
        ValueKind::String(text) => expand(context, text, item.span),
        ValueKind::Template(_) => Err(no_placeholder(item).into()),
        // Reported by the parser.
        ValueKind::Dummy(_) => return None,
        _ => Err(wrong_type("include", item, "a string").into()),
    };
    found.map_err(|problem| context.add(problem.key_path(key_path))).ok()
}

fn expand(context: &mut Context<'_>, text: &str, span: Span) -> Result<Vec<PathBuf>, Box<Problem>> {
    let folder = context.request.main.folder();
    let path = Path::new(text);
    if text.is_empty() || !source::stays_inside(path) {
        let problem = Problem::new(Code::InvalidValue, span, "the path leaves the configuration's folder");
        return Err(problem.help("write a path below the folder of this file, without `..`").into());
    }
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let parent = path.parent().unwrap_or(Path::new(""));
    if is_pattern(&parent.to_string_lossy()) {
        let message = "`*` and `?` are allowed in the file name alone";
        return Err(Problem::new(Code::InvalidValue, span, message).into());
    }
    if !is_pattern(&name) {
        return Ok(vec![folder.join(path)]);
    }
    let folder = folder.join(parent);
    context.reads.folder(&folder);
    matching(&folder, &name).map_err(|error| Problem { span: Some(span), ..unreadable(&folder, &error.into()) }.into())
}

/// The entries of `folder` that match, sorted by name. Hidden ones match only a pattern that starts with a dot.
fn matching(folder: &Path, pattern: &str) -> io::Result<Vec<PathBuf>> {
    let listed = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = match fs::read_dir(listed) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let text = name.to_string_lossy();
        if text.starts_with('.') == pattern.starts_with('.') && matches(pattern, &text) {
            paths.push(folder.join(&name));
        }
    }
    paths.sort();
    Ok(paths)
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether `text` matches `pattern`, in which `?` is any one character and `*` any number of them.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut in_text) = (0, 0);
    // Where the last `*` stood, and up to where it has matched: the one place to come back to.
    let mut star = None;
    while in_text < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, in_text));
                at += 1;
            }
            Some(&one) if one == '?' || one == text[in_text] => (at, in_text) = (at + 1, in_text + 1),
            _ => {
                let Some((star_at, matched)) = star else { return false };
                star = Some((star_at, matched + 1));
                (at, in_text) = (star_at + 1, matched + 1);
            }
        }
    }
    pattern[at..].iter().all(|&rest| rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_stars_and_question_marks() {
        for (pattern, text, expected) in [
            ("*.toml", "a.toml", true),
            ("*.toml", ".toml", true),
            ("*.toml", "a.toml.bak", false),
            ("a*b*c", "axxbyybzzc", true),
            ("a*b*c", "axxbyybzz", false),
            ("??", "ab", true),
            ("??", "abc", false),
            ("*", "", true),
            ("größe-?", "größe-ü", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
