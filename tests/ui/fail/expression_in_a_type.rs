use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

const WIDE: bool = true;

#[connection_type("key")]
struct Key {
    bytes: [u8; if WIDE { 32 } else { 16 }],
}

impl Connection for Key {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
