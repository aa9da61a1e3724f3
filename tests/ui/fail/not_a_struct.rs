use connection_registry::connection_type;

#[connection_type("connect")]
pub async fn connect() {}

struct Postgres;

#[connection_type("postgres")]
impl Postgres {}

#[connection_type("module")]
mod postgres {}

fn main() {
    let _ = connect();
    let _ = Postgres;
}
