use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type(name = "tickets")]
struct Named;

#[connection_type("tickets", rename = "x", serde, crate = connection_registry)]
struct Unknown;

#[connection_type("tickets" "more")]
struct NoComma;

#[connection_type("tickets", crate)]
struct NoPath;

#[connection_type("tickets", crate = 5)]
struct BadPath;

#[connection_type("tickets", ?)]
struct Symbol;

impl Connection for Named {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Connection for Unknown {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Connection for NoComma {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Connection for NoPath {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Connection for BadPath {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

impl Connection for Symbol {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
