use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("reserved")]
struct Reserved {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, alias = "active", alias = "enabled")]
    on: bool,
    #[serde(rename(deserialize = "phases", deserialize = "lifecycle"))]
    phases: u32,
    #[serde(rename = "kind")]
    r#type: String,
}

impl Connection for Reserved {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
