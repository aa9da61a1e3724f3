//! What the attribute's expansion names. Not part of the public interface.

pub use crate::{
    config::{Field, Visibility},
    factory::{ConnectionDeclaration, Declaration, Registration},
};
pub use {inventory, serde};
