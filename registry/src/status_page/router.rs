//! The routes.

use axum::{
    Router,
    body::Bytes,
    extract::{OriginalUri, State},
    http::{HeaderMap, HeaderName, StatusCode, header},
    middleware::map_response,
    response::{Html, IntoResponse},
    routing::get,
};
use serde::Serialize;

use super::{headers::protect, metrics::Exposition, page, readiness::Readiness};
use crate::ConnectionManager;

/// The routes of [this module](self::super) for `connections`, to be nested into an application of any state.
///
/// The router holds a clone of the manager, as any other part of the application does.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), connection_registry::BoxError> {
/// use connection_registry::{ConnectionManager, status_page};
///
/// let connections = ConnectionManager::builder().build()?;
/// // On a port of its own, which only operators reach:
/// let operators: axum::Router = status_page::router(&connections);
/// # let _ = operators;
/// # Ok(()) }
/// ```
pub fn router<S: Clone + Send + Sync + 'static>(connections: &ConnectionManager) -> Router<S> {
    Router::new()
        .route("/", get(show))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .route("/connections", get(status))
        .route("/metrics", get(metrics))
        .layer(map_response(protect))
        .with_state(connections.clone())
}

async fn show(State(connections): State<ConnectionManager>, OriginalUri(uri): OriginalUri) -> Html<String> {
    Html(page::render(&connections.status(), uri.path()))
}

async fn ready(State(connections): State<ConnectionManager>) -> impl IntoResponse {
    let readiness = Readiness::of(&connections.status());
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, json(&readiness))
}

async fn status(State(connections): State<ConnectionManager>) -> impl IntoResponse {
    json(&connections.status())
}

async fn metrics(State(connections): State<ConnectionManager>, headers: HeaderMap) -> impl IntoResponse {
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    let exposition = Exposition::accepted(&accepted.collect::<Vec<_>>().join(","));
    ([(header::CONTENT_TYPE, exposition.content_type())], exposition.text(&connections))
}

fn json(value: &impl Serialize) -> ([(HeaderName, &'static str); 1], Bytes) {
    let body = serde_json::to_vec(value).expect("it has names for keys, and numbers that are finite");
    ([(header::CONTENT_TYPE, "application/json")], body.into())
}
