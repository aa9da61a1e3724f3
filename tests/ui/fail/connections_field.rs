// A field is a connection.
use connection_registry::{Conn, Connections};

#[derive(Connections)]
struct Backends {
    primary_db: Conn<u8>,
    retries: u32,
}

fn main() {}
