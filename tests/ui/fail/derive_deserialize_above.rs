use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[derive(serde::Deserialize)]
#[connection_type("tickets")]
struct Tickets {
    url: String,
}

impl Connection for Tickets {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
