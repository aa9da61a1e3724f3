//! The catalogue of connection types: which there are, and how to make one from its fields.

mod catalogue;
mod connection_type;
mod expected;
mod instance;
mod registration;
#[cfg(feature = "schema")]
mod schema;

pub use crate::config::{Field, Visibility};
pub use catalogue::ConnectionFactory;
pub use connection_type::ConnectionType;
pub use expected::{ExpectedType, expect_type};

pub use instance::Instance;
pub use registration::{ConnectionDeclaration, Declaration, Registration};
#[cfg(feature = "schema")]
pub use schema::TypeDescription;
