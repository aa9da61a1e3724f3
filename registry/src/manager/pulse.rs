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
            let Some(periods) = self.quiet_periods(quiet) else { return };
            quiet = periods;
            if quiet == 0 {
                drop(runtime.spawn(async {}));
            }
        }
    }

    /// How many periods there was nothing to do, this one included, after `before` of them. `None` once they are enough
    /// for the thread to end.
    fn quiet_periods(&self, before: u32) -> Option<u32> {
        let mut state = self.lock();
        let quiet = if state.beats == 0 { before + 1 } else { 0 };
        // In the same critical section, so that no beat begins in between and counts on the thread.
        state.is_running = quiet <= QUIET_PERIODS;
        state.is_running.then_some(quiet)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a runtime is left alone: the longest that a blocked thread delays others.
const PERIOD: Duration = Duration::from_millis(20);

/// The thread ends after so many periods in which there was nothing to do.
const QUIET_PERIODS: u32 = 50;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_ends_a_second_after_the_last_beat_and_not_before() {
        let heart = Arc::new(Heart(Mutex::new(State { beats: 1, is_running: true })));
        assert_eq!(heart.quiet_periods(7), Some(0), "something is going on");
        drop(Beat(Arc::clone(&heart)));
        for quiet in 0..QUIET_PERIODS {
            assert_eq!(heart.quiet_periods(quiet), Some(quiet + 1));
            assert!(heart.lock().is_running);
        }
        assert_eq!(heart.quiet_periods(QUIET_PERIODS), None);
        assert!(!heart.lock().is_running, "the next beat starts another thread");
        assert_eq!(PERIOD * QUIET_PERIODS, Duration::from_secs(1));
    }
}
