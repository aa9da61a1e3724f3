// Every name is looked up in the file, in what it includes, and in its profiles.
use connection_registry::{Conn, Connections};

#[derive(Connections)]
#[connections(file = "connections.toml")]
struct Backends {
    queue: Conn<u8>,
    live_only: Conn<u8>,
    primary_bd: Conn<u8>,
    cache_eu: Conn<u8>,
    #[connection(name = "quue")]
    messages: Conn<u8>,
    reports: Conn<u8>,
    #[connection(name = "tenant/4.2")]
    dotted: Conn<u8>,
    #[connection(name = "tenant/{id}")]
    template: Option<Conn<u8>>,
    // Near to a template, which is nothing to suggest.
    #[connection(name = "tenant/.id")]
    near_template: Conn<u8>,
    archive: Conn<u8>,
    #[connection(name = "queue")]
    again: Conn<u8>,
    absent: Option<Conn<u8>>,
}

async fn use_it(connections: &connection_registry::ConnectionManager) {
    let Ok(backends) = Backends::connect(connections).await else { return };
    let _: Conn<u8> = backends.queue;
}

fn main() {
    let _ = Backends::NAMES;
    let _ = use_it;
}
