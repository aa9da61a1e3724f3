use connection_registry::connection_type;

#[connection_type("tickets")]
struct Tickets {
    #[serde(default)]
    url: String,
}

fn main() {}
