use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("borrowed")]
struct Borrowed<'a> {
    url: &'a str,
}

impl Connection for Borrowed<'static> {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
