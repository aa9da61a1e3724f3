use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("tickets")]
#[serde(crate = "connection_registry::serde")]
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
