//! The one shape of all trials.

use std::{future::Future, pin::Pin, sync::Arc};

use super::bench::Bench;
use crate::Connection;

/// A trial that is to be run. To add one: write a function from the bench to a [`Verdict`], with a [`Note`] where there is
/// something to tell, and put it into the list of its file.
pub(super) struct Trial<C: Connection> {
    pub(super) name: String,
    pub(super) run: Run<C>,
}

type Run<C> = Box<dyn FnOnce(Arc<Bench<C>>) -> Pin<Box<dyn Future<Output = Verdict<Note>> + Send>> + Send>;

impl<C: Connection> Trial<C> {
    pub(super) fn new<F, N>(name: impl Into<String>, run: impl FnOnce(Arc<Bench<C>>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Verdict<N>> + Send + 'static,
        N: Into<Note>,
    {
        let run: Run<C> = Box::new(move |bench| {
            let work = run(bench);
            Box::pin(async move { work.await.map(Into::into) })
        });
        Self { name: name.into(), run }
    }
}

/// What a trial that passed has to tell, such as a time.
#[derive(Debug, Default)]
pub(super) struct Note(pub(super) Option<String>);

impl From<()> for Note {
    fn from((): ()) -> Self {
        Self(None)
    }
}

impl From<String> for Note {
    fn from(text: String) -> Self {
        Self(Some(text))
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
