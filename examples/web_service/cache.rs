//! What was read a moment ago, in Redis. Whatever goes wrong with it is a miss.

use connection_registry::ConnectionManager;
use redis::{AsyncCommands, aio};

use crate::notes::Note;

/// The cache of the notes.
pub(crate) struct Cache {
    connections: ConnectionManager,
}

impl Cache {
    pub(crate) fn new(connections: ConnectionManager) -> Self {
        Self { connections }
    }

    /// The notes, when the cache is there and has them.
    pub(crate) async fn notes(&self) -> Option<Vec<Note>> {
        let text: Option<String> = self.client()?.get(KEY).await.ok()?;
        serde_json::from_str(&text?).ok()
    }

    pub(crate) async fn keep(&self, notes: &[Note]) {
        if let (Some(mut client), Ok(text)) = (self.client(), serde_json::to_string(notes)) {
            let _: Result<(), _> = client.set_ex(KEY, text, SECONDS).await;
        }
    }

    pub(crate) async fn forget(&self) {
        if let Some(mut client) = self.client() {
            let _: Result<(), _> = client.del(KEY).await;
        }
    }

    /// The client, when there is one now: no request waits for a cache.
    fn client(&self) -> Option<aio::ConnectionManager> {
        let client = self.connections.try_get::<aio::ConnectionManager>("cache").ok()?;
        Some((*client).clone())
    }
}

const KEY: &str = "connection-registry:example:notes";

/// How long it may be behind.
const SECONDS: u64 = 5;
