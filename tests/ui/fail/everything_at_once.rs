use connection_registry::connection_type;

#[connection_type("My Tickets", color = "red")]
#[derive(Clone, serde::Deserialize)]
struct Tickets<T> {
    r#type: String,
    #[serde(flatten)]
    rest: T,
}

fn main() {}
