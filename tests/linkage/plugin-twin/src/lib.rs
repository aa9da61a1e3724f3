//! A plug-in whose connection type has the name of one in `linkage-plugin-a`.

use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

/// A second `alpha`.
#[connection_type("alpha")]
#[derive(Debug)]
pub struct OtherAlpha {}

impl Connection for OtherAlpha {
    type Client = &'static str;

    async fn connect(&self, _cx: &ConnectContext) -> Result<&'static str, BoxError> {
        Ok("alpha")
    }
}
