//! The catalogue of connection types: which there are, and how to make one from its fields.

mod catalogue;
mod connection_type;
mod expected;
mod instance;
mod registration;

pub use crate::config::{Field, Visibility};
pub use catalogue::ConnectionFactory;
pub use connection_type::ConnectionType;
pub use expected::{ExpectedType, expect_type};

pub use instance::Instance;
pub use registration::{ConnectionDeclaration, Declaration, Registration};
