//! A plug-in with the connection type `beta`, which no crate names.

use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

/// The type of a crate that is not linked.
#[connection_type("beta")]
#[derive(Debug)]
pub struct Beta {}

impl Connection for Beta {
    type Client = &'static str;

    async fn connect(&self, _cx: &ConnectContext) -> Result<&'static str, BoxError> {
        Ok("beta")
    }
}
