//! A web service with a database and a cache: it is ready when what it needs is up, goes on without the cache, and ends in
//! order.
//!
//! ```sh
//! cargo run --example web_service                  # asks itself a few questions and ends
//! cargo run --example web_service -- serve         # until Ctrl-C, at http://127.0.0.1:8080, or at an address that follows
//! ```
//!
//! By itself it keeps its notes in SQLite, and finds no cache unless a Redis server is there. The same program runs on
//! PostgreSQL, since the configuration alone says which it is:
//!
//! ```sh
//! CONNECTIONS_PROFILE=postgres DATABASE_URL=postgres://… REDIS_URL=redis://… cargo run --example web_service
//! ```
#![allow(clippy::print_stdout)]

mod cache;
mod notes;
mod visitor;

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use cache::Cache;
use connection_registry::{BoxError, ConnectionManager, Status};
use notes::{Note, Notes};
use tokio::net::TcpListener;

const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/web_service/connections.toml");

/// Below what the supervisor of the process allows.
const SHUTDOWN: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let connections = ConnectionManager::from_file(CONFIGURATION)?;
    // Fails when a required connection does, with all of their errors.
    connections.start().await?;
    let notes = Notes::new(&connections)?;
    notes.prepare().await?;
    let app = Arc::new(App { cache: Cache::new(connections.clone()), notes, connections: connections.clone() });

    let mut arguments = std::env::args().skip(1);
    let serves = arguments.next().is_some_and(|argument| argument == "serve");
    let usual = if serves { "127.0.0.1:8080" } else { "127.0.0.1:0" };
    let listener = TcpListener::bind(arguments.next().as_deref().unwrap_or(usual)).await?;
    let address = listener.local_addr()?;
    println!("listening at http://{address}");
    let stop = async move {
        let stopped =
            if serves { tokio::signal::ctrl_c().await.map_err(BoxError::from) } else { visitor::visit(address).await };
        if let Err(error) = stopped {
            println!("stopping: {error}");
        }
    };
    // First no more requests, then no more connections.
    axum::serve(listener, routes(app)).with_graceful_shutdown(stop).await?;
    println!("{}", connections.shutdown(SHUTDOWN).await);
    Ok(())
}

/// What every request may use.
struct App {
    connections: ConnectionManager,
    notes: Notes,
    cache: Cache,
}

fn routes(app: Arc<App>) -> Router {
    Router::new()
        .route("/notes", get(list).post(add))
        .route("/livez", get(async || "the process is alive\n"))
        .route("/readyz", get(ready))
        .route("/connections", get(status))
        .with_state(app)
}

/// The notes, from the cache where it has them.
async fn list(State(app): State<Arc<App>>) -> Result<Json<Vec<Note>>, Failure> {
    if let Some(notes) = app.cache.notes().await {
        return Ok(Json(notes));
    }
    let notes = app.notes.all().await?;
    app.cache.keep(&notes).await;
    Ok(Json(notes))
}

async fn add(State(app): State<Arc<App>>, text: String) -> Result<StatusCode, Failure> {
    app.notes.add(&text).await?;
    app.cache.forget().await;
    Ok(StatusCode::CREATED)
}

/// For a load balancer: required connections are up, nothing else.
async fn ready(State(app): State<Arc<App>>) -> Response {
    match app.connections.ready() {
        true => "ready\n".into_response(),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response(),
    }
}

/// For operators. No value of the configuration is in it.
async fn status(State(app): State<Arc<App>>) -> Json<Status> {
    Json(app.connections.status())
}

/// What a visitor is told of an error: nothing but that it may pass. The log has the rest.
struct Failure(BoxError);

impl From<BoxError> for Failure {
    fn from(error: BoxError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        println!("a request failed: {}", self.0);
        (StatusCode::SERVICE_UNAVAILABLE, "try again later\n").into_response()
    }
}
