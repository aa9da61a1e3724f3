use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type]
struct Tickets;

#[connection_type()]
struct Parentheses;

#[connection_type(crate = connection_registry)]
struct CrateAlone;

impl Connection for Tickets {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Connection for Parentheses {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Connection for CrateAlone {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
