//! A folder with a follower over some of its files.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;
use tokio::time::timeout;

use crate::manager::watch::follower::Follower;

/// Files in a folder of their own, and who follows them by events alone.
pub(super) struct Scene {
    folder: TempDir,
    pub(super) follower: Follower,
}

impl Scene {
    /// Builds the files by `make` before they are followed; paths are relative to the folder.
    pub(super) fn new(make: impl FnOnce(&Path), files: &[&str], folders: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path());
        let follower = follow(folder.path(), files, folders).by_events_alone();
        Self { folder, follower }
    }

    /// `app.toml`, with the text `one`.
    pub(super) fn of_one_file() -> Self {
        Self::new(|at| fs::write(at.join("app.toml"), "one").unwrap(), &["app.toml"], &[])
    }

    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        fs::write(self.at(path), text).unwrap();
    }

    /// Something was done that is a change: one report, of the latest content.
    #[track_caller]
    pub(super) fn reports(&mut self) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let changed = timeout(PATIENCE, self.follower.changed()).await;
            assert!(changed.is_ok(), "no report at {caller}");
            assert!(self.follower.is_current(), "a change after the one reported at {caller}");
        }
    }

    /// Something was done that is worth a look and no change.
    #[track_caller]
    pub(super) fn looks_and_reports_nothing(&mut self) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let looked = timeout(PATIENCE, self.follower.next_look()).await;
            assert_eq!(looked, Ok(false), "at {caller}");
        }
    }
}

pub(super) fn follow(root: &Path, files: &[&str], folders: &[&str]) -> Follower {
    Follower::new(below(root, files), below(root, folders)).unwrap()
}

pub(super) fn below(root: &Path, paths: &[&str]) -> Vec<PathBuf> {
    paths.iter().map(|path| root.join(path)).collect()
}

/// Far more than a report takes, which is a second at most.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
