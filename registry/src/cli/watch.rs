//! `watch`: what the connections do, live.

mod lines;
mod table;
#[cfg(feature = "testing")]
#[cfg(test)]
mod tests;
mod view;

use std::{io, time::Duration};

use clap::Args;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::{
    duration::positive_duration, exit_code::Code, failure::Failure, interrupts::Interrupts, live::runtime,
    session::Session,
};
use crate::{
    config::{Imposed, Start},
    manager::{ConnectionManager, Events},
};
use view::View;

/// Start the connections and show what they do, live
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Watch {
    /// Keep up those too that start on their first use: all that are enabled
    #[arg(long)]
    all: bool,
    /// How often the table is drawn, beside when something happens
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = positive_duration)]
    interval: Duration,
    /// End after so long, as by Ctrl-C; default: not by itself
    #[arg(long = "for", value_name = "DURATION", value_parser = positive_duration)]
    time: Option<Duration>,
}

impl Watch {
    pub(super) fn run(self, session: &mut Session<'_>) -> Result<Code, Failure> {
        let runtime = runtime()?;
        let manager = session.manager(self.imposed(), AT_ONCE, runtime.handle())?;
        let view = session.screen_of_results().map_or_else(View::lines, View::table);
        let result = runtime.block_on(async { self.watch(session, manager, view, Interrupts::of_process()).await });
        // Not even a driver that blocks a thread keeps the command from ending.
        runtime.shutdown_background();
        result
    }

    fn imposed(&self) -> Imposed {
        Imposed { start: self.all.then_some(Start::Eager), ..Imposed::default() }
    }

    async fn watch(
        self,
        session: &mut Session<'_>,
        manager: ConnectionManager,
        mut view: View,
        mut interrupts: Interrupts,
    ) -> Result<Code, Failure> {
        let events = manager.subscribe();
        if let Err(error) = manager.watch() {
            view.trouble(session, &error)?;
        }
        let starting = manager.clone();
        // What fails is seen where all failures are.
        tokio::spawn(async move { drop(starting.start().await) });
        let watched = self.look(session, &manager, events, &mut view, &mut interrupts).await;
        view.leave();
        let closed = tokio::select! {
            closed = manager.shutdown(TIME_TO_CLOSE) => Some(closed),
            () = interrupts.next() => None,
        };
        // Closed also where nobody reads any more.
        watched?;
        closed.iter().try_for_each(|closed| writeln!(session.out, "{closed}"))?;
        Ok(Code::Fine)
    }

    /// Shows what happens until somebody has seen enough.
    async fn look(
        &self,
        session: &mut Session<'_>,
        manager: &ConnectionManager,
        mut events: Events,
        view: &mut View,
        interrupts: &mut Interrupts,
    ) -> io::Result<()> {
        let end = self.time.and_then(|time| Instant::now().checked_add(time));
        let mut ticks = interval(self.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                event = events.next() => {
                    // Many come at once, and are one picture.
                    let more = std::iter::from_fn(|| events.try_next());
                    event.into_iter().chain(more).try_for_each(|event| view.event(session, &event))?;
                    view.look(session, manager, events.missed())?;
                }
                _ = ticks.tick() => view.look(session, manager, events.missed())?,
                () = interrupts.next() => return Ok(()),
                () = until(end) => return Ok(()),
            }
        }
    }
}

/// For ever, where there is no end.
async fn until(end: Option<Instant>) {
    match end {
        Some(end) => sleep_until(end).await,
        None => std::future::pending().await,
    }
}

/// How many connections are made at once.
const AT_ONCE: usize = 64;

/// More than a goodbye takes by default.
const TIME_TO_CLOSE: Duration = Duration::from_secs(10);

const AFTER_HELP: &str = "\
Files are followed: a changed configuration is reloaded, one that is invalid is told and changes nothing. Ctrl-C closes
all connections and ends with exit code 0.";
