use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("database")]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Database {
    Postgres { url: String },
    #[serde(other)]
    Memory,
}

impl Connection for Database {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
