use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("tickets", "issues")]
struct TwoNames;

#[connection_type("issues", crate = connection_registry, crate = "connection_registry")]
struct TwoCrates;

impl Connection for TwoNames {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Connection for TwoCrates {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
