use connection_registry::{BoxError, ConnectContext, Connection, ConnectionFactory};

struct Tickets;

impl Connection for Tickets {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {
    let _ = ConnectionFactory::empty().register::<Tickets>();
}
