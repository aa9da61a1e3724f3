use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("tickets")]
#[derive(Debug, serde::Deserialize)]
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
