//! Keeps the deadline of a shutdown when no thread of the runtime is left to keep it.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// Ends something from a thread of its own when its time is over and nobody called the dog off.
///
/// Goodbyes that block their threads may leave none for the timers of the runtime.
#[derive(Default)]
pub(super) struct Watchdog(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// `None` when there is nothing to watch.
    deadline: Mutex<Option<Instant>>,
    changed: Condvar,
}

impl Watchdog {
    /// Calls `end` after `time`, by the real clock, unless it is hurried or called off before.
    pub(super) fn watch(&self, time: Duration, end: impl FnOnce() + Send + 'static) {
        // A moment that no clock can tell does not come.
        let Some(deadline) = Instant::now().checked_add(time) else { return };
        *self.0.lock() = Some(deadline);
        let inner = Arc::clone(&self.0);
        let thread = thread::Builder::new().name("connection-registry".to_owned());
        // Without a thread to be had, the deadline holds as well as the runtime alone holds it.
        drop(thread.spawn(move || {
            if inner.is_over() {
                end();
            }
        }));
    }

    /// The time is over in `time` already.
    pub(super) fn hurry(&self, time: Duration) {
        let hurried = Instant::now().checked_add(time);
        let mut deadline = self.0.lock();
        if let (Some(deadline), Some(hurried)) = (deadline.as_mut(), hurried) {
            *deadline = hurried.min(*deadline);
        }
        drop(deadline);
        self.0.changed.notify_all();
    }

    /// It has ended by itself.
    pub(super) fn call_off(&self) {
        *self.0.lock() = None;
        self.0.changed.notify_all();
    }
}

impl Inner {
    /// Waits; false when it was called off.
    fn is_over(&self) -> bool {
        let mut deadline = self.lock();
        loop {
            let Some(moment) = *deadline else { return false };
            let left = moment.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            deadline = self.changed.wait_timeout(deadline, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const SOON: Duration = Duration::from_millis(1);
    const LATE: Duration = Duration::from_secs(3600);

    #[test]
    fn it_barks_when_the_time_is_over_or_hurried_and_not_when_it_is_called_off() {
        for (time, hurry, call_off, barks) in [
            (SOON, None, false, true),
            (LATE, Some(SOON), false, true),
            (SOON, Some(LATE), false, true),
            (LATE, None, true, false),
            (LATE, Some(LATE), true, false),
            (Duration::MAX, None, false, false),
        ] {
            let (dog, (sender, barked)) = (Watchdog::default(), mpsc::channel());
            dog.watch(time, move || sender.send(()).unwrap());
            hurry.into_iter().for_each(|hurry| dog.hurry(hurry));
            if call_off {
                dog.call_off();
            }
            // Without a bark the thread ends, and its sender with it.
            assert_eq!(barked.recv().is_ok(), barks, "{time:?} {hurry:?} {call_off}");
        }
    }
}
