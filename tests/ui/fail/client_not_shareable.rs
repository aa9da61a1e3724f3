use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("tickets")]
struct Tickets;

impl Connection for Tickets {
    type Client = std::rc::Rc<String>;

    async fn connect(&self, _cx: &ConnectContext) -> Result<Self::Client, BoxError> {
        Ok(Self::Client::default())
    }
}

fn main() {}
