use connection_registry::{BoxError, ConnectContext, Connection, connection_type};

#[connection_type("pool")]
struct Pool<T> {
    item: T,
}

impl<T: Send + Sync + 'static> Connection for Pool<T> {
    type Client = ();

    async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
        Ok(())
    }
}

fn main() {}
