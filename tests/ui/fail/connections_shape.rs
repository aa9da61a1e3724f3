// A struct with named fields, and nothing else.
use connection_registry::{Conn, Connections};

#[derive(Connections)]
enum Choice {
    One(Conn<u8>),
}

#[derive(Connections)]
struct Tuple(Conn<u8>);

#[derive(Connections)]
struct Unit;

#[derive(Connections)]
union Union {
    a: u8,
}

fn main() {}
