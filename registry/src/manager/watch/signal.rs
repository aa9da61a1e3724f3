//! How events come from the thread of the watches to the follower: counted, never queued.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use notify::{
    Event, EventHandler, EventKind,
    event::{AccessKind, AccessMode},
};
use tokio::sync::Notify;

use super::{content::is_listed, route::Routes};

/// Takes up the same room whether one event comes or a million.
#[derive(Default)]
pub(super) struct Signal {
    announced: AtomicU64,
    /// The watches may no longer stand where they should.
    stale: AtomicBool,
    notify: Notify,
    /// What events are about that matter.
    routes: Mutex<Routes>,
}

/// The end that is called with each event.
pub(super) struct Sender {
    pub(super) signal: Arc<Signal>,
    /// Dropped when the thread that calls ends, or never began.
    pub(super) _alive: Arc<()>,
}

impl Signal {
    /// How many events that matter there have been.
    pub(super) fn announced(&self) -> u64 {
        self.announced.load(Ordering::Acquire)
    }

    /// Ends when there was an event since the last call, or when one comes. It may end without one.
    pub(super) async fn event(&self) {
        self.notify.notified().await;
    }

    pub(super) fn distrust_watches(&self) {
        self.stale.store(true, Ordering::Release);
    }

    /// Whether the watches were distrusted since the last call.
    pub(super) fn take_distrust(&self) -> bool {
        self.stale.swap(false, Ordering::AcqRel)
    }

    pub(super) fn listen_for(&self, routes: Routes) {
        *self.routes() = routes;
    }

    fn announce(&self) {
        self.announced.fetch_add(1, Ordering::Release);
        self.notify.notify_one();
    }

    fn receive(&self, event: notify::Result<Event>) {
        // An error, or more events than the system could keep: anything may have happened.
        let Some(event) = event.ok().filter(|event| !event.need_rescan() && !event.paths.is_empty()) else {
            self.distrust_watches();
            return self.announce();
        };
        // Above all our own reading.
        if is_reading(event.kind) {
            return;
        }
        let routes = self.routes();
        let is_about_a_folder = event.paths.iter().any(|path| routes.folders.contains(path));
        let matters = is_about_a_folder || event.paths.iter().any(|path| names(&routes, path));
        drop(routes);
        if is_about_a_folder {
            // A folder that was deleted and made again is another one, of which its watch knows nothing.
            self.distrust_watches();
        }
        if matters {
            self.announce();
        }
    }

    fn routes(&self) -> MutexGuard<'_, Routes> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventHandler for Sender {
    fn handle_event(&mut self, event: notify::Result<Event>) {
        self.signal.receive(event);
    }
}

/// Whether nothing can have changed by it.
fn is_reading(kind: EventKind) -> bool {
    matches!(kind, EventKind::Access(access) if access != AccessKind::Close(AccessMode::Write))
}

/// Whether the entry `path` of a watched folder is one that matters.
fn names(routes: &Routes, path: &Path) -> bool {
    // Elsewhere a file system may tell a name in another spelling than the configuration's.
    cfg!(not(any(target_os = "linux", target_os = "android")))
        || is_listed(path)
        || path.file_name().is_some_and(|name| routes.names.contains(name))
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::path::PathBuf;

    use notify::event::{CreateKind, Flag, ModifyKind, RemoveKind};

    use super::*;

    /// Whether an event is announced, and whether it casts doubt on the watches.
    #[track_caller]
    fn check(event: notify::Result<Event>, announced: bool, stale: bool) {
        let signal = Signal::default();
        let routes = Routes { folders: [PathBuf::from("/etc/app")].into(), names: ["..data".into()].into() };
        signal.listen_for(routes);
        signal.receive(event);
        assert_eq!((signal.announced() == 1, signal.take_distrust()), (announced, stale));
        assert!(!signal.take_distrust());
    }

    fn event(kind: EventKind, path: &str) -> notify::Result<Event> {
        Ok(Event::new(kind).add_path(PathBuf::from(path)))
    }

    #[test]
    fn events_on_names_that_matter_are_announced() {
        check(event(EventKind::Create(CreateKind::File), "/etc/app/..data"), true, false);
        check(event(EventKind::Modify(ModifyKind::Any), "/etc/app/new.toml"), true, false);
        check(event(EventKind::Access(AccessKind::Close(AccessMode::Write)), "/etc/app/a.toml"), true, false);
        check(event(EventKind::Modify(ModifyKind::Any), "/etc/app/app.log"), false, false);
    }

    #[test]
    fn reading_is_not_announced() {
        check(event(EventKind::Access(AccessKind::Open(AccessMode::Any)), "/etc/app/a.toml"), false, false);
        check(event(EventKind::Access(AccessKind::Open(AccessMode::Any)), "/etc/app"), false, false);
        check(event(EventKind::Access(AccessKind::Close(AccessMode::Read)), "/etc/app/a.toml"), false, false);
    }

    #[test]
    fn watches_are_distrusted_after_an_error_lost_events_and_events_on_their_folders() {
        check(event(EventKind::Remove(RemoveKind::Folder), "/etc/app"), true, true);
        check(Ok(Event::new(EventKind::Other).set_flag(Flag::Rescan)), true, true);
        check(Err(notify::Error::generic("")), true, true);
    }
}
