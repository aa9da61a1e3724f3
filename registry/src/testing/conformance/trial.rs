//! The one shape of all trials.

use std::{future::Future, pin::Pin, sync::Arc};

use super::bench::Bench;

/// A trial that is to be run. To add one: write a function from the bench to a [`Verdict`], and put it into the list of
/// its file.
pub(super) struct Trial<C> {
    pub(super) name: String,
    pub(super) run: Run<C>,
}

type Run<C> = Box<dyn FnOnce(Arc<Bench<C>>) -> Pin<Box<dyn Future<Output = Verdict> + Send>> + Send>;

impl<C> Trial<C> {
    pub(super) fn new<F>(name: impl Into<String>, run: impl FnOnce(Arc<Bench<C>>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Verdict> + Send + 'static,
    {
        Self { name: name.into(), run: Box::new(move |bench| Box::pin(run(bench))) }
    }
}

/// What comes of a trial.
pub(super) type Verdict<T = ()> = Result<T, NotPassed>;

/// Why a trial did not pass.
#[derive(Debug)]
pub(super) enum NotPassed {
    Failed(String),
    Skipped(String),
}

impl NotPassed {
    /// The same, said to have happened in a part of the trial.
    pub(super) fn in_a(self, part: &str) -> Self {
        match self {
            Self::Failed(why) => Self::Failed(format!("{part}: {why}")),
            skipped @ Self::Skipped(_) => skipped,
        }
    }
}

impl From<String> for NotPassed {
    fn from(why: String) -> Self {
        Self::Failed(why)
    }
}

impl From<&str> for NotPassed {
    fn from(why: &str) -> Self {
        Self::Failed(why.to_owned())
    }
}

/// Fails with all problems at once.
pub(super) fn unless_none(problems: &[String]) -> Verdict {
    if problems.is_empty() { Ok(()) } else { Err(problems.join("; ").into()) }
}
