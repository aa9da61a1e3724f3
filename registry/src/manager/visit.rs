//! One try's way to its endpoint.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use super::{
    admission::{Admission, Pass},
    open_files::limit_hit,
};
use crate::{
    error::{Error, ErrorKind},
    registry::{Backoff, Failure},
};

/// Where one try is on its way: it waits to be let in, or it is in.
#[derive(Clone, Default)]
pub(super) struct Visit(Arc<Way>);

/// Gives back what a try has when it is given up.
pub(super) struct Leave<'v>(pub(super) &'v Visit);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

#[derive(Default)]
struct Way {
    /// Nobody waits for the try any more, and what it is still given it gives back.
    is_over: AtomicBool,
    /// Known once the try wants to be let in.
    endpoint: OnceLock<Option<String>>,
    pass: OnceLock<Pass>,
}

impl Visit {
    /// Waits to be let in.
    pub(super) async fn enter(&self, admission: &Admission, endpoint: Option<String>) {
        let endpoint = self.0.endpoint.get_or_init(|| endpoint).as_deref();
        let pass = admission.enter(endpoint).await;
        // A try is let in once.
        let _ = self.0.pass.set(pass);
        if self.0.is_over.load(Ordering::SeqCst) {
            self.step_aside();
        }
    }

    /// The try is over or given up. Its code may block its thread and go on, but has no place for it.
    fn leave(&self) {
        if !self.0.is_over.swap(true, Ordering::SeqCst) {
            self.step_aside();
        }
    }

    /// The try waits for another connection, which may need its place.
    pub(super) fn step_aside(&self) {
        if let Some(pass) = self.0.pass.get() {
            pass.step_aside();
        }
    }

    pub(super) async fn step_back_in(&self) {
        if let Some(pass) = self.0.pass.get() {
            pass.step_back_in().await;
        }
    }

    /// The endpoint that the try was let in to.
    pub(super) fn endpoint(&self) -> Option<&str> {
        self.0.pass.get().and(self.0.endpoint.get())?.as_deref()
    }

    /// The endpoint that the try waited for in vain. The inner one is `None` when there are only too many others.
    pub(super) fn waits_for(&self) -> Option<Option<&str>> {
        let is_in = self.0.pass.get().is_some();
        self.0.endpoint.get().filter(|_| !is_in).map(Option::as_deref)
    }

    /// The try is over: tells what it says of the endpoint.
    pub(super) fn ended(&self, failure: Option<&Failure<Error>>, backoff: &Backoff) {
        let Some(pass) = self.0.pass.get() else { return };
        match failure {
            None => pass.reached(),
            Some(Failure { permanent: true, .. }) => pass.reached(),
            Some(Failure { failure, .. }) if says_that_it_is_down(failure) => pass.unreached(failure, backoff),
            Some(_) => {}
        }
    }
}

/// Whether a failure is one of the endpoint: not a mistake in code, not one of another connection, and not that this
/// process has no descriptors left.
fn says_that_it_is_down(failure: &Error) -> bool {
    let is_of_this_process = failure.cause().is_some_and(|cause| limit_hit(cause).is_some());
    !failure.is_of_another()
        && !is_of_this_process
        && matches!(failure.kind(), ErrorKind::ConnectFailed | ErrorKind::ConnectTimeout)
}
