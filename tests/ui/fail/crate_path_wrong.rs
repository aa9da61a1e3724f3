// The default path fails in the same way where a manifest renames the dependency.
use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("tickets", crate = some_other_name)]
struct Tickets;

impl Connection for Tickets {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
