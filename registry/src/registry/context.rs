//! The way from a connection that is being made to those that it refers to.

use std::sync::Arc;

use super::{entry::Caller, guard::Conn};
use crate::{
    connection::ConnectContext,
    error::{Error, ErrorKind, Result},
    reference::ConnectionRef,
};

impl ConnectContext {
    /// The live client of the connection that `reference` names; connects it first where needed.
    ///
    /// The time that this takes counts towards this connection's own [`deadline`](Self::deadline). Keep the
    /// guard in the client for as long as the client needs the other one.
    ///
    /// # Errors
    ///
    /// Whatever a `get` of the other connection gives; `Configuration`, at once, when the other one waits for this one:
    /// a cycle that only placeholders close is not seen when the configuration is loaded.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: the other connection goes on being made.
    pub async fn get<T: Send + Sync + 'static>(&self, reference: &ConnectionRef<T>) -> Result<Conn<T>> {
        loop {
            let connected = self.references.connected(reference.name()).await?;
            let entry: Arc<Caller> = connected.downcast().map_err(|_| unexpected(reference.name()))?;
            // Between the two it may have been disconnected: then it is made anew.
            if let Some(guard) = entry.guard() {
                return guard;
            }
        }
    }
}

fn unexpected(name: &str) -> Error {
    Error::new(ErrorKind::NotConnected, format!("connection `{name}` has no entry")).for_connection(name)
}
