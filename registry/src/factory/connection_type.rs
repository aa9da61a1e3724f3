//! One entry of the catalogue.

use std::{any::TypeId, fmt, sync::Arc};

use super::registration::Declaration;
#[cfg(feature = "cli")]
use crate::config;
use crate::{
    config::{DecodeFn, Field, Reader, TypeInfo},
    erased::ErasedConnection,
};

/// A connection type that is linked into the program: its name, where it comes from, and its fields.
#[derive(Clone, Copy)]
pub struct ConnectionType {
    pub(super) declaration: Declaration,
    // Functions, since neither can be called in a const of the supported compilers.
    pub(super) client_type_id: fn() -> TypeId,
    pub(super) client_type_name: fn() -> &'static str,
    pub(super) decode: DecodeFn<Arc<dyn ErasedConnection>>,
}

impl ConnectionType {
    /// The name that a configuration uses: `type = "name"`.
    pub fn name(&self) -> &'static str {
        self.declaration.name
    }

    /// The struct with its module path, such as `my_app::tickets::Tickets`.
    pub fn rust_name(&self) -> String {
        format!("{}::{}", self.declaration.module, self.declaration.rust_name)
    }

    /// The Rust type of the client that an application gets.
    pub fn client_type_name(&self) -> &'static str {
        (self.client_type_name)()
    }

    /// Where the attribute stands: `file:line`, as the compiler was given the file.
    pub fn declared_at(&self) -> &'static str {
        self.declaration.declared_at
    }

    /// The package that declares the type.
    pub fn crate_name(&self) -> &'static str {
        self.declaration.crate_name
    }

    /// The version of that package.
    pub fn crate_version(&self) -> &'static str {
        self.declaration.crate_version
    }

    /// The doc comment of the struct; empty when there is none.
    pub fn docs(&self) -> &'static str {
        self.declaration.docs
    }

    /// The fields, in the order of the struct.
    pub fn fields(&self) -> &'static [Field] {
        self.declaration.fields
    }

    /// The keys without which no connection can be made, found by asking the type's own `Deserialize`.
    #[cfg(feature = "cli")]
    pub(crate) fn required_fields(&self) -> Vec<String> {
        config::required_fields(self.info().reader)
    }

    /// The keys that are missing where these are given, also by what the type says of its fields together.
    #[cfg(feature = "cli")]
    pub(crate) fn missing_fields(&self, given: &[String]) -> Vec<String> {
        config::missing_fields(self.info().reader, given)
    }

    pub(crate) fn client_type_id(&self) -> TypeId {
        (self.client_type_id)()
    }

    pub(super) fn info(&self) -> TypeInfo<Arc<dyn ErasedConnection>> {
        TypeInfo {
            name: self.name(),
            client_type_name: self.client_type_name(),
            fields: self.fields(),
            reader: Reader {
                decode: self.decode,
                validate: |connection, validation| connection.validate_erased(validation),
            },
        }
    }

    /// `plug-a 0.1.0 at plug-a/src/lib.rs:4 (plug_a::Pg)`.
    pub(super) fn origin(&self) -> String {
        let Declaration { crate_name, crate_version, declared_at, .. } = self.declaration;
        format!("{crate_name} {crate_version} at {declared_at} ({})", self.rust_name())
    }
}

impl fmt::Debug for ConnectionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionType")
            .field("name", &self.name())
            .field("rust_name", &self.rust_name())
            .field("client_type_name", &self.client_type_name())
            .field("declared_at", &self.declared_at())
            .finish_non_exhaustive()
    }
}
