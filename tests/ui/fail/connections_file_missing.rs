// The path is relative to the folder of the manifest.
use connection_registry::{Conn, Connections};

#[derive(Connections)]
#[connections(file = "config/connections.toml")]
struct Backends {
    primary_db: Conn<u8>,
}

fn main() {}
