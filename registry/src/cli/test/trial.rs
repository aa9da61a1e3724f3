//! [`Trial`]: connects and checks what a plan says, as many at once as are allowed.

use std::time::Duration;

use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};

use super::{
    outcome::Outcome,
    plan::{Plan, Subject},
    report::Report,
};
use crate::{
    cli::{exit_code::Code, interrupts::Interrupts, network::Kind, session::Session},
    error::Error,
    manager::ConnectionManager,
};

/// Connects and checks what a plan says. Nothing is begun before what it needs has passed.
pub(super) struct Trial<'p> {
    pub(super) plan: &'p Plan,
    pub(super) manager: &'p ConnectionManager,
    jobs: usize,
    pub(super) states: Vec<State>,
    running: JoinSet<(usize, Result<(), Error>)>,
}

/// How far one connection is.
#[derive(Debug)]
pub(super) enum State {
    Waiting,
    Running(Instant),
    Done(Outcome, Option<Duration>),
}

/// What came of all of them.
#[derive(Debug)]
pub(super) struct Tested {
    /// In the order of the plan, each with the time that it took.
    pub(super) outcomes: Vec<(Outcome, Option<Duration>)>,
    pub(super) took: Duration,
    pub(super) is_interrupted: bool,
}

impl<'p> Trial<'p> {
    pub(super) fn new(plan: &'p Plan, manager: &'p ConnectionManager, jobs: usize) -> Self {
        let states = plan.subjects.iter().map(|_| State::Waiting).collect();
        Self { plan, manager, jobs, states, running: JoinSet::new() }
    }

    /// Tests all, unless it is interrupted. Each is reported when it has ended.
    pub(super) async fn run(
        mut self,
        session: &mut Session<'_>,
        report: &mut Report<'_>,
        interrupts: &mut Interrupts,
    ) -> std::io::Result<Tested> {
        let began = Instant::now();
        let mut ticks = interval(BETWEEN_LOOKS);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut is_interrupted = false;
        loop {
            if !is_interrupted {
                self.begin(session, report)?;
            }
            if self.running.is_empty() {
                break;
            }
            tokio::select! {
                Some(ended) = self.running.join_next() => {
                    if let Ok((at, result)) = ended {
                        self.end(at, Outcome::of(result), session, report)?;
                    }
                }
                _ = ticks.tick() => report.progress(&self)?,
                () = interrupts.next() => {
                    is_interrupted = true;
                    self.running.abort_all();
                }
            }
        }
        for at in 0..self.states.len() {
            if !matches!(self.states[at], State::Done(..)) {
                self.end(at, Outcome::Untested, session, report)?;
            }
        }
        let done = |state| match state {
            State::Done(outcome, took) => (outcome, took),
            State::Waiting | State::Running(_) => (Outcome::Untested, None),
        };
        let outcomes = self.states.into_iter().map(done).collect();
        Ok(Tested { outcomes, took: began.elapsed(), is_interrupted })
    }

    /// Begins what may begin, and ends what cannot.
    fn begin(&mut self, session: &mut Session<'_>, report: &mut Report<'_>) -> std::io::Result<()> {
        while let Some((at, verdict)) = self.next() {
            match verdict {
                Some(outcome) => self.end(at, outcome, session, report)?,
                None if self.running.len() < self.jobs => self.spawn(at),
                None => break,
            }
        }
        Ok(())
    }

    /// The first that waits for nothing any more; with its outcome where it is known without a test.
    fn next(&self) -> Option<(usize, Option<Outcome>)> {
        let waiting = (0..self.states.len()).filter(|at| matches!(self.states[*at], State::Waiting));
        waiting.map(|at| (at, &self.plan.subjects[at])).find_map(|(at, subject)| {
            let known = self.without_test(subject).or_else(|| self.blocked(subject));
            let is_free = subject.needs.iter().all(|need| matches!(self.states[*need], State::Done(..)));
            (known.is_some() || is_free).then_some((at, known))
        })
    }

    fn without_test(&self, subject: &Subject) -> Option<Outcome> {
        match subject.kind {
            Kind::Disabled => Some(match self.manager.try_get::<()>(&subject.name) {
                Err(error) if subject.is_named => Outcome::Failed(error),
                _ => Outcome::Disabled(subject.disabled_at.clone()),
            }),
            Kind::Template => Some(Outcome::Template),
            Kind::Connection | Kind::Instance(_) => None,
        }
    }

    fn blocked(&self, subject: &Subject) -> Option<Outcome> {
        subject.needs.iter().find_map(|need| match &self.states[*need] {
            State::Done(outcome, _) => outcome.blocks(&self.plan.subjects[*need].name).map(Outcome::Blocked),
            State::Waiting | State::Running(_) => None,
        })
    }

    fn spawn(&mut self, at: usize) {
        self.states[at] = State::Running(Instant::now());
        let (manager, name) = (self.manager.clone(), self.plan.subjects[at].name.clone());
        self.running.spawn(async move { (at, manager.check(&name).await) });
    }

    fn end(
        &mut self,
        at: usize,
        outcome: Outcome,
        session: &mut Session<'_>,
        report: &mut Report<'_>,
    ) -> std::io::Result<()> {
        let took = match self.states[at] {
            State::Running(began) => Some(began.elapsed()),
            State::Waiting | State::Done(..) => None,
        };
        report.row(session, at, &outcome, took)?;
        self.states[at] = State::Done(outcome, took);
        Ok(())
    }
}

impl Tested {
    pub(super) fn code(&self) -> Code {
        match self.outcomes.iter().any(|(outcome, _)| outcome.is_bad()) {
            _ if self.is_interrupted => Code::Interrupted,
            true => Code::Problems,
            false => Code::Fine,
        }
    }
}

/// How often the progress is drawn.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
