use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("reserved")]
struct Reserved {
    r#type: String,
    enabled: bool,
    extends: Option<String>,
    config_file: String,
    lifecycle: u32,
    #[serde(skip)]
    _skipped: bool,
}

impl Connection for Reserved {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
