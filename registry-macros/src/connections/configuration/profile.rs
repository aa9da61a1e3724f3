//! The files of profiles beside the main file.

use std::{fs, path::Path};

use super::document::FilePath;

/// `connections.<profile>.toml` beside `connections.toml`, for every profile that has a file, sorted.
pub(super) fn files(main: &FilePath) -> Vec<FilePath> {
    let stem = main.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = main.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_profile = |name: &String| {
        let profile = name.strip_prefix(&stem).and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".toml"));
        profile.is_some_and(is_name)
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(is_profile).collect();
    names.sort();
    names.into_iter().map(|name| main.beside(name)).collect()
}

fn is_name(profile: &str) -> bool {
    !profile.is_empty()
        && profile.chars().all(|character| character.is_ascii_alphanumeric() || "_-".contains(character))
}
