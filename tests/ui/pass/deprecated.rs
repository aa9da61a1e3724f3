// The registration of a deprecated type is no use of it.
#![forbid(unsafe_code)]
#![deny(warnings)]

use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("old")]
#[deprecated = "use `new`"]
pub struct Old {
    #[deprecated]
    #[serde(default)]
    pub url: String,
}

#[allow(deprecated)]
impl Connection for Old {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
