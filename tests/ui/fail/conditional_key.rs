use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("conditional")]
struct Conditional {
    #[cfg_attr(all(), serde(rename = "type"))]
    kind: String,
}

impl Connection for Conditional {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
