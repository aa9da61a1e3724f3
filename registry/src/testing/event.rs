//! [`JournalEvent`]: one line of a journal.

use std::{fmt, sync::Arc};

use crate::Update;

/// What happened to a fake connection: one line of a [`Journal`](super::Journal).
///
/// `connection` is the name of the connection, and `number` says which of its clients it was, from 1. A call that returns
/// an error, panics or is dropped before its end has failed.
///
/// `Display` gives it as a few words, for tests that compare texts.
///
/// ```
/// use connection_registry::testing::JournalEvent;
///
/// let event = JournalEvent::Connected { connection: "db".into(), number: 1 };
/// assert_eq!(event.to_string(), "connected db 1");
/// assert_eq!(event.connection(), "db");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // The fields are those that the enum explains.
pub enum JournalEvent {
    /// A connect began.
    Connecting { connection: Arc<str> },
    /// It made a client.
    Connected { connection: Arc<str>, number: usize },
    /// It made none.
    ConnectFailed { connection: Arc<str> },
    /// A check passed.
    Checked { connection: Arc<str>, number: usize },
    /// A check failed.
    CheckFailed { connection: Arc<str>, number: usize },
    /// A client was given a changed configuration, and said so.
    Updated { connection: Arc<str>, number: usize, update: Update },
    /// A client was given a changed configuration in vain.
    UpdateFailed { connection: Arc<str>, number: usize },
    /// A goodbye began.
    Disconnecting { connection: Arc<str>, number: usize },
    /// It ended well.
    Disconnected { connection: Arc<str>, number: usize },
    /// It did not.
    DisconnectFailed { connection: Arc<str>, number: usize },
    /// A client was dropped.
    Dropped { connection: Arc<str>, number: usize },
}

impl JournalEvent {
    /// The name of the connection.
    pub fn connection(&self) -> &str {
        self.parts().1
    }

    /// Which client of the connection it was, from 1; `None` when there was none.
    pub fn number(&self) -> Option<usize> {
        self.parts().2
    }

    fn parts(&self) -> (&'static str, &str, Option<usize>) {
        match self {
            Self::Connecting { connection } => ("connecting", connection, None),
            Self::Connected { connection, number } => ("connected", connection, Some(*number)),
            Self::ConnectFailed { connection } => ("failed to connect", connection, None),
            Self::Checked { connection, number } => ("checked", connection, Some(*number)),
            Self::CheckFailed { connection, number } => ("failed to check", connection, Some(*number)),
            Self::Updated { connection, number, update: Update::InPlace } => ("updated", connection, Some(*number)),
            Self::Updated { connection, number, update: Update::Rebuild } => {
                ("asked to rebuild", connection, Some(*number))
            }
            Self::UpdateFailed { connection, number } => ("failed to update", connection, Some(*number)),
            Self::Disconnecting { connection, number } => ("disconnecting", connection, Some(*number)),
            Self::Disconnected { connection, number } => ("disconnected", connection, Some(*number)),
            Self::DisconnectFailed { connection, number } => ("failed to disconnect", connection, Some(*number)),
            Self::Dropped { connection, number } => ("dropped", connection, Some(*number)),
        }
    }
}

impl fmt::Display for JournalEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, connection, number) = self.parts();
        write!(f, "{what} {connection}")?;
        number.iter().try_for_each(|number| write!(f, " {number}"))
    }
}
