// What `type` names must be a connection type.
use connection_registry::{BoxError, Conn, ConnectContext, Connection, Connections};

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
    cache: Conn<u8>,
}

fn main() {}
