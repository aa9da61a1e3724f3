//! The watches of the operating system, brought in line with the disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    io, mem,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use super::{
    content::Followed,
    route::Routes,
    signal::{Sender, Signal},
};
use crate::error::{Error, ErrorKind, Result};

/// Watches on folders, none of them recursive.
pub(super) struct Watches {
    /// Taken when it is dropped.
    watcher: Option<RecommendedWatcher>,
    /// Gone when the thread of the watcher is.
    alive: Weak<()>,
    signal: Arc<Signal>,
    watched: BTreeSet<PathBuf>,
    /// Folders that cannot be watched, with the reason.
    refused: BTreeMap<PathBuf, String>,
}

impl Watches {
    /// Watches nothing yet.
    ///
    /// # Errors
    ///
    /// The reason in words, when the system gives no watches at all.
    fn new(signal: Arc<Signal>) -> Result<Self, String> {
        let alive = Arc::new(());
        let weak = Arc::downgrade(&alive);
        let sender = Sender { signal: Arc::clone(&signal), _alive: alive };
        let watcher = notify::recommended_watcher(sender).map_err(|error| reason(&error))?;
        let watches =
            Self { watcher: Some(watcher), alive: weak, signal, watched: BTreeSet::new(), refused: BTreeMap::new() };
        if watches.is_alive() { Ok(watches) } else { Err("no thread can be started".to_owned()) }
    }

    /// Watches all of `followed`.
    ///
    /// # Errors
    ///
    /// When nothing of it can be watched. When a part of it can, the rest is a warning in the log.
    pub(super) fn over(followed: &Followed, signal: Arc<Signal>) -> Result<Self> {
        let first = || Routes::to(followed).folders.into_iter().next().unwrap_or_default();
        let mut watches = Self::new(signal).map_err(|reason| cannot_watch(&first(), &reason))?;
        watches.align(followed);
        match watches.refused.first_key_value() {
            Some((folder, reason)) if watches.watched.is_empty() => Err(cannot_watch(folder, reason)),
            _ => Ok(watches),
        }
    }

    /// Watches what there is now of the ways to `followed`, and nothing else.
    pub(super) fn align(&mut self, followed: &Followed) {
        if self.signal.take_distrust() {
            self.forget_all();
        }
        // What appears between the search and the watch would be missed: so search again until there is nothing new.
        for _ in 0..MAX_ROUNDS {
            let routes = Routes::to(followed);
            let wanted = routes.folders.clone();
            self.signal.listen_for(routes);
            if !self.watch(&wanted) {
                break;
            }
        }
    }

    /// Whether there is a watch that was not there before.
    fn watch(&mut self, wanted: &BTreeSet<PathBuf>) -> bool {
        let unwanted: Vec<_> = self.watched.difference(wanted).cloned().collect();
        unwanted.iter().for_each(|folder| self.forget(folder));
        self.refused.retain(|folder, _| wanted.contains(folder));
        let missing: Vec<_> = wanted.difference(&self.watched).cloned().collect();
        let mut is_new = false;
        for folder in missing {
            match self.begin(&folder) {
                Ok(()) => {
                    self.refused.remove(&folder);
                    is_new |= self.watched.insert(folder);
                }
                Err(reason) => self.refuse(folder, reason),
            }
        }
        is_new
    }

    fn begin(&mut self, folder: &Path) -> Result<(), String> {
        let is_alive = self.is_alive();
        match self.watcher.as_mut().filter(|_| is_alive) {
            Some(watcher) => watcher.watch(folder, RecursiveMode::NonRecursive).map_err(|error| reason(&error)),
            None => Err("the thread that watches has ended".to_owned()),
        }
    }

    fn refuse(&mut self, folder: PathBuf, reason: String) {
        if !self.refused.contains_key(&folder) {
            let shown = folder.display();
            tracing::warn!(folder = %shown, %reason, "a folder cannot be watched, and is looked at every 10 s instead");
        }
        self.refused.insert(folder, reason);
    }

    fn forget_all(&mut self) {
        let watched = mem::take(&mut self.watched);
        watched.iter().for_each(|folder| self.forget(folder));
    }

    fn forget(&mut self, folder: &Path) {
        self.watched.remove(folder);
        let is_alive = self.is_alive();
        if let Some(watcher) = self.watcher.as_mut().filter(|_| is_alive) {
            // It fails when the folder is gone, and the watch with it.
            let _ = watcher.unwatch(folder);
        }
    }

    fn is_alive(&self) -> bool {
        self.alive.strong_count() > 0
    }

    #[cfg(test)]
    pub(super) fn thread(&self) -> Weak<()> {
        Weak::clone(&self.alive)
    }
}

impl Drop for Watches {
    fn drop(&mut self) {
        // A watcher whose thread never ran panics when it is used or dropped.
        if !self.is_alive() {
            mem::forget(self.watcher.take());
        }
    }
}

fn cannot_watch(folder: &Path, reason: &str) -> Error {
    let message = format!("cannot watch the folder `{}`: {reason}", folder.display());
    Error::new(ErrorKind::WatchFailed, message).retryable(true)
}

/// In our words, and without a path.
fn reason(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "too many folders are watched already (on Linux, see fs.inotify.max_user_watches)".to_owned()
        }
        notify::ErrorKind::Io(error) if error.raw_os_error() == Some(TOO_MANY_OPEN_FILES) => {
            "too many open files, or too many watchers (on Linux, see fs.inotify.max_user_instances)".to_owned()
        }
        notify::ErrorKind::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            "permission denied".to_owned()
        }
        notify::ErrorKind::Io(error) => error.to_string(),
        notify::ErrorKind::PathNotFound => "it does not exist".to_owned(),
        notify::ErrorKind::Generic(text) => text.clone(),
        notify::ErrorKind::WatchNotFound | notify::ErrorKind::InvalidConfig(_) => "it is not supported".to_owned(),
    }
}

/// How often what appeared meanwhile is searched for; what is left then is found by events and by the regular look.
const MAX_ROUNDS: usize = 4;

// Not an `io::ErrorKind` of its own.
const TOO_MANY_OPEN_FILES: i32 = 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_folder_and_the_limit() {
        for (error, expected) in [
            (
                notify::Error::new(notify::ErrorKind::MaxFilesWatch),
                "too many folders are watched already (on Linux, see fs.inotify.max_user_watches)",
            ),
            (
                notify::Error::io(io::Error::from_raw_os_error(TOO_MANY_OPEN_FILES)),
                "too many open files, or too many watchers (on Linux, see fs.inotify.max_user_instances)",
            ),
            (notify::Error::path_not_found(), "it does not exist"),
        ] {
            let error = cannot_watch(Path::new("conf.d"), &reason(&error.add_path("conf.d".into())));
            assert_eq!(error.to_string(), format!("cannot watch the folder `conf.d`: {expected}"));
        }
    }

    #[test]
    fn a_watcher_whose_thread_never_ran_is_neither_used_nor_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let followed = Followed::new(Vec::new(), vec![folder.path().to_owned()]);
        let mut watches = Watches::new(Arc::default()).unwrap();
        watches.alive = Weak::new();
        watches.align(&followed);
        let reasons: Vec<_> = watches.refused.values().collect();
        assert_eq!(reasons, ["the thread that watches has ended"]);
        let watcher = watches.watcher.take();
        drop(watches);
        drop(watcher);
    }
}
