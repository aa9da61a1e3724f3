//! `include`: the files that it names, by the rules of the library.

use std::{
    fs, io,
    path::{Component, Path},
};

use super::{
    document::{FilePath, Include},
    place::shown,
    source,
};

/// The files that one item of `include` in `main` names.
///
/// # Errors
///
/// A message when it is no path below the folder of `main`, or its folder cannot be read.
pub(super) fn expand(include: &Include, main: &FilePath) -> Result<Vec<FilePath>, String> {
    let Some(text) = &include.path else {
        return Err("`include` is an array of paths without placeholders".to_owned());
    };
    let path = Path::new(text);
    if text.is_empty() || !stays_inside(path) {
        return Err("the path leaves the configuration's folder".to_owned());
    }
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let parent = path.parent().unwrap_or(Path::new(""));
    if is_pattern(&parent.to_string_lossy()) {
        return Err("`*` and `?` are allowed in the file name alone".to_owned());
    }
    if !is_pattern(&name) {
        return Ok(vec![main.beside(path)]);
    }
    let folder = main.beside(parent);
    let names = matching(&folder.path, &name);
    let names = names.map_err(|error| format!("cannot read `{}`: {}", shown(&folder.shown), source::reason(&error)))?;
    Ok(names.into_iter().map(|name| main.beside(parent.join(name))).collect())
}

/// The names in `folder` that match, sorted. Hidden ones match only a pattern that starts with a dot.
fn matching(folder: &Path, pattern: &str) -> io::Result<Vec<std::ffi::OsString>> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let text = name.to_string_lossy();
        if text.starts_with('.') == pattern.starts_with('.') && matches(pattern, &text) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn stays_inside(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether `text` matches `pattern`, in which `?` is any one character and `*` any number of them.
fn matches(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // Which beginnings of the text the pattern so far can be: as many steps as the two have characters.
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    for character in pattern.chars() {
        if character == '*' {
            let first = ends.iter().position(|end| *end).unwrap_or(ends.len());
            ends[first..].fill(true);
        } else {
            for at in (0..text.len()).rev() {
                ends[at + 1] = ends[at] && (character == '?' || character == text[at]);
            }
            ends[0] = false;
        }
    }
    ends[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_as_in_the_library() {
        for (pattern, text, expected) in [
            ("*.toml", "a.toml", true),
            ("*.toml", ".toml", true),
            ("*.toml", "a.toml.bak", false),
            ("a*b*c", "axxbyybzzc", true),
            ("a*b*c", "axxbyybzz", false),
            ("??", "ab", true),
            ("??", "abc", false),
            ("?", "", false),
            ("*", "", true),
            ("größe-?", "größe-ü", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
