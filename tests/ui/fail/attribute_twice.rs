use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("tickets")]
#[connection_type("issues")]
struct Tickets {
    #[serde(default)]
    url: String,
}

impl Connection for Tickets {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
