use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("reserved")]
#[serde(rename_all = "camelCase")]
struct Reserved {
    extends_: String,
    config_file: String,
}

impl Connection for Reserved {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
