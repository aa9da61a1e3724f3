//! `test`: connects and checks, for real.

mod outcome;
mod plan;
mod progress;
mod report;
#[cfg(feature = "testing")]
#[cfg(test)]
mod tests;
mod trial;

use std::time::Duration;

use clap::{Args, value_parser};

use super::{
    duration::positive_duration, exit_code::Code, failure::Failure, format::Format, interrupts::Interrupts,
    live::runtime, session::Session,
};
use crate::{config::Imposed, error::ErrorKind, manager::ConnectionManager};
use plan::Plan;
use report::Report;
use trial::Trial;

/// Connect for real, check, and say what is wrong
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Test {
    /// The connections to test, with what they need; default: all that are enabled
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// How long each may take to connect, and then to answer its check; default: what its lifecycle says
    #[arg(long, value_name = "DURATION", value_parser = positive_duration)]
    timeout: Option<Duration>,
    /// How many are tested at once
    #[arg(long, value_name = "N", default_value = "16", value_parser = value_parser!(u16).range(1..))]
    jobs: u16,
    /// How to write the results
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Test {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Code, Failure> {
        let imposed = Imposed { connect_timeout: self.timeout, ..Imposed::default() };
        let runtime = runtime()?;
        let manager = session.manager(imposed, self.jobs.into(), runtime.handle())?;
        let result = match self.unknown(&manager, session) {
            Some(code) => Ok(code),
            None => runtime.block_on(async { self.test(session, manager, Interrupts::of_process()).await }),
        };
        // Not even a driver that blocks a thread keeps the command from ending.
        runtime.shutdown_background();
        result
    }

    /// Says which names are no connections.
    fn unknown(&self, manager: &ConnectionManager, session: &mut Session<'_>) -> Option<Code> {
        let errors = self.names.iter().filter_map(|name| manager.try_get::<()>(name).err());
        let codes = errors.filter(|error| error.kind() == ErrorKind::NotFound);
        codes.map(|error| Failure::Library(error).report(session.err)).last()
    }

    async fn test(
        self,
        session: &mut Session<'_>,
        manager: ConnectionManager,
        mut interrupts: Interrupts,
    ) -> Result<Code, Failure> {
        let plan = Plan::of(&manager.configuration(), &self.names);
        let screen = session.screen_of_problems().filter(|_| self.format == Format::Human);
        let mut report = Report::new(&plan, self.format, screen);
        let trial = Trial::new(&plan, &manager, self.jobs.into());
        let tested = trial.run(session, &mut report, &mut interrupts).await;
        // Closed also where nobody reads any more.
        let shown = report.closing();
        let closed = tokio::select! {
            closed = manager.shutdown(TIME_TO_CLOSE) => Some(closed),
            () = interrupts.next() => None,
        };
        let tested = tested?;
        shown?;
        closed.iter().try_for_each(|closed| report.closed(session, closed))?;
        report.end(session, &tested)?;
        Ok(tested.code())
    }
}

/// More than a goodbye takes by default.
const TIME_TO_CLOSE: Duration = Duration::from_secs(10);

const AFTER_HELP: &str = "\
A failure that trying again cannot mend, such as a wrong password, ends a test at once; any other is tried again until
the time is up. Exit code 0: all passed. 1: one failed. 130: ended by Ctrl-C.";
