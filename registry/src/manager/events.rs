//! What happened, for whoever wants to know.

use std::sync::OnceLock;

use serde::Serialize;
use tokio::sync::broadcast;

use super::shared::Shared;
use crate::registry::{ConnectionState, Entry, EntryState, Told};

/// A change of a connection: another state, or another client.
///
/// It holds names and words of this crate alone, and `cause`, from which the secrets of the configuration are taken out.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// The name of the connection.
    pub connection: String,
    /// Its type; `None` for a client that was inserted.
    pub connection_type: Option<String>,
    /// What it did before.
    pub from: ConnectionState,
    /// What it does now.
    pub state: ConnectionState,
    /// How many clients it has had, the present one included.
    pub generation: u64,
    /// Why it failed or is degraded.
    pub cause: Option<String>,
}

/// The events from now on: what [`ConnectionManager::subscribe`](crate::ConnectionManager::subscribe) gives.
#[derive(Debug)]
pub struct Events {
    receiver: broadcast::Receiver<Event>,
    missed: u64,
}

impl Events {
    /// The next event, in the order in which they happened; `None` when the manager is gone.
    ///
    /// Who asks too rarely misses the oldest of more than 1 024 events; [`missed`](Self::missed) says how many.
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

    /// How many events were missed so far.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}

/// Tells of what happened. The channel is made for the first subscriber.
#[derive(Default)]
pub(super) struct Teller(OnceLock<broadcast::Sender<Event>>);

impl Teller {
    pub(super) fn subscribe(&self) -> Events {
        let sender = self.0.get_or_init(|| broadcast::channel(CAPACITY).0);
        Events { receiver: sender.subscribe(), missed: 0 }
    }
}

/// What is to be logged of a change, once no lock is held: a subscriber of logs is the user's code.
#[must_use = "it is to be logged once no lock is held"]
pub(super) struct News(Option<Event>);

impl News {
    pub(super) fn log(self) {
        let Some(Event { connection, connection_type, from, state, generation, cause }) = self.0 else { return };
        let (from, state, connection_type) = (from.as_str(), state.as_str(), connection_type.as_deref());
        match cause {
            Some(cause) => {
                tracing::warn!(%connection, connection_type, generation, from, state, %cause, "connection is {state}");
            }
            None => tracing::debug!(%connection, connection_type, generation, from, state, "connection is {state}"),
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
        state.told = Told { state: now, generation, since: self.now() };
        let is_bad = matches!(now, ConnectionState::Failed | ConnectionState::Degraded);
        let event = Event {
            connection: entry.name().to_string(),
            connection_type: self.type_name(entry.name()),
            from: before.state,
            state: now,
            generation,
            cause: state.slot.failure().filter(|_| is_bad).map(|failure| failure.to_string()),
        };
        if let Some(sender) = self.teller.0.get() {
            // Nobody listens any more: nobody is told.
            let _ = sender.send(event.clone());
        }
        News(Some(event))
    }
}

/// How many events a slow subscriber may be behind.
const CAPACITY: usize = 1024;
