//! [`Report`]: the results, for people as they come, for programs at the end.

use std::{io, time::Duration};

use serde::Serialize;

use super::{
    outcome::{Outcome, WORDS},
    plan::{Plan, Subject},
    progress,
    trial::{Tested, Trial},
};
use crate::{
    cli::{format::Format, screen::Screen, session::Session},
    diagnostic::visible,
    error::{Error, ErrorKind},
    manager::{ShutdownReport, short},
};

/// Writes the results of a test.
pub(super) struct Report<'p> {
    plan: &'p Plan,
    format: Format,
    /// For what is under way; `None` where nobody looks.
    screen: Option<Screen>,
    /// Of the longest name.
    width: usize,
}

impl<'p> Report<'p> {
    pub(super) fn new(plan: &'p Plan, format: Format, screen: Option<Screen>) -> Self {
        let width = plan.subjects.iter().map(|subject| visible(&subject.name).chars().count()).max();
        Self { plan, format, screen, width: width.unwrap_or_default() }
    }

    /// One has ended.
    pub(super) fn row(
        &mut self,
        session: &mut Session<'_>,
        at: usize,
        outcome: &Outcome,
        took: Option<Duration>,
    ) -> io::Result<()> {
        if self.format == Format::Json {
            return Ok(());
        }
        self.clear()?;
        let subject = &self.plan.subjects[at];
        let (style, name) = (outcome.style(), visible(&subject.name));
        let pad = " ".repeat(self.width.saturating_sub(name.chars().count()));
        let (word, took) = (outcome.word(), took.map(short).unwrap_or_default());
        let details = self.details(at, outcome);
        let rest = format!("{name}{pad}  {took:>8}  {details}");
        writeln!(session.out, "{style}{word:<8}{style:#}  {}", rest.trim_end())?;
        if let Outcome::Failed(error) = outcome {
            // A server may have written what it likes.
            error.render().lines().try_for_each(|line| writeln!(session.out, "    {}", visible(line)))?;
        }
        // Rows come as they are known, also through a pipe.
        session.out.flush()
    }

    /// What is under way.
    pub(super) fn progress(&mut self, trial: &Trial<'_>) -> io::Result<()> {
        self.screen.as_mut().map_or(Ok(()), |screen| screen.draw(&progress::lines(trial)))
    }

    /// All have ended, and are being closed.
    pub(super) fn closing(&mut self) -> io::Result<()> {
        self.screen.as_mut().map_or(Ok(()), |screen| screen.draw(&["closing".to_owned()]))
    }

    /// Says what did not close well: a flaw, but none of the test.
    pub(super) fn closed(&mut self, session: &mut Session<'_>, report: &ShutdownReport) -> io::Result<()> {
        self.clear()?;
        report.laggards().iter().try_for_each(|laggard| {
            let text = laggard.to_string();
            text.lines().try_for_each(|line| writeln!(session.err, "warning: {}", visible(line)))
        })
    }

    /// The summary, or all as JSON.
    pub(super) fn end(&mut self, session: &mut Session<'_>, tested: &Tested) -> io::Result<()> {
        self.clear()?;
        match self.format {
            Format::Human => writeln!(session.out, "{}", summary(tested)),
            Format::Json => session.write_json(&Results::of(self.plan, tested)),
        }
    }

    fn clear(&mut self) -> io::Result<()> {
        self.screen.as_mut().map_or(Ok(()), Screen::clear)
    }

    fn details(&self, at: usize, outcome: &Outcome) -> String {
        let subject = &self.plan.subjects[at];
        match outcome {
            Outcome::Blocked(by) => format!("it needs `{}`, which failed", visible(by)),
            Outcome::Disabled(place) => format!("enabled = false at {place}"),
            Outcome::Template => "name a connection of it to test one".to_owned(),
            Outcome::Untested => String::new(),
            Outcome::Passed | Outcome::Failed(_) if subject.is_asked => subject.type_name.clone(),
            Outcome::Passed | Outcome::Failed(_) => {
                let needed_by: Vec<_> = self.plan.needed_by(at).map(visible).collect();
                format!("{}, needed by {}", subject.type_name, needed_by.join(", "))
            }
        }
    }
}

/// `2 ok, 1 failed in 12ms`.
fn summary(tested: &Tested) -> String {
    let count = |word: &&str| tested.outcomes.iter().filter(|(outcome, _)| outcome.word() == *word).count();
    let counts = WORDS.iter().map(|word| (count(word), word)).filter(|(count, _)| *count > 0);
    let counts: Vec<_> = counts.map(|(count, word)| format!("{count} {word}")).collect();
    let counts = if counts.is_empty() { "there are no connections".to_owned() } else { counts.join(", ") };
    let interrupted = if tested.is_interrupted { "interrupted: " } else { "" };
    format!("{interrupted}{counts} in {}", short(tested.took))
}

/// All results for programs.
#[derive(Serialize)]
struct Results<'a> {
    /// Whether all that were tested passed, and nobody ended the test.
    ok: bool,
    interrupted: bool,
    took_secs: f64,
    results: Vec<Row<'a>>,
}

/// The result of one connection.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    #[serde(rename = "type")]
    type_name: &'a str,
    result: &'static str,
    /// False for what is tested only because others need it.
    asked: bool,
    needs: Vec<&'a str>,
    took_secs: Option<f64>,
    /// Of `blocked`: the connection whose failure it is.
    blocked_by: Option<&'a str>,
    /// Of `failed`.
    error: Option<Cause>,
}

/// Why one failed.
#[derive(Serialize)]
struct Cause {
    kind: ErrorKind,
    message: String,
    retryable: bool,
}

impl<'a> Results<'a> {
    fn of(plan: &'a Plan, tested: &'a Tested) -> Self {
        let results = plan.subjects.iter().zip(&tested.outcomes);
        Self {
            ok: !tested.is_interrupted && !tested.outcomes.iter().any(|(outcome, _)| outcome.is_bad()),
            interrupted: tested.is_interrupted,
            took_secs: tested.took.as_secs_f64(),
            results: results.map(|(subject, (outcome, took))| Row::of(plan, subject, outcome, *took)).collect(),
        }
    }
}

impl<'a> Row<'a> {
    fn of(plan: &'a Plan, subject: &'a Subject, outcome: &'a Outcome, took: Option<Duration>) -> Self {
        Self {
            name: &subject.name,
            type_name: &subject.type_name,
            result: outcome.word(),
            asked: subject.is_asked,
            needs: subject.needs.iter().map(|need| &*plan.subjects[*need].name).collect(),
            took_secs: took.map(|took| took.as_secs_f64()),
            blocked_by: if let Outcome::Blocked(by) = outcome { Some(by) } else { None },
            error: if let Outcome::Failed(error) = outcome { Some(Cause::of(error)) } else { None },
        }
    }
}

impl Cause {
    fn of(error: &Error) -> Self {
        Self { kind: error.kind(), message: error.to_string(), retryable: error.is_retryable() }
    }
}
