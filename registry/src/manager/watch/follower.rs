//! [`Follower`]: waits for events, looks at the files off the async threads, and compares.

use std::{
    mem,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    task::{JoinHandle, spawn_blocking},
    time::{Instant, sleep_until, timeout_at},
};

use super::{
    content::{Content, Digester, Followed},
    debounce::{Debounce, Decision, Occasion},
    signal::Signal,
    watches::Watches,
};
use crate::error::Result;

/// Says when the content of files has changed.
///
/// It goes by content: a file that is touched, or written again with the same text, has not changed. That a file is absent
/// or cannot be read is a content too, and so is whether others may read it.
///
/// Dropping it stops everything, on any thread, without waiting. A look that is under way ends by itself.
pub(crate) struct Follower {
    eye: Arc<Mutex<Eye>>,
    signal: Arc<Signal>,
    /// How many events of the signal are known to `debounce`.
    heard: u64,
    debounce: Debounce,
    /// What the caller was told, or what was there at the beginning.
    known: Content,
    look: Option<Look>,
    /// Moments are counted from here.
    epoch: Instant,
}

/// What looks: used on threads that may block.
struct Eye {
    followed: Followed,
    watches: Watches,
    digester: Digester,
}

/// A look under way. It is kept here, so that a caller who goes away and comes back finds it again.
struct Look {
    occasion: Occasion,
    task: JoinHandle<Content>,
}

impl Follower {
    /// Follows `files`, and in `folders` every file `*.toml`. None of them need exist. Relative paths are meant from the
    /// current folder.
    ///
    /// Reads the files, and so blocks for as long as that takes. What changed between the caller's own reading and this
    /// call is not reported: read once more after it.
    ///
    /// # Errors
    ///
    /// When nothing can be watched at all: the system has no more watches or threads. Names a folder.
    pub(crate) fn new(files: Vec<PathBuf>, folders: Vec<PathBuf>) -> Result<Self> {
        let signal = Arc::<Signal>::default();
        let followed = Followed::new(files, folders);
        let watches = Watches::over(&followed, Arc::clone(&signal))?;
        let digester = Digester::default();
        // Watched first, so that what changes while it is read makes an event.
        let known = Content::read(&followed, &digester);
        Ok(Self {
            eye: Arc::new(Mutex::new(Eye { followed, watches, digester })),
            signal,
            heard: 0,
            debounce: Debounce::new(Duration::ZERO, PERIOD),
            known,
            look: None,
            epoch: Instant::now(),
        })
    }

    /// Ends when the content differs from what it was when this last ended, or at [`new`](Self::new): 200 ms after the
    /// last event, and no later than 800 ms after the first. Changes without an event are found within 10 s.
    ///
    /// The manager's tokio runtime must have timers.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: the next call goes on where this one was.
    pub(crate) async fn changed(&mut self) {
        while !self.next_look().await {}
    }

    /// Follows another set from now on.
    ///
    /// A change to what stays in the set is reported even if it came before this call. What is new in the set is compared
    /// with what it is now. Returns whether something is new: since it may have changed after the caller read it, a caller
    /// that must not miss that reads once more.
    ///
    /// Reads the files, and so blocks for as long as that takes.
    pub(crate) fn follow(&mut self, files: Vec<PathBuf>, folders: Vec<PathBuf>) -> bool {
        let new = Followed::new(files, folders);
        // Its result is about the old set.
        self.look = None;
        let mut eye = lock(&self.eye);
        let old = mem::replace(&mut eye.followed, new);
        let found = eye.look(Occasion::Quiet);
        let known = mem::replace(&mut self.known, Content::nothing());
        self.known = known.carried_over(&old, &eye.followed, found);
        let has_more = !old.covers_all(&eye.followed);
        drop(eye);
        // What the old look may have seen.
        self.debounce.happened(self.now());
        has_more
    }

    /// Waits until it is time to look, and says whether there is a change to report.
    pub(super) async fn next_look(&mut self) -> bool {
        loop {
            if let Some(Look { occasion, task }) = &mut self.look {
                let (occasion, found) = (*occasion, task.await);
                self.look = None;
                // A look that did not end belongs to a runtime that is ending.
                return found.is_ok_and(|found| self.compare(found, occasion));
            }
            self.hear();
            let now = self.now();
            match self.debounce.decide(now) {
                Decision::Look(occasion) => {
                    self.debounce.looked(now, occasion);
                    let eye = Arc::clone(&self.eye);
                    self.look = Some(Look { occasion, task: spawn_blocking(move || lock(&eye).look(occasion)) });
                }
                Decision::Wait(until) => self.wait(self.epoch + until).await,
            }
        }
    }

    fn compare(&mut self, found: Content, occasion: Occasion) -> bool {
        if found == self.known {
            return false;
        }
        if occasion == Occasion::Silence {
            // Nothing told of it: it may be half written, and the watches may stand in the wrong places.
            self.signal.distrust_watches();
            self.debounce.happened(self.now());
            return false;
        }
        self.known = found;
        true
    }

    fn hear(&mut self) {
        let announced = self.signal.announced();
        if mem::replace(&mut self.heard, announced) != announced {
            self.debounce.happened(self.now());
        }
    }

    async fn wait(&self, until: Instant) {
        if self.debounce.is_open() {
            // Asks from time to time whether there was more, instead of waking up for each event of a storm.
            sleep_until(until.min(Instant::now() + GRAIN)).await;
        } else {
            // Why it ends is found out by asking the signal and the clock.
            let _ = timeout_at(until, self.signal.event()).await;
        }
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }
}

impl Eye {
    /// Watches where the files are now, then reads them: what changes afterwards makes an event.
    fn look(&mut self, occasion: Occasion) -> Content {
        // In a storm the thread of the watches has no time for us, and there is a look afterwards.
        if occasion != Occasion::Storm {
            self.watches.align(&self.followed);
        }
        Content::read(&self.followed, &self.digester)
    }
}

fn lock(eye: &Mutex<Eye>) -> MutexGuard<'_, Eye> {
    eye.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The longest that a change without an event goes unnoticed.
const PERIOD: Duration = Duration::from_secs(10);

/// How exactly the time of the last event is known.
const GRAIN: Duration = Duration::from_millis(20);

#[cfg(test)]
impl Follower {
    /// Events alone tell of changes, so that no test passes by the regular look.
    pub(super) fn by_events_alone(mut self) -> Self {
        self.debounce = Debounce::new(self.now(), Duration::from_secs(3_600));
        self
    }

    /// No event is heard, as on a file system without any.
    pub(super) fn deaf(mut self) -> Self {
        self.signal = Arc::default();
        self
    }

    /// Whether the last change that was reported is the latest.
    pub(super) fn is_current(&self) -> bool {
        let eye = lock(&self.eye);
        self.known == Content::read(&eye.followed, &eye.digester)
    }

    pub(super) fn look_now(&self) {
        lock(&self.eye).look(Occasion::Quiet);
    }

    pub(super) fn announced(&self) -> u64 {
        self.signal.announced()
    }

    /// Gone when the thread that watches is.
    pub(super) fn thread(&self) -> std::sync::Weak<()> {
        lock(&self.eye).watches.thread()
    }
}
