use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("url")]
struct Url(#[serde(default)] String);

impl Connection for Url {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
