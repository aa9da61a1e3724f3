//! A plug-in: a crate that exists for its connection type `alpha`.

use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

/// The type of a crate that is linked.
#[connection_type("alpha")]
#[derive(Debug)]
pub struct Alpha {}

impl Connection for Alpha {
    type Client = &'static str;

    async fn connect(&self, _cx: &ConnectContext) -> Result<&'static str, BoxError> {
        Ok("alpha")
    }
}
