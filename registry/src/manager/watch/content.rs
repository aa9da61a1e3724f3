//! What is in the files that are followed: a digest of each, and what cannot be read.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    hash::{BuildHasher, RandomState},
    io,
    path::{Path, PathBuf},
};

use crate::config::read_file;

/// Files and folders to follow, as absolute paths.
#[derive(Debug, Default)]
pub(super) struct Followed {
    pub(super) files: BTreeSet<PathBuf>,
    /// Their files count whose names [`is_listed`].
    pub(super) folders: BTreeSet<PathBuf>,
}

/// What was found at a moment. It has no `Debug`: a digest of a short secret would tell it.
#[derive(PartialEq, Eq)]
pub(super) struct Content(HashMap<PathBuf, State>);

/// Makes digests that nobody outside can foresee, and that mean nothing in another process.
#[derive(Default)]
pub(super) struct Digester([RandomState; 2]);

#[derive(PartialEq, Eq)]
enum State {
    Absent,
    /// Why; says nothing of what is in it.
    Unreadable(String),
    /// `exposed`: whether others may read it, which can make a configuration invalid or valid.
    Text {
        digest: [u64; 2],
        exposed: bool,
    },
}

impl Followed {
    pub(super) fn new(files: Vec<PathBuf>, folders: Vec<PathBuf>) -> Self {
        let absolute = |paths: Vec<PathBuf>| paths.into_iter().map(absolute).collect();
        Self { files: absolute(files), folders: absolute(folders) }
    }

    /// Whether a change at `path` would be noticed.
    fn covers(&self, path: &Path) -> bool {
        let in_folder = || is_listed(path) && path.parent().is_some_and(|folder| self.folders.contains(folder));
        self.files.contains(path) || self.folders.contains(path) || in_folder()
    }

    /// Whether all of `other` is followed here too.
    pub(super) fn covers_all(&self, other: &Self) -> bool {
        other.files.iter().all(|file| self.covers(file)) && other.folders.is_subset(&self.folders)
    }
}

impl Content {
    pub(super) fn nothing() -> Self {
        Self(HashMap::new())
    }

    /// Reads everything; never waits for a FIFO, and reads regular files of at most [`MAX_BYTES`] alone.
    pub(super) fn read(followed: &Followed, digester: &Digester) -> Self {
        let mut states: HashMap<_, _> =
            followed.files.iter().map(|file| (file.clone(), digester.state(file))).collect();
        for folder in &followed.folders {
            match listed(folder) {
                Ok(files) => {
                    for file in files {
                        let state = || digester.state(&file);
                        states.entry(file.clone()).or_insert_with(state);
                    }
                }
                // As good as empty, which is how a pattern that includes files takes it too.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => drop(states.insert(folder.clone(), State::Unreadable(error.kind().to_string()))),
            }
        }
        Self(states)
    }

    /// What is known when `new` is followed instead of `old`: of what was followed before, what `self` knows; of the
    /// rest, what is `found` now.
    pub(super) fn carried_over(self, old: &Followed, new: &Followed, found: Self) -> Self {
        let known = self.0.into_iter().filter(|(path, _)| new.covers(path));
        let fresh = found.0.into_iter().filter(|(path, _)| !old.covers(path));
        Self(known.chain(fresh).collect())
    }
}

impl Digester {
    fn state(&self, path: &Path) -> State {
        match read_file(path, MAX_BYTES) {
            Ok(file) => {
                let digest = self.0.each_ref().map(|keys| keys.hash_one(&file.text));
                State::Text { digest, exposed: file.exposed }
            }
            Err(error) if error.not_found => State::Absent,
            Err(error) => State::Unreadable(error.to_string()),
        }
    }
}

/// So that a program may change its working directory.
fn absolute(path: PathBuf) -> PathBuf {
    let path = if path.as_os_str().is_empty() { PathBuf::from(".") } else { path };
    std::path::absolute(&path).unwrap_or(path)
}

fn listed(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if is_listed(&path) {
            files.push(path);
        }
    }
    Ok(files)
}

/// Whether the file's name makes it part of a folder that is followed. Hidden files are what editors leave behind.
pub(super) fn is_listed(path: &Path) -> bool {
    let is_hidden = || path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    path.extension().is_some_and(|extension| extension == "toml") && !is_hidden()
}

/// What is larger is no configuration.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_folder_count_by_their_names() {
        for (name, expected) in [
            ("a.toml", true),
            ("größe.toml", true),
            ("a.toml~", false),
            ("a.toml.swp", false),
            (".#a.toml", false),
            (".toml", false),
            ("toml", false),
        ] {
            assert_eq!(is_listed(&Path::new("/etc").join(name)), expected, "{name}");
        }
    }

    #[test]
    fn an_absent_folder_is_an_empty_one_and_a_file_in_its_place_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let digester = Digester::default();
        let parts = folder.path().join("conf.d");
        let followed = Followed::new(Vec::new(), vec![parts.clone()]);
        let absent = Content::read(&followed, &digester);
        fs::create_dir(&parts).unwrap();
        assert!(Content::read(&followed, &digester) == absent);
        fs::remove_dir(&parts).unwrap();
        fs::write(&parts, "").unwrap();
        assert!(Content::read(&followed, &digester) != absent);
    }

    #[test]
    fn a_file_that_is_listed_and_named_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.toml");
        fs::write(&file, "").unwrap();
        let followed = Followed::new(vec![file], vec![folder.path().to_owned()]);
        assert_eq!(Content::read(&followed, &Digester::default()).0.len(), 1);
    }

    #[test]
    fn another_set_covers_what_it_names_and_what_its_folders_list() {
        let set = |files: &[&str], folders: &[&str]| {
            let paths = |paths: &[&str]| paths.iter().map(PathBuf::from).collect();
            Followed::new(paths(files), paths(folders))
        };
        let old = set(&["/c/app.toml"], &["/c/conf.d"]);
        assert!(old.covers_all(&set(&["/c/app.toml", "/c/conf.d/new.toml"], &["/c/conf.d"])));
        assert!(!old.covers_all(&set(&["/c/app.toml", "/run/secret"], &[])));
        assert!(!old.covers_all(&set(&["/c/conf.d/.hidden.toml"], &[])));
        assert!(!old.covers_all(&set(&[], &["/c"])));
    }
}
