//! What the expansions of the macros name. Not part of the public interface.

pub use crate::{
    config::{Field, Visibility},
    factory::{ConnectionDeclaration, Declaration, ExpectedType, Registration, expect_type},
    manager::{ConnectionField, Pending, PendingField, begin, connect_all, expect_client},
};
pub use {inventory, serde};
