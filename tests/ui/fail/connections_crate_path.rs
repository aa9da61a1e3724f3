// The facade is where the argument says.
use connection_registry::{Conn, Connections};

#[derive(Connections)]
#[connections(crate = some_other_name)]
struct Backends {
    primary_db: Conn<u8>,
}

fn main() {}
