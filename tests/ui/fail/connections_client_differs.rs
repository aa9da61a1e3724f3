// The client of the type, and that of the field.
use connection_registry::{BoxError, Conn, ConnectContext, Connection, Connections, connection_type};

#[connection_type("cache")]
struct Cache;

impl Connection for Cache {
    type Client = u8;

    async fn connect(&self, _: &ConnectContext) -> Result<u8, BoxError> {
        Ok(1)
    }
}

#[derive(Connections)]
#[connections(file = "connections.toml")]
struct Backends {
    #[connection(name = "cache-eu", type = Cache)]
    cache: Conn<String>,
}

#[derive(Connections)]
struct WithoutFile {
    #[connection(type = Cache)]
    cache: Option<Conn<String>>,
}

fn main() {}
