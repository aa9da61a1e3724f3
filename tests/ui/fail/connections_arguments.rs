// All mistakes in the arguments are told at once.
use connection_registry::{BoxError, Conn, ConnectContext, Connection, Connections};

#[derive(Connections)]
#[connections(path = "connections.toml", file, crate)]
struct Backends {
    #[connection("cache-eu")]
    a: Conn<u8>,
    #[connection(named = "cache-eu", type = Cache, type = Cache)]
    b: Conn<u8>,
    #[connection]
    c: Conn<u8>,
    #[connection(name = 5, type)]
    d: Conn<u8>,
}

#[derive(Connections)]
#[connections(file = "connections.toml", file = "connections.toml", crate = 5)]
struct Others {
    primary_db: Conn<u8>,
}

struct Cache;

impl Connection for Cache {
    type Client = u8;

    async fn connect(&self, _: &ConnectContext) -> Result<u8, BoxError> {
        Ok(1)
    }
}

fn main() {}
