//! Why a command ended early.

use std::io::{self, ErrorKind, Write};

use anstyle::{AnsiColor, Style};

use super::exit_code::Code;
use crate::error::Error;

/// Why a command ended early. What is wrong with connections that the command was to look at is no failure: a
/// command reports that by itself and ends with [`Code::Problems`].
#[derive(Debug)]
pub(super) enum Failure {
    /// The output cannot be written.
    Output(io::Error),
    /// What the library says, most often of the configuration.
    Library(Error),
    /// What a command asked for is not there: an unknown name, code or type.
    Unknown { message: String, help: Option<String> },
    /// A file that a command makes cannot be written.
    Write { path: String, reason: String, help: Option<String> },
}

impl Failure {
    /// Says why, unless nobody listens any more.
    pub(super) fn report(&self, err: &mut dyn Write) -> Code {
        // Where an error cannot be written, nothing else can be done about it.
        let _ = match self {
            Self::Output(error) if error.kind() == ErrorKind::BrokenPipe => return Code::ClosedPipe,
            Self::Output(error) => say(err, &format!("failed to write the output: {error}")),
            Self::Library(error) => say(err, &error.render_styled()),
            Self::Unknown { message, help: None } => say(err, message),
            Self::Unknown { message, help: Some(help) } => say(err, &format!("{message}\n  help: {help}")),
            Self::Write { path, reason, help } => {
                let help = help.as_ref().map(|help| format!("\n  help: {help}")).unwrap_or_default();
                say(err, &format!("failed to write `{path}`: {reason}{help}"))
            }
        };
        match self {
            Self::Output(_) | Self::Write { .. } => Code::Failed,
            Self::Library(_) | Self::Unknown { .. } => Code::Problems,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

fn say(err: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(err, "{RED}error:{RED:#} {text}")
}

const RED: Style = AnsiColor::Red.on_default().bold();
