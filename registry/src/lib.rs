//! **Named connections from TOML: annotate a struct, link it, get it.**

extern crate self as connection_registry;

mod config;
mod connection;
mod diagnostic;
mod error;
mod factory;
mod reference;
mod secret;
mod span;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use connection::{ConnectContext, ConnectError, Connection};
pub use connection_registry_macros::connection_type;
pub use diagnostic::{Diagnostic, Label};
pub use error::{BoxError, Error, ErrorKind, Result};
pub use factory::{ConnectionFactory, ConnectionType, Field, Instance, Visibility};
pub use reference::ConnectionRef;
pub use secret::Secret;
pub use serde;
