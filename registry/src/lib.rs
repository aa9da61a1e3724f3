//! **Named connections from TOML: annotate a struct, link it, get it.**

// So that the attribute's expansion finds the crate by its name inside the crate too.
#[allow(unused_extern_crates)]
extern crate self as connection_registry;

mod config;
mod connection;
pub mod connectors;
mod diagnostic;
mod error;
mod factory;
mod manager;
mod reference;
mod registry;
mod secret;
mod span;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use connection::{ConnectContext, ConnectError, Connection};
#[doc(inline)]
#[doc = include_str!("guide/connection_type.md")]
pub use connection_registry_macros::connection_type;
pub use diagnostic::{Diagnostic, Label};
pub use error::{BoxError, Error, ErrorKind, Result};
pub use factory::{ConnectionFactory, ConnectionType, Field, Instance, Visibility};
pub use manager::{ConnectionManager, ConnectionManagerBuilder, Handle};
pub use reference::ConnectionRef;
pub use registry::{Conn, ConnectionRegistry};
pub use secret::Secret;
pub use serde;
