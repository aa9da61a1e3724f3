use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("tickets")]
struct Tickets;

impl Connection for Tickets {
    type Client = usize;

    async fn connect(&self, _cx: &ConnectContext) -> Result<usize, BoxError> {
        let shared = std::rc::Rc::new(1);
        std::future::ready(()).await;
        Ok(*shared)
    }
}

fn main() {}
