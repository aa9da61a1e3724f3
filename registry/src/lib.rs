//! **Named connections from TOML: annotate a struct, link its crate, and get a live client by name.**
//!
//! ```
//! use connection_registry::{BoxError, ConnectContext, Connection, ConnectionManager, Secret, connection_type};
//!
//! /// A ticket API. The fields are what its configuration may say.
//! #[connection_type("tickets")]
//! struct Tickets {
//!     base_url: String,
//!     token: Secret,
//! }
//!
//! struct TicketClient {
//!     base_url: String,
//!     authorization: String,
//! }
//!
//! impl Connection for Tickets {
//!     type Client = TicketClient;
//!
//!     async fn connect(&self, _cx: &ConnectContext) -> Result<TicketClient, BoxError> {
//!         let authorization = format!("Bearer {}", self.token.expose());
//!         Ok(TicketClient { base_url: self.base_url.clone(), authorization })
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), BoxError> {
//! #     let folder = tempfile::tempdir()?;
//! #     std::env::set_current_dir(&folder)?;
//! #     std::fs::write("connections.toml", r#"
//! #         [connections.support]
//! #         type = "tickets"
//! #         base_url = "https://tickets.example.com"
//! #         token = "${env:TICKETS_TOKEN:-none}"
//! #     "#)?;
//!     let connections = ConnectionManager::from_file("connections.toml")?; // all checked, nothing connected
//!     let tickets = connections.get::<TicketClient>("support").await?; // connects once, then cached
//!     assert_eq!(tickets.base_url, "https://tickets.example.com");
//!     # assert_eq!(tickets.authorization, "Bearer none");
//!     connections.disconnect_all().await?;
//!     Ok(())
//! }
//! ```
//!
//! ```toml
//! # connections.toml
//! [connections.support]
//! type = "tickets"
//! base_url = "https://tickets.example.com"
//! token = "${env:TICKETS_TOKEN}"
//! ```
//!
//! # The nouns
//!
//! A **connection type** is a struct with [`#[connection_type]`](macro@connection_type) and [`impl Connection`](Connection).
//! A **connection** is one named entry of the configuration. Its **client** is what an application uses: a pool, a
//! channel, a session. [`ConnectionManager`] is what an application holds; [`Conn`] is the guard that its `get` gives,
//! [`Handle`] a name that is looked up once. A name with captures, such as `tenant/{id}`, declares a **template** for any
//! number of connections. [`ConnectionFactory`] is the catalogue of types, [`ConnectionRegistry`] holds
//! the instances. [`Secret`] is a string that nothing prints, [`ConnectionRef`] a field that names another connection.
//! Everything that can fail gives one [`Error`].
//!
//! Access is by client type: the configuration may put another type behind a name, a file for a server or a fake for the
//! real one, as long as its client is the same.
//!
//! # The guide
//!
//! - [`guide::configuration`]: the whole format, from layers to placeholders and templates.
//! - [`guide::connectors`]: the built-in types, their settings, and what was proven of each.
//! - [`guide::lifecycle`]: start, retries, health, reload, idle connections, shutdown, and what operators see of them.
//! - [`guide::linking`]: how the types of other crates come into a program, and why one may be missing.
//! - `guide::cli`, with the feature `cli`: the command line.
//! - [`guide::migration`]: from the Python library, from wiring by hand, and from `rocket_db_pools`.
//! - [`guide::errors`]: every code of a diagnostic, and how a report is read.
//! - [`guide::schema`]: how an editor completes and checks a configuration.
//! - [`connection_type`](macro@connection_type): the attribute. [`connectors`]: the built-in types, a feature each.
//! - [`Connections`](macro@Connections): the derive for a struct of connections, which are checked when the program is
//!   compiled, and connected all at once.
//!
//! # Features
//!
//! None is on by default.
//!
//! - `cli` adds the command line: see the module `cli`.
//! - `diagnostics` draws the problems of a configuration with source lines and carets, and gives them as JSON.
//! - `metrics` counts and measures through the crate `metrics`: see `ConnectionManager::record_metrics`.
//! - `amqp`, `etcd`, `grpc`, `http`, `kafka`, `ldap`, `memcached`, `mqtt`, `mysql`, `nats`, `nats-jetstream`, `postgres`, `redis`,
//!   `smtp`, `sqlite`, `ssh-tunnel` and `storage` add the connection type of that name: see [`guide::connectors`]. `full` is all of
//!   them but `etcd` and `kafka`.
//! - `schema` describes configurations to editors: see [`guide::schema`].
//! - `status-page` adds a page of all connections, with figures for Prometheus and probes, as an axum router: see the module
//!   `status_page`.
//! - `testing` adds scripted fake connections, and a conformance suite for connection types: see the module `testing`.
//! - `watch` reloads when files change: see `ConnectionManager::watch`.
//!
//! # Limits
//!
//! - A crate that no code names is not linked, and its types are not found: see [`guide::linking`].
//! - User code runs in tasks of its own. A thread that it blocks comes back only when it returns: callers still get their
//!   timeout on a runtime with another worker thread, but not on a current-thread one.
//! - With `panic = "abort"` a panic ends the process. The text of a panic goes to the panic hook as everywhere.
//! - Nothing that this crate prints shows a value that may be secret; what a driver prints by itself is beyond its reach.
//! - A client whose server has died is given out until its checks, or those who use it, find out: see
//!   [`guide::lifecycle`](guide::lifecycle#health).
//! - Connecting and its timeouts run on the manager's runtime: on a current-thread one that nobody drives, a `get` from
//!   elsewhere waits until somebody does.
//! - A manager that was made before a fork connects nothing in the child: build another one there.

// So that the attribute's expansion finds the crate by its name inside the crate too.
#[allow(unused_extern_crates)]
extern crate self as connection_registry;

#[cfg(feature = "cli")]
pub mod cli;
mod config;
mod connection;
pub mod connectors;
mod diagnostic;
mod erased;
mod error;
mod factory;
mod lease;
mod manager;
mod reference;
mod registry;
mod secret;
mod span;
#[cfg(feature = "status-page")]
pub mod status_page;
#[cfg(feature = "testing")]
pub mod testing;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use config::Validation;
pub use connection::{ConnectContext, ConnectError, Connection, Update};
#[doc(inline)]
#[doc = include_str!("guide/connections.md")]
pub use connection_registry_macros::Connections;
#[doc(inline)]
#[doc = include_str!("guide/describe.md")]
pub use connection_registry_macros::Describe;
#[doc(inline)]
#[doc = include_str!("guide/connection_type.md")]
pub use connection_registry_macros::connection_type;
pub use diagnostic::{Diagnostic, Label};
pub use error::{BoxError, Error, ErrorKind, Result};
pub use factory::{ConnectionFactory, ConnectionType, Field, Instance, Visibility};
#[cfg(feature = "watch")]
pub use manager::Watch;
pub use manager::{
    CheckReport, CheckResult, CheckStatus, ConnectionManager, ConnectionManagerBuilder, ConnectionStatus, Event,
    Events, Handle, Laggard, LastReload, ReloadFailure, ReloadReport, ShutdownReport, Status,
};
pub use reference::ConnectionRef;
pub use registry::{Conn, ConnectionRegistry, ConnectionState};
pub use secret::Secret;
pub use serde;

/// Longer explanations.
pub mod guide {
    #[cfg(feature = "cli")]
    #[doc = include_str!("guide/cli.md")]
    pub mod cli {}

    #[doc = include_str!("guide/configuration.md")]
    pub mod configuration {}

    #[doc = include_str!("guide/connectors.md")]
    pub mod connectors {}

    #[doc = include_str!("guide/errors.md")]
    pub mod errors {}

    #[doc = include_str!("guide/lifecycle.md")]
    pub mod lifecycle {}

    #[doc = include_str!("guide/linking.md")]
    pub mod linking {}

    #[doc = include_str!("guide/migration.md")]
    pub mod migration {}

    #[doc = include_str!("guide/schema.md")]
    pub mod schema {}
}

// The programs of the front page of the repository compile.
#[cfg(all(doctest, feature = "sqlite", feature = "watch"))]
#[doc = include_str!("../../README.md")]
struct Readme;
