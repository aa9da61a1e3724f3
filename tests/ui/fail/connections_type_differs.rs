// The name of the type in the file, and the name that the struct is registered under.
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
    #[connection(type = Cache)]
    queue: Conn<u8>,
    #[connection(name = "tenant/42", type = self::Cache)]
    tenant: Option<Conn<u8>>,
    #[connection(name = "cache-eu", type = Cache)]
    cache: Conn<u8>,
}

fn main() {}
