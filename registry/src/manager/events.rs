//! What happened, for whoever wants to know.

#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use serde::Serialize;
use tokio::sync::broadcast;

use super::{
    metrics::{self, Recorded},
    shared::{Declarations, Shared},
};
use crate::{
    error::Error,
    registry::{Ask, ConnectionState, Entry, EntryState, Told},
};

/// A change of a connection: another state, or another client.
///
/// It holds names and words of this crate alone, and `cause`, from which the secrets of the configuration are taken out.
/// Its `Display` is one line for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// The name of the connection.
    pub connection: String,
    /// The type that the configuration gives it; `None` for a name that is not declared.
    pub connection_type: Option<String>,
    /// What it did before.
    pub from: ConnectionState,
    /// What it does now.
    pub state: ConnectionState,
    /// How many clients it has had, the present one included.
    pub generation: u64,
    /// Whether the present client took the place of another one, without a moment between them.
    pub replaced: bool,
    /// Why it failed or is degraded: the text of the [`Error`](crate::Error).
    pub cause: Option<String>,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = word(self.from, self.state, self.replaced);
        write!(f, "connection `{}` {what} (generation {})", self.connection, self.generation)?;
        self.cause.iter().try_for_each(|cause| write!(f, ": {}", OneLine(cause)))
    }
}

/// The events from now on: what [`ConnectionManager::subscribe`](crate::ConnectionManager::subscribe) gives.
///
/// The events of one connection come in the order in which they happened, each once, and each begins with the state in
/// which the one before ended. The order of different connections is that in which they were noticed.
#[derive(Debug)]
pub struct Events {
    receiver: broadcast::Receiver<Event>,
    missed: u64,
}

impl Events {
    /// The next event; waits for it. `None` when the manager is gone, with all its attempts and goodbyes.
    ///
    /// Who asks too rarely misses the oldest of more than 1 024 events; [`missed`](Self::missed) says how many. What holds
    /// then is in [`ConnectionManager::status`](crate::ConnectionManager::status).
    ///
    /// # Cancel safety
    ///
    /// No event is lost.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            match self.receiver.recv().await {
                Ok(event) => return Some(event),
                Err(broadcast::error::RecvError::Lagged(missed)) => self.missed += missed,
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// The next event that has happened already; `None` when there is none yet, or when the manager is gone.
    pub fn try_next(&mut self) -> Option<Event> {
        loop {
            match self.receiver.try_recv() {
                Ok(event) => return Some(event),
                Err(broadcast::error::TryRecvError::Lagged(missed)) => self.missed += missed,
                Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => return None,
            }
        }
    }

    /// How many events were missed so far. It grows when the next event is asked for.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

/// Tells of what happened. The channel is made for the first subscriber.
#[derive(Default)]
pub(super) struct Teller {
    sender: OnceLock<broadcast::Sender<Event>>,
    recorded: Arc<Recorded>,
}

impl Teller {
    pub(super) fn subscribe(&self) -> Events {
        let sender = self.sender.get_or_init(|| broadcast::channel(CAPACITY).0);
        Events { receiver: sender.subscribe(), missed: 0 }
    }

    /// What the metrics were last.
    #[cfg(feature = "metrics")]
    pub(super) fn recorded(&self) -> &Recorded {
        &self.recorded
    }

    fn send(&self, change: &Change) {
        // No text is made for nobody.
        if let Some(sender) = self.sender.get().filter(|sender| sender.receiver_count() > 0) {
            // The last subscriber may just have left.
            let _ = sender.send(change.event());
        }
    }
}

/// What is to be logged and counted of a change, once no lock is held: a subscriber of logs is the user's code.
#[must_use = "it is to be logged once no lock is held"]
pub(super) struct News(Option<(Change, Arc<Recorded>)>);

impl News {
    pub(super) fn log(self) {
        if let Some((change, recorded)) = self.0 {
            change.log();
            metrics::changed(&recorded, &change);
        }
    }
}

impl Shared {
    /// Tells of what has changed in a slot since the last time. Call it in the critical section of the change, and log
    /// what it gives after that.
    pub(super) fn tell(&self, entry: &Entry, state: &mut EntryState) -> News {
        let (now, generation) = (state.slot.state(), state.slot.generation());
        let before = state.told;
        if (before.state, before.generation) == (now, generation) {
            return News(None);
        }
        let at = self.now();
        let since = if before.state == now { before.since } else { at };
        state.told = Told { state: now, generation, since };
        if let Some(client) = state.slot.client_mut().filter(|client| client.generation == 0) {
            client.arrived(generation, at);
        }
        let is_bad = matches!(now, ConnectionState::Failed | ConnectionState::Degraded);
        let change = Change {
            connection: Arc::clone(entry.name()),
            configuration: self.configuration(),
            from: before.state,
            state: now,
            generation,
            replaced: before.state.is_up() && now.is_up() && before.generation != generation,
            failure: state.slot.failure().filter(|_| is_bad).cloned(),
            removed: matches!(state.slot.ask(at), Ask::Removed),
        };
        self.teller.send(&change);
        News(Some((change, Arc::clone(&self.teller.recorded))))
    }

    /// As [`tell`](Self::tell), for what was changed by somebody who has no way to tell.
    pub(super) fn tell_of(&self, entry: &Entry) {
        let news = self.tell(entry, &mut entry.lock());
        news.log();
    }
}

/// What changed. It is made under the lock of an entry, and so holds no text of its own.
pub(super) struct Change {
    pub(super) connection: Arc<str>,
    pub(super) configuration: Arc<Declarations>,
    pub(super) from: ConnectionState,
    pub(super) state: ConnectionState,
    pub(super) generation: u64,
    /// A client took the place of another one.
    replaced: bool,
    failure: Option<Error>,
    /// The name was taken out for good.
    #[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "only metrics forget a name"))]
    pub(super) removed: bool,
}

impl Change {
    fn event(&self) -> Event {
        Event {
            connection: self.connection.to_string(),
            connection_type: self.connection_type().map(str::to_owned),
            from: self.from,
            state: self.state,
            generation: self.generation,
            replaced: self.replaced,
            cause: self.failure.as_ref().map(ToString::to_string),
        }
    }

    fn connection_type(&self) -> Option<&str> {
        self.configuration.declaration(&self.connection).map(|declared| &*declared.type_name)
    }

    /// One line, at the level that an operator expects.
    fn log(&self) {
        macro_rules! log {
            ($level:ident) => {
                tracing::$level!(
                    connection = &*self.connection,
                    connection_type = self.connection_type(),
                    generation = self.generation,
                    from = self.from.as_str(),
                    state = self.state.as_str(),
                    cause = self.failure.as_ref().map(|failure| tracing::field::display(OneLine(failure))),
                    "{}",
                    word(self.from, self.state, self.replaced)
                )
            };
        }
        match self.state {
            ConnectionState::Failed | ConnectionState::Degraded => log!(warn),
            ConnectionState::Connected | ConnectionState::Closed => log!(info),
            _ => log!(debug),
        }
    }
}

/// A text in which a line that somebody else wrote cannot pass for one of the log.
pub(super) struct OneLine<T>(pub(super) T);

impl<T: fmt::Display> fmt::Display for OneLine<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        for (at, line) in lines.enumerate() {
            let line = line.replace(char::is_control, " ");
            write!(f, "{}{line}", if at == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

/// What happened, in a word.
fn word(from: ConnectionState, state: ConnectionState, replaced: bool) -> &'static str {
    match state {
        _ if replaced => "replaced",
        ConnectionState::Connected if from == ConnectionState::Degraded => "recovered",
        state => state.as_str(),
    }
}

/// How many events a slow subscriber may be behind.
const CAPACITY: usize = 1024;
