//! Keeps a runtime attentive while user code runs on it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tokio::runtime::{Handle, RuntimeFlavor};

/// Wakes an idle worker of a multi-thread runtime every now and then, as long as a [`Beat`] is held.
///
/// One idle worker at a time watches the timers and sockets of a runtime; the others sleep. When that one is given a
/// task that blocks its thread, nobody watches any more until something comes from outside: no timeout fires, and no
/// other connection gets on. A task that is spawned from a thread of its own is such a thing.
#[derive(Default)]
pub(super) struct Pulse(Arc<Heart>);

/// As long as it lives, the runtime is woken.
pub(super) struct Beat(Arc<Heart>);

#[derive(Default)]
struct Heart(Mutex<State>);

#[derive(Default)]
struct State {
    beats: usize,
    /// Whether the thread runs.
    is_running: bool,
}

impl Pulse {
    /// Wakes the current runtime until the beat is dropped. A current-thread runtime has nobody to wake.
    pub(super) fn begin(&self) -> Option<Beat> {
        let runtime = Handle::current();
        if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
            return None;
        }
        let mut state = self.0.lock();
        state.beats += 1;
        if !state.is_running {
            let heart = Arc::clone(&self.0);
            let thread = thread::Builder::new().name("connection-registry".to_owned());
            // Without a thread to be had, all goes on as well as tokio alone lets it.
            state.is_running = thread.spawn(move || heart.run(&runtime)).is_ok();
        }
        Some(Beat(Arc::clone(&self.0)))
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        self.0.lock().beats -= 1;
    }
}

impl Heart {
    /// Beats until nothing has been going on for a while.
    fn run(&self, runtime: &Handle) {
        let mut quiet = 0;
        loop {
            thread::sleep(PERIOD);
            let mut state = self.lock();
            quiet = if state.beats == 0 { quiet + 1 } else { 0 };
            // In the same critical section, so that no beat begins in between and counts on this thread.
            if quiet > QUIET_PERIODS {
                state.is_running = false;
                return;
            }
            drop(state);
            if quiet == 0 {
                drop(runtime.spawn(async {}));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a runtime is left alone: the longest that a blocked thread delays others.
const PERIOD: Duration = Duration::from_millis(20);

/// The thread ends after so many periods in which there was nothing to do.
const QUIET_PERIODS: u32 = 50;
