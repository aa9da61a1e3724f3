// Where the facade has another name or place.
#![forbid(unsafe_code)]
#![deny(warnings)]

use connection_registry::{BoxError, ConnectContext, Connection, ConnectionFactory};

mod vendor {
    pub(crate) mod nested {
        pub(crate) use connection_registry as registry;
    }
}

use vendor::nested::registry as renamed;

#[renamed::connection_type("path", crate = crate::vendor::nested::registry)]
struct ByPath {}

impl Connection for ByPath {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

#[renamed::connection_type("name", crate = renamed)]
struct ByName {}

impl Connection for ByName {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

#[renamed::connection_type("text", crate = "::connection_registry",)]
struct ByText {}

impl Connection for ByText {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {
    let factory = ConnectionFactory::linked().expect("no name is used twice");
    let own = factory.types().iter().filter(|entry| entry.crate_name() == env!("CARGO_PKG_NAME"));
    assert_eq!(own.count(), 3);
}
