//! How an attempt failed, and the error that its callers get.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use super::{open_files::limit_hit, references::Waiting, shared::Shared, times::readable, visit::Visit};
use crate::{
    config::without_secrets,
    connection::ConnectError,
    diagnostic::Diagnostic,
    error::{BoxError, Error, ErrorKind},
    registry::{Failure, Pending},
};

impl Shared {
    /// A placeholder of `name` cannot be resolved, or what it gives does not fit.
    pub(super) fn unusable(&self, name: &str, diagnostics: Vec<Diagnostic>) -> Error {
        let message = format!("{} cannot be used as it is configured", self.describe(name));
        Error::configuration(message, diagnostics).for_connection(name)
    }
}

/// The one error of several connections that are not up, with that of each, by name.
pub(super) fn not_up(message: String, mut failures: Vec<Error>) -> Error {
    failures.sort_by(|a, b| a.connection().cmp(&b.connection()));
    let retryable = failures.iter().all(Error::is_retryable);
    Error::new(ErrorKind::StartFailed, message).retryable(retryable).related(failures)
}

/// What is known of one attempt while it runs.
#[derive(Clone)]
pub(super) struct Attempt {
    pub(super) shared: Arc<Shared>,
    pub(super) name: Arc<str>,
    /// How many tries failed before this attempt, since the last success.
    pub(super) before: u32,
    /// The tries of this attempt.
    pub(super) tries: Tries,
    pub(super) started: Instant,
    pub(super) timeout: Duration,
    /// Which other connections it waits for.
    pub(super) waiting: Waiting,
    /// What its callers wait on.
    pub(super) pending: Pending,
}

impl Attempt {
    pub(super) fn deadline(&self) -> Instant {
        // One that no clock can tell is as good as none.
        self.started.checked_add(self.timeout).unwrap_or_else(|| self.started + FAR)
    }

    /// The type's `connect` returned an error.
    pub(super) fn refused(&self, cause: BoxError, secrets: &[String]) -> Failure<Error> {
        let limit = limit_hit(&*cause);
        // Others may close some, whatever the type says.
        let permanent = limit.is_none() && cause.downcast_ref::<ConnectError>().is_some_and(ConnectError::is_permanent);
        // That of a connection that this one needs. It is that one's memory which keeps it from being asked again.
        let hopeless = permanent || cause.downcast_ref::<Error>().is_some_and(|needed| !needed.is_retryable());
        let took = readable(self.started.elapsed());
        let number = self.number();
        let limit = limit.map(|limit| format!(": {limit}")).unwrap_or_default();
        let message = format!("{} failed to connect (attempt {number}, after {took}){limit}", self.describe());
        let error = self.error(ErrorKind::ConnectFailed, message);
        let failure =
            error.retryable(!hopeless).in_attempt(number).caused_by(cause, &|text| without_secrets(text, secrets));
        Failure { failure, permanent }
    }

    /// A placeholder could not be resolved, or what it gave does not fit.
    pub(super) fn unresolved(&self, diagnostics: Vec<Diagnostic>) -> Failure<Error> {
        let failure = self.shared.unusable(&self.name, diagnostics);
        Failure { failure, permanent: false }
    }

    pub(super) fn timed_out(&self, visit: &Visit) -> Failure<Error> {
        let timeout = humantime::format_duration(self.timeout);
        let mut waiting: String = self.waiting.names().iter().map(|name| self.waiting_for(name)).collect();
        let mut last = self.tries.last_failure();
        match visit.waits_for() {
            Some(Some(endpoint)) => {
                if let Some(failure) = self.shared.admission.last_failure(endpoint) {
                    waiting.push_str(&format!(", waiting for `{endpoint}`, which is down"));
                    last = Some(failure);
                }
            }
            Some(None) => waiting.push_str(", waiting for other connections to be made"),
            None => {}
        }
        let (describe, number) = (self.describe(), self.number());
        let server = visit.endpoint().map(|endpoint| format!(" from `{endpoint}`")).unwrap_or_default();
        let message = format!(
            "{describe} gave no client{server} within its connect_timeout of {timeout} (attempt {number}){waiting}"
        );
        let mut failed = self.transient(ErrorKind::ConnectTimeout, message);
        if let Some(last) = last {
            failed.failure = failed.failure.after(&last);
        }
        failed
    }

    /// The number of the try under way, counted from 1 since the last success.
    pub(super) fn number(&self) -> u32 {
        self.before.saturating_add(self.tries.count()).saturating_add(1)
    }

    // The panic's own text may hold anything and is dropped; it went to the panic hook.
    pub(super) fn panicked(&self) -> Failure<Error> {
        self.transient(ErrorKind::ConnectPanicked, format!("{} panicked in its `connect`", self.describe()))
    }

    /// The new client did not answer its first check.
    pub(super) fn not_checked(&self, limit: Duration) -> Failure<Error> {
        let limit = humantime::format_duration(limit);
        let message =
            format!("the new client of {} did not answer within its check_timeout of {limit}", self.describe());
        self.transient(ErrorKind::CheckFailed, message)
    }

    /// Whether a newer attempt took the place of this one.
    pub(super) fn is_superseded(&self) -> bool {
        self.pending.is_superseded()
    }

    /// The attempt was given up because the connection was closed, replaced or removed.
    pub(super) fn given_up(&self) -> Error {
        let message = format!("{} was disconnected while it was being connected", self.describe());
        self.error(ErrorKind::Disconnected, message).retryable(true)
    }

    /// The runtime ended under the attempt.
    pub(super) fn runtime_ended(&self) -> Error {
        let message = format!("{}: the runtime that connects it has ended or has no timers", self.describe());
        self.error(ErrorKind::NoRuntime, message)
    }

    fn waiting_for(&self, name: &str) -> String {
        format!(", waiting for {}", self.shared.describe(name))
    }

    fn transient(&self, kind: ErrorKind, message: String) -> Failure<Error> {
        let failure = self.error(kind, message).retryable(true).in_attempt(self.number());
        Failure { failure, permanent: false }
    }

    fn error(&self, kind: ErrorKind, message: String) -> Error {
        Error::new(kind, message).for_connection(&self.name)
    }

    fn describe(&self) -> String {
        self.shared.describe(&self.name)
    }
}

/// What came of the tries of one attempt so far.
#[derive(Clone, Default)]
pub(super) struct Tries(Arc<Mutex<(u32, Option<Error>)>>);

impl Tries {
    /// One more has failed.
    pub(super) fn failed(&self, failure: &Error) {
        let earlier = {
            let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            tries.0 = tries.0.saturating_add(1);
            tries.1.replace(failure.clone())
        };
        // Outside the lock: it may be anybody's code.
        drop(earlier);
    }

    fn count(&self) -> u32 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn last_failure(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

/// Thirty years.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
