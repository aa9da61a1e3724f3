use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("flat")]
struct Flat {
    url: String,
    #[serde(flatten)]
    options: std::collections::BTreeMap<String, String>,
}

impl Connection for Flat {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
