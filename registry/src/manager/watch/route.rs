//! Which folders to watch so that no change on the way to a file goes unnoticed.

use std::{
    collections::{BTreeSet, HashSet},
    ffi::{OsStr, OsString},
    fs,
    path::{Component, Path, PathBuf},
};

use super::content::{Followed, is_listed};

/// The folders that hold the files, and those in which a symbolic link on the way to them is entered.
///
/// A file is never watched itself: an editor puts another in its place. Kubernetes puts another link in the place of
/// `..data`, through which the way to each of its files leads, so every link on the way is looked for in its own folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Routes {
    /// Existing folders without a link in their path.
    pub(super) folders: BTreeSet<PathBuf>,
    /// The names in them that matter, beside those that a followed folder lists.
    pub(super) names: HashSet<OsString>,
}

/// What stands at the end of a way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    File,
    Folder,
}

impl Routes {
    /// As the disk is now.
    pub(super) fn to(followed: &Followed) -> Self {
        let mut routes = Self::default();
        followed.files.iter().for_each(|file| routes.follow(file, End::File));
        for folder in &followed.folders {
            routes.follow(folder, End::Folder);
            listed_links(folder).iter().for_each(|link| routes.follow(link, End::File));
        }
        routes
    }

    /// Goes the way of the absolute `path` step by step. It ends early where nothing is yet: what is missing appears there.
    fn follow(&mut self, path: &Path, end: End) {
        let mut real = PathBuf::new();
        let mut ahead = steps(path);
        let mut links = 0;
        while let Some(step) = ahead.pop() {
            let name = match Path::new(&step).components().next() {
                Some(Component::Normal(name)) => name,
                Some(Component::ParentDir) => {
                    real.pop();
                    continue;
                }
                Some(Component::RootDir | Component::Prefix(_)) => {
                    // Takes the place of all that is in it.
                    real.push(&step);
                    continue;
                }
                Some(Component::CurDir) | None => continue,
            };
            let next = real.join(name);
            let found = fs::symlink_metadata(&next);
            if found.as_ref().is_ok_and(fs::Metadata::is_symlink) {
                self.watch(&real, name);
                links += 1;
                let Ok(target) = fs::read_link(&next) else { return };
                if links > MAX_LINKS {
                    return;
                }
                ahead.extend(steps(&target));
            } else if found.is_ok_and(|found| found.is_dir()) && (!ahead.is_empty() || end == End::Folder) {
                real = next;
            } else {
                return self.watch(&real, name);
            }
        }
        if end == End::Folder {
            self.folders.insert(real);
        }
    }

    fn watch(&mut self, folder: &Path, name: &OsStr) {
        if !self.folders.contains(folder) {
            self.folders.insert(folder.to_owned());
        }
        self.names.insert(name.to_owned());
    }
}

/// The files of a followed folder that stand elsewhere; what stands in it needs no watch beside the folder's own.
fn listed_links(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let links = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|found| found.is_symlink()));
    links.map(|entry| entry.path()).filter(|path| is_listed(path)).collect()
}

/// The components of a path, the last one first.
fn steps(path: &Path) -> Vec<OsString> {
    path.components().rev().map(|component| component.as_os_str().to_owned()).collect()
}

/// As many as Linux follows; more are a circle.
const MAX_LINKS: usize = 40;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// Builds a tree by `make` in an empty folder; the routes to `files` and `folders` there, relative to it.
    #[track_caller]
    fn check(make: impl FnOnce(&Path), files: &[&str], folders: &[&str], watched: &[&str], names: &[&str]) {
        let root = tempfile::tempdir().unwrap();
        let at = root.path().canonicalize().unwrap();
        make(&at);
        let paths = |paths: &[&str]| paths.iter().map(|path| at.join(path)).collect();
        let routes = Routes::to(&Followed::new(paths(files), paths(folders)));
        let relative = |path: &PathBuf| path.strip_prefix(&at).map(Path::to_owned).unwrap_or(path.clone());
        assert_eq!(
            routes.folders.iter().map(relative).collect::<Vec<_>>(),
            watched.iter().map(PathBuf::from).collect::<Vec<_>>()
        );
        assert_eq!(routes.names, names.iter().map(OsString::from).collect());
    }

    fn dir(at: &Path, path: &str) {
        fs::create_dir_all(at.join(path)).unwrap();
    }

    #[test]
    fn a_plain_file_is_watched_in_its_folder() {
        check(|at| fs::write(at.join("a.toml"), "").unwrap(), &["a.toml"], &[], &[""], &["a.toml"]);
    }

    #[test]
    fn what_is_not_there_yet_is_watched_where_its_first_missing_step_appears() {
        check(|at| dir(at, "etc"), &["etc/app/conf/a.toml"], &["etc/conf.d"], &["etc"], &["app", "conf.d"]);
        check(|_| (), &["a.toml"], &[], &[""], &["a.toml"]);
    }

    #[test]
    fn a_folder_that_is_there_is_watched_itself() {
        check(|at| dir(at, "etc/conf.d"), &[], &["etc/conf.d"], &["etc/conf.d"], &[]);
    }

    #[test]
    fn every_link_on_the_way_is_watched_where_it_is_entered() {
        fn kubernetes(at: &Path) {
            dir(at, "mnt/..2026_01");
            fs::write(at.join("mnt/..2026_01/app.toml"), "").unwrap();
            symlink("..2026_01", at.join("mnt/..data")).unwrap();
            symlink("..data/app.toml", at.join("mnt/app.toml")).unwrap();
        }
        check(kubernetes, &["mnt/app.toml"], &[], &["mnt", "mnt/..2026_01"], &["app.toml", "..data"]);
        check(kubernetes, &[], &["mnt"], &["mnt", "mnt/..2026_01"], &["app.toml", "..data"]);
        let release = |at: &Path| {
            dir(at, "v1/conf.d");
            symlink(at.join("v1"), at.join("current")).unwrap();
        };
        check(release, &["current/a.toml"], &["current/conf.d"], &["", "v1", "v1/conf.d"], &["current", "a.toml"]);
    }

    #[test]
    fn steps_up_lead_from_where_a_link_leads() {
        let up = |at: &Path| {
            dir(at, "deep/er");
            symlink("deep/er", at.join("link")).unwrap();
        };
        check(up, &["link/../a.toml"], &[], &["", "deep"], &["link", "a.toml"]);
    }

    #[test]
    fn a_link_to_nowhere_is_watched_at_both_ends_and_a_circle_ends() {
        check(|at| symlink("sub", at.join("a.toml")).unwrap(), &["a.toml"], &[], &[""], &["a.toml", "sub"]);
        check(|at| symlink("a.toml", at.join("a.toml")).unwrap(), &["a.toml"], &[], &[""], &["a.toml"]);
    }

    #[test]
    fn a_folder_in_the_place_of_a_file_and_a_file_in_the_place_of_a_folder_are_waited_out() {
        check(|at| dir(at, "a.toml"), &["a.toml"], &[], &[""], &["a.toml"]);
        check(|at| fs::write(at.join("conf.d"), "").unwrap(), &["conf.d/a.toml"], &["conf.d"], &[""], &["conf.d"]);
    }
}
