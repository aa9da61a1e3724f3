//! Tasks that end with whoever waits for them, and work on threads that may wait for files.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    runtime::Handle,
    task::{AbortHandle, JoinError, JoinHandle, spawn_blocking},
};

/// A task that is aborted when this is dropped.
pub(super) struct AbortOnDrop<T>(JoinHandle<T>);

impl<T: Send + 'static> AbortOnDrop<T> {
    /// Starts `work` on the current runtime.
    pub(super) fn spawn(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }

    /// Starts `work` on `runtime`.
    pub(super) fn spawn_on(runtime: &Handle, work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(runtime.spawn(work))
    }
}

impl<T> AbortOnDrop<T> {
    /// Gives it up, and leaves it to the caller to wait for its end.
    pub(super) fn abort(&self) {
        self.0.abort();
    }

    /// For others who may give it up.
    pub(super) fn abort_handle(&self) -> AbortHandle {
        self.0.abort_handle()
    }
}

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Runs `work` on a thread that may wait for files. Where the operating system gives no thread for it, `work` is dropped.
pub(super) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, NotDone> {
    // Without a thread to be had tokio panics, in this task.
    match AbortOnDrop::spawn(async move { spawn_blocking(work).await }).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(work)) if work.is_panic() => Err(NotDone::Panicked),
        Err(begin) if begin.is_panic() => Err(NotDone::NoThread),
        _ => Err(NotDone::RuntimeEnded),
    }
}

/// Why work that was to be done on a thread apart was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotDone {
    Panicked,
    NoThread,
    RuntimeEnded,
}
