//! [`Report`]: what came of the trials.

use std::fmt;

/// What came of a run of the [`Suite`](super::Suite). `Display` gives a table; no canary is in it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use connection_registry::testing::{Fake, conformance::{Outcome, Suite}};
///
/// let report = Suite::<Fake>::new("disconnect = ['error']").run().await;
/// let failed: Vec<_> = report.trials().iter().filter(|trial| matches!(trial.outcome(), Outcome::Failed(_))).collect();
/// assert!(!report.is_clean() && failed.iter().any(|trial| trial.name() == "disconnects"));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    type_name: &'static str,
    trials: Vec<Trial>,
}

impl Report {
    pub(super) fn new(type_name: &'static str, trials: Vec<Trial>) -> Self {
        Self { type_name, trials }
    }

    /// Whether no trial failed. One that was skipped did not fail.
    pub fn is_clean(&self) -> bool {
        !self.trials.iter().any(|trial| matches!(trial.outcome, Outcome::Failed(_)))
    }

    /// All trials, in the order in which they ran.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// Does nothing when the report is [clean](Self::is_clean).
    ///
    /// # Panics
    ///
    /// With the table, when a trial failed.
    #[track_caller]
    pub fn assert_clean(&self) {
        assert!(self.is_clean(), "{self}");
    }

    fn count(&self, outcome: &str) -> usize {
        self.trials.iter().filter(|trial| trial.outcome.word() == outcome).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [passed, failed, skipped] = ["passed", "failed", "skipped"].map(|outcome| self.count(outcome));
        writeln!(f, "conformance of `{}`: {passed} passed, {failed} failed, {skipped} skipped", self.type_name)?;
        let width = self.trials.iter().map(|trial| trial.name.chars().count()).max().unwrap_or_default();
        for trial in &self.trials {
            let (name, outcome) = (&trial.name, &trial.outcome);
            let why = outcome.why().or(trial.note()).unwrap_or_default();
            let line = format!("  {:7}  {name:width$}  {why}", outcome.word());
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// One trial of a [`Report`].
#[derive(Clone, Debug)]
pub struct Trial {
    name: String,
    outcome: Outcome,
    note: Option<String>,
}

impl Trial {
    pub(super) fn new(name: impl Into<String>, outcome: Outcome) -> Self {
        Self { name: name.into(), outcome, note: None }
    }

    pub(super) fn with_note(self, note: Option<String>) -> Self {
        Self { note, ..self }
    }

    /// What was tried, as in [the table of the trials](crate::testing::conformance#the-trials).
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What came of it.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// What a trial that passed has to tell, in a few words for people: `healed after 0.31 s`. `None` when there is nothing.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }
}

/// What came of a [`Trial`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not, and why.
    Failed(String),
    /// It was not tried, and why.
    Skipped(String),
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Skipped(_) => "skipped",
        }
    }

    fn why(&self) -> Option<&str> {
        match self {
            Self::Passed => None,
            Self::Failed(why) | Self::Skipped(why) => Some(why),
        }
    }
}
