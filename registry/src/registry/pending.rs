//! Waiting together for one attempt.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use tokio::{sync::watch, task::AbortHandle};

use crate::error::Error;

/// What callers wait on while an attempt or a goodbye is under way.
#[derive(Clone)]
pub(crate) struct Pending {
    outcome: watch::Receiver<Outcome>,
    work: Arc<Work>,
}

/// What is waited for.
#[derive(Default)]
struct Work {
    /// Set once the task runs.
    task: OnceLock<AbortHandle>,
    /// The attempt was given up for a newer one: its callers look again.
    superseded: AtomicBool,
}

/// How an attempt or a goodbye ended.
#[derive(Clone)]
pub(crate) enum Outcome {
    /// It has not.
    Running,
    /// Well: look at the slot again.
    Settled,
    /// The attempt failed, or was given up: every caller that waited gets this.
    Failed(Error),
    /// The goodbye failed; the client is gone all the same. Only who asked for it is told.
    ClosedBadly(Error),
}

impl Pending {
    /// What callers wait on, and the way to tell them.
    pub(crate) fn new() -> (watch::Sender<Outcome>, Self) {
        let (sender, outcome) = watch::channel(Outcome::Running);
        (sender, Self { outcome, work: Arc::default() })
    }

    /// The task runs now.
    pub(crate) fn started(&self, task: AbortHandle) {
        // A pending is started once.
        let _ = self.work.task.set(task);
    }

    pub(crate) fn abort(&self) {
        if let Some(task) = self.work.task.get() {
            task.abort();
        }
    }

    /// Gives the attempt up for a newer one.
    pub(crate) fn supersede(&self) {
        self.work.superseded.store(true, Ordering::Release);
        self.abort();
    }

    /// Whether both wait for the same.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.work, &other.work)
    }

    /// Whether it has ended.
    pub(crate) fn is_over(&self) -> bool {
        !matches!(*self.outcome.borrow(), Outcome::Running)
    }

    pub(crate) fn is_superseded(&self) -> bool {
        self.work.superseded.load(Ordering::Acquire)
    }

    /// Waits for the end. `None` when whoever should have told is gone without a word.
    pub(crate) async fn ended(mut self) -> Option<Outcome> {
        let outcome = self.outcome.wait_for(|outcome| !matches!(outcome, Outcome::Running)).await;
        outcome.ok().map(|outcome| outcome.clone())
    }
}
