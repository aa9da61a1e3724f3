//! [`ConnectionState`]: what a connection is doing.

use std::fmt;

use serde::Serialize;

/// What a connection is doing. In JSON and in logs it is one word in lower case.
///
/// ```text
/// declared ─▶ connecting ─▶ connected ⇄ degraded ─▶ draining ─▶ closed
///                 ▲ │ failed
///                 └─┘
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ConnectionState {
    /// Nobody has asked for it yet.
    Declared,
    /// An attempt is under way, and there is no client yet.
    Connecting,
    /// It has a client, and nothing is known against it.
    Connected,
    /// It has a client, whose checks fail. The client is handed out all the same.
    Degraded,
    /// Its client is being closed: it waits for its guards, or says goodbye.
    Draining,
    /// It was closed. Unless the manager is shut down, the next `get` connects anew.
    Closed,
    /// The last attempt failed. The next one is made after a pause; after a failure that the type calls permanent, when
    /// something has changed.
    Failed,
}

impl ConnectionState {
    /// All of them, in the order of their numbers.
    #[cfg(any(feature = "metrics", feature = "status-page"))]
    pub(crate) const ALL: [Self; 7] =
        [Self::Declared, Self::Connecting, Self::Connected, Self::Degraded, Self::Draining, Self::Closed, Self::Failed];

    /// Whether there is a client to hand out.
    pub fn is_up(self) -> bool {
        matches!(self, Self::Connected | Self::Degraded)
    }

    /// The word for logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Degraded => "degraded",
            Self::Draining => "draining",
            Self::Closed => "closed",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(all(test, any(feature = "metrics", feature = "status-page")))]
mod tests {
    use super::*;

    #[test]
    fn the_states_stand_where_their_numbers_say() {
        for (at, state) in ConnectionState::ALL.into_iter().enumerate() {
            assert_eq!(state as usize, at);
        }
    }
}
