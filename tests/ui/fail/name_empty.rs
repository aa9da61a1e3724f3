use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("")]
struct TicketApi {
    url: String,
}

impl Connection for TicketApi {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
