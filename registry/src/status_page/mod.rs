//! A page of all connections for operators, with their figures and probes, to be mounted in an axum application. Needs the
//! feature `status-page`.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), connection_registry::BoxError> {
//! use axum::{Router, routing::get};
//! use connection_registry::{ConnectionManager, status_page};
//!
//! let connections = ConnectionManager::builder().build()?; // or from the file of the application
//! let app: Router = Router::new()
//!     .route("/", get(async || "the application"))
//!     .nest("/internal", status_page::router(&connections));
//! # let _ = app;
//! # Ok(()) }
//! ```
//!
//! Nothing is served unless it is mounted. Whoever can reach it learns the names, types and states of all connections, where
//! they are declared, and why they fail: mount it on a port that only operators reach, or behind the application's own login.
//!
//! # Routes
//!
//! All of them answer GET and HEAD, and change nothing; any other method gets a 405.
//!
//! | route | what it gives |
//! |---|---|
//! | `/` | the page: a table of all connections that follows what happens, and a graph of what refers to what |
//! | `/healthz` | 200 as long as the process answers, for a liveness probe: a restart brings no server back, so no connection counts here |
//! | `/readyz` | 200 when [`ready`](crate::ConnectionManager::ready) is true, else 503, for a readiness probe |
//! | `/connections` | [`status`](crate::ConnectionManager::status) as JSON |
//! | `/metrics` | figures for Prometheus |
//!
//! The page is one file with its style and script in it. It asks for `/connections` every two seconds while its tab is seen,
//! and says so when nobody answers. It works by keyboard, follows the light or dark mode of the system, and without JavaScript
//! it is the table as it was when it was loaded. It lists up to 1 000 connections at once, which can be filtered, and draws up
//! to 150 that refer to others or are referred to. All of its links are relative, so that it works below any prefix.
//! `nest` serves it at the prefix without a slash at its end; `nest_service` with and without one.
//!
//! # What `/readyz` says
//!
//! ```json
//! { "ready": false, "closing": false, "missing": ["primary_db"], "more": 0 }
//! ```
//!
//! `missing` has the names of the required connections that are to be up and are not, 20 at most, and `more` how many others
//! there are. `closing` is true while all connections are being closed, or were for good. There is no cause in it: a load
//! balancer may show the answer to anybody.
//!
//! # What `/connections` says
//!
//! The names of the fields are those of [`Status`](crate::Status), [`ConnectionStatus`](crate::ConnectionStatus) and
//! [`CheckStatus`](crate::CheckStatus). Times are numbers of seconds, and their names end in `_secs`: `uptime_secs`,
//! `since_secs`, `age_secs`, `next_retry_secs`, `took_secs`. Later versions may add fields; none is renamed or taken away within
//! a major version.
//!
//! # Metrics
//!
//! `/metrics` answers in the text format 0.0.4 of Prometheus, or in that of OpenMetrics 1.0 where the scraper prefers it. The
//! figures, their names and their labels are those of the feature `metrics`, whose table is in the documentation of
//! `ConnectionManager::record_metrics`, with two differences: `connection_state` has all states of each connection, and the
//! two histograms have buckets from 1 ms to 30 s. They are counted since the manager was built, whether somebody asks or not.
//!
//! An application with a recorder of the crate `metrics` has the same figures there, among its own; let Prometheus scrape
//! one of the two, since the names are the same. This one needs no recorder, and knows nothing of what else the application
//! counts.
//!
//! # Safety of the page
//!
//! No value of the configuration is in any answer, and causes are without its secrets, as everywhere in this crate. Names
//! and causes are shown as text, whatever is in them. Each answer forbids to be stored, framed or taken for another type, and
//! the page's policy lets it run its own script alone and ask nobody but the server that it came from.

mod headers;
mod html;
mod metrics;
mod page;
mod readiness;
mod router;

pub use router::router;
