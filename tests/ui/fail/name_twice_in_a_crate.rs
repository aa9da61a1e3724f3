use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

mod first {
    use super::*;

    #[connection_type("http-api")]
    struct Tickets;

    impl Connection for Tickets {
        type Client = ();

        async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
            Ok(())
        }
    }
}

#[connection_type("http-api")]
struct Tickets;

impl Connection for Tickets {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
