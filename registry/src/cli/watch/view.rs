//! [`View`]: a table that is drawn again and again, or lines one after the other.

use std::io;

use tokio::time::Instant;

use super::{lines, table};
use crate::{
    cli::{screen::Screen, session::Session},
    error::Error,
    manager::{ConnectionManager, Event, LastReload},
};

/// Where the user sees what happens.
#[derive(Debug)]
pub(super) struct View {
    /// `None` where there is no terminal.
    screen: Option<Screen>,
    began: Instant,
    /// Reloads that ended before it have been told.
    looked: Instant,
    missed: u64,
    /// What keeps files from being followed.
    trouble: Option<String>,
}

impl View {
    pub(super) fn table(screen: Screen) -> Self {
        Self::new(Some(screen))
    }

    pub(super) fn lines() -> Self {
        Self::new(None)
    }

    fn new(screen: Option<Screen>) -> Self {
        let now = Instant::now();
        Self { screen, began: now, looked: now, missed: 0, trouble: None }
    }

    /// Files cannot be followed.
    pub(super) fn trouble(&mut self, session: &mut Session<'_>, error: &Error) -> io::Result<()> {
        let text = lines::one_line(&format!("files are not followed: {error}"));
        match self.screen {
            Some(_) => self.trouble = Some(text),
            None => writeln!(session.err, "warning: {text}")?,
        }
        Ok(())
    }

    /// Something has happened.
    pub(super) fn event(&mut self, session: &mut Session<'_>, event: &Event) -> io::Result<()> {
        match self.screen {
            // It is seen in the table.
            Some(_) => Ok(()),
            None => self.line(session, &event.to_string()),
        }
    }

    /// It is time to look at what there is. `missed` events were too many.
    pub(super) fn look(
        &mut self,
        session: &mut Session<'_>,
        manager: &ConnectionManager,
        missed: u64,
    ) -> io::Result<()> {
        let last = manager.last_reload();
        if let Some(screen) = &mut self.screen {
            let status = manager.status();
            let mut lines = table::head(&status, manager.ready(), last.as_ref());
            self.trouble.iter().for_each(|trouble| lines.insert(1, trouble.clone()));
            lines.extend(table::rows(&status));
            return screen.draw(&lines);
        }
        if missed > self.missed {
            self.line(session, &format!("{} events were missed", missed - self.missed))?;
            self.missed = missed;
        }
        let looked = std::mem::replace(&mut self.looked, Instant::now());
        let is_new = |last: &LastReload| last.age() < looked.elapsed();
        match last.filter(is_new).and_then(|last| lines::of_reload(&last)) {
            Some(text) => self.line(session, &text),
            None => Ok(()),
        }
    }

    /// What was drawn last stays.
    pub(super) fn leave(&mut self) {
        self.screen.iter_mut().for_each(Screen::leave);
    }

    fn line(&self, session: &mut Session<'_>, text: &str) -> io::Result<()> {
        let time = self.began.elapsed().as_secs_f64();
        text.lines().try_for_each(|line| writeln!(session.out, "{time:>9.3}s  {}", lines::one_line(line)))?;
        session.out.flush()
    }
}
