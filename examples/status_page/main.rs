//! The status page in an application: what its connections do, live, with probes and figures for Prometheus.
//!
//! ```sh
//! cargo run --example status_page                  # asks itself for each route and ends
//! cargo run --example status_page -- serve         # until Ctrl-C: look at http://127.0.0.1:8080/internal
//! ```
//!
//! Its connections are fakes that follow a script, so that there is something to see: one is slow, one falls ill now and
//! then, one is never there.
#![allow(clippy::print_stdout)]

mod visitor;

use std::time::Duration;

use axum::{Router, routing::get};
use connection_registry::{BoxError, ConnectionManager, status_page};
use tokio::net::TcpListener;

const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/status_page/connections.toml");

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let connections = ConnectionManager::from_file(CONFIGURATION)?;
    // The application goes on without the connection that is never there; it is tried again in the background.
    if let Err(error) = connections.start().await {
        println!("not ready yet: {error}");
    }
    let serves = std::env::args().nth(1).is_some_and(|argument| argument == "serve");
    let listener = TcpListener::bind(if serves { "127.0.0.1:8080" } else { "127.0.0.1:0" }).await?;
    let address = listener.local_addr()?;
    println!("the page is at http://{address}/internal");
    let stop = async move {
        let stopped =
            if serves { tokio::signal::ctrl_c().await.map_err(BoxError::from) } else { visitor::visit(address).await };
        if let Err(error) = stopped {
            println!("stopping: {error}");
        }
    };
    axum::serve(listener, routes(&connections)).with_graceful_shutdown(stop).await?;
    println!("{}", connections.shutdown(Duration::from_secs(5)).await);
    Ok(())
}

/// What everybody may ask for, and what operators may: a proxy in front of a real one keeps `/internal` from the others.
fn routes(connections: &ConnectionManager) -> Router {
    Router::new().route("/", get(async || "the application\n")).nest("/internal", status_page::router(connections))
}
