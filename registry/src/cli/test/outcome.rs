//! What came of testing one connection.

use anstyle::{AnsiColor, Style};

use crate::error::{Error, ErrorKind};

/// What came of testing one connection.
#[derive(Debug)]
pub(super) enum Outcome {
    Passed,
    Failed(Error),
    /// It was not tried, or did not connect, because this other one that it needs did not.
    Blocked(String),
    /// At this place of the configuration.
    Disabled(String),
    Template,
    /// The user ended the command before.
    Untested,
}

impl Outcome {
    /// What a test that has run says.
    pub(super) fn of(result: Result<(), Error>) -> Self {
        match result {
            Ok(()) => Self::Passed,
            Err(error) => root(&error).map_or(Self::Failed(error), Self::Blocked),
        }
    }

    /// For what reason others that need this one cannot connect.
    pub(super) fn blocks(&self, name: &str) -> Option<String> {
        match self {
            // It connected, so others can use it.
            Self::Failed(error) if error.kind() == ErrorKind::CheckFailed => None,
            Self::Failed(_) => Some(name.to_owned()),
            Self::Blocked(by) => Some(by.clone()),
            _ => None,
        }
    }

    pub(super) fn is_bad(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Blocked(_))
    }

    /// The word for people and programs.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Failed(_) => "failed",
            Self::Blocked(_) => "blocked",
            Self::Disabled(_) => "disabled",
            Self::Template => "template",
            Self::Untested => "untested",
        }
    }

    pub(super) fn style(&self) -> Style {
        match self {
            Self::Passed => AnsiColor::Green.on_default(),
            Self::Failed(_) => AnsiColor::Red.on_default().bold(),
            Self::Blocked(_) | Self::Untested => AnsiColor::Yellow.on_default(),
            Self::Disabled(_) | Self::Template => Style::new().dimmed(),
        }
    }
}

/// The connection at the end of a chain of failures of which each is that of another one; `None` when the failure is its own.
fn root(error: &Error) -> Option<String> {
    let mut needed = error.cause()?.downcast_ref::<Error>()?;
    while let Some(next) = needed.cause().and_then(|cause| cause.downcast_ref::<Error>()) {
        needed = next;
    }
    needed.connection().map(str::to_owned)
}

/// All words, in the order of a summary.
pub(super) const WORDS: [&str; 6] = ["ok", "failed", "blocked", "disabled", "template", "untested"];
