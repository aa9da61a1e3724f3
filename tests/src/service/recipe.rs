//! What each kind of server says of itself.

use std::{path::PathBuf, process::Command, time::Duration};

use rustix::process::Signal;

use super::{Ready, Site, Tls};

/// A kind of server with its options.
pub trait Recipe: Send + 'static {
    /// Its name, for messages.
    const NAME: &'static str;

    /// The programs that must be installed.
    const PROGRAMS: &'static [&'static str];

    /// Where they come from: `Debian package …` or `PyPI package …`.
    const PACKAGE: &'static str;

    /// Who must run it when the tests are run by root.
    const USER: Option<&'static str> = None;

    /// How many ports it listens on; the first one is for clients.
    const PORTS: usize = 1;

    /// Whether it speaks TLS, and what it asks of clients.
    fn tls(&self) -> Tls {
        Tls::Off
    }

    /// Writes configuration and data, and says how the server is run. Called once for each folder.
    fn prepare(&self, site: &Site) -> Plan;

    /// What is left to do once the server runs for the first time.
    fn settle(&self, _site: &Site) {}
}

/// How a server is run, now and after each stop.
#[derive(Debug)]
pub struct Plan {
    /// The command in the foreground.
    pub(super) command: Command,
    /// How to know that it serves.
    pub(super) ready: Ready,
    /// The signal that asks it to end at once but in order.
    pub(super) goodbye: Signal,
    /// The time that a start may take.
    pub(super) deadline: Duration,
    /// What it leaves behind outside of its folder.
    pub(super) leftovers: Vec<PathBuf>,
}

impl Plan {
    /// A server that is ready when its port is open, and ends at SIGTERM.
    pub fn new(command: Command) -> Self {
        let deadline = Duration::from_secs(60);
        Self { command, ready: Ready::Port, goodbye: Signal::TERM, deadline, leftovers: Vec::new() }
    }

    /// The server is ready when this says so.
    #[must_use]
    pub fn ready(self, ready: Ready) -> Self {
        Self { ready, ..self }
    }

    /// The server ends in order at this signal instead of SIGTERM.
    #[must_use]
    pub fn goodbye(self, goodbye: Signal) -> Self {
        Self { goodbye, ..self }
    }

    /// A start may take so long instead of a minute.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// These files are removed when the server has ended: names that it does not let one choose.
    #[must_use]
    pub fn leaves(self, leftovers: Vec<PathBuf>) -> Self {
        Self { leftovers, ..self }
    }
}
