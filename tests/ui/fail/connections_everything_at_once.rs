// What the derive finds and what the compiler finds are told together.
use connection_registry::{BoxError, Conn, ConnectContext, Connection, ConnectionManager, Connections, connection_type};

#[connection_type("cache")]
struct Cache;

impl Connection for Cache {
    type Client = u8;

    async fn connect(&self, _: &ConnectContext) -> Result<u8, BoxError> {
        Ok(1)
    }
}

#[derive(Connections)]
#[connections(file = "connections.toml", color = "red")]
struct Backends {
    primary_bd: Conn<u8>,
    #[connection(type = Cache)]
    queue: Conn<u8>,
    #[connection(name = "cache-eu", type = Cache)]
    cache: Conn<String>,
    archive: u8,
}

async fn use_it(connections: &ConnectionManager) {
    let Ok(backends) = Backends::connect(connections).await else { return };
    let _: Conn<u8> = backends.queue;
}

fn main() {
    let _ = Backends::NAMES;
    let _ = use_it;
}
