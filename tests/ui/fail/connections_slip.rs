// A field that may be empty, and whose name is near to one that no field has: a warning.
#![deny(deprecated)]

use connection_registry::{Conn, Connections};

#[derive(Connections)]
#[connections(file = "connections.toml")]
struct Backends {
    quue: Option<Conn<u8>>,
    #[connection(name = "cache_eu")]
    cache: Option<Conn<u8>>,
    // Near to one that another field has.
    primary_db: Conn<u8>,
    primary_dc: Option<Conn<u8>>,
}

fn main() {}
