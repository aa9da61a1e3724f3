use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type(tickets)]
struct Identifier;

#[connection_type(tickets::api)]
struct Path;

#[connection_type(42)]
struct Number;

#[connection_type(concat!("a", "b"))]
struct Call;

impl Connection for Identifier {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Connection for Path {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Connection for Number {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Connection for Call {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
