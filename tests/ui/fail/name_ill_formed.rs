use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("Ticket API")]
struct Tickets;

#[connection_type("3com")]
struct Digits;

#[connection_type("数据库")]
struct ChineseDatabase;

impl Connection for Tickets {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Connection for Digits {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Connection for ChineseDatabase {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
