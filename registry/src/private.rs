//! What the expansions of the macros name. Not part of the public interface.

#[cfg(feature = "schema")]
pub use crate::{config::Description, factory::TypeDescription};
pub use crate::{
    config::{AnyDefault, DefaultOf, DefaultValue, Defaults, Field, PlainDefault, Visibility, no_defaults},
    factory::{ConnectionDeclaration, Declaration, ExpectedType, Registration, expect_type},
    manager::{ConnectionField, Pending, PendingField, begin, connect_all, expect_client},
};
pub use {inventory, serde};

/// The function that tells the defaults of a type: the closure, where there is a schema that shows them.
#[cfg(feature = "schema")]
#[doc(hidden)]
#[macro_export]
macro_rules! __connection_defaults {
    ($($defaults:tt)*) => { $($defaults)* };
}

/// What the doc comments of a type of fields say.
#[cfg(feature = "schema")]
#[doc(hidden)]
#[macro_export]
macro_rules! __connection_description {
    ($type:ty, $($part:expr),*) => {
        $crate::__private::inventory::submit! {
            $crate::__private::TypeDescription::of::<$type>(&[$($part),*])
        }
    };
}

/// Without the feature `schema` nothing is compiled for it.
#[cfg(not(feature = "schema"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __connection_defaults {
    ($($defaults:tt)*) => {
        $crate::__private::no_defaults
    };
}

/// As above.
#[cfg(not(feature = "schema"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __connection_description {
    ($($description:tt)*) => {};
}
