// Each file that cannot be read or is not TOML, with its place, and without what stands there.
use connection_registry::{Conn, Connections};

#[derive(Connections)]
#[connections(file = "broken.toml")]
struct Backends {
    queue: Conn<u8>,
}

#[derive(Connections)]
#[connections(file = "syntax.toml")]
struct Others {
    queue: Conn<u8>,
}

fn main() {}
