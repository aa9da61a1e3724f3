use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("bits")]
union Bits {
    integer: u32,
    float: f32,
}

impl Connection for Bits {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
