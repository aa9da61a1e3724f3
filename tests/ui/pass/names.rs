// Names that differ stay apart, however alike their guards could be.
#![deny(warnings)]

use connection_registry::{BoxError, ConnectContext, Connection, ConnectionFactory, connection_type};

#[connection_type("a-b")]
struct Dash;

impl Connection for Dash {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

#[connection_type("a_b")]
struct Underscore;

impl Connection for Underscore {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

#[connection_type("a_dash_b")]
struct Word;

impl Connection for Word {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

#[connection_type(r"a--b_")]
struct Raw;

impl Connection for Raw {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {
    let factory = ConnectionFactory::linked().expect("no name is used twice");
    let own = factory.types().iter().filter(|entry| entry.crate_name() == env!("CARGO_PKG_NAME"));
    let names: Vec<_> = own.map(|entry| entry.name()).collect();
    assert_eq!(names, ["a--b_", "a-b", "a_b", "a_dash_b"]);
}
