//! What the attribute macro hands over: one const value for each annotated struct.

use std::{any::TypeId, sync::Arc};

use serde::de::DeserializeOwned;

use super::connection_type::ConnectionType;
use crate::{
    config::{DecodeError, Decoder, Defaults, Field},
    connection::Connection,
    erased::ErasedConnection,
};

/// What `#[connection_type("name")]` knows of the struct that it stands on.
///
/// Implemented by the attribute alone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a connection type",
    label = "put `#[connection_type(\"name\")]` on `{Self}`"
)]
pub trait ConnectionDeclaration: Connection + DeserializeOwned {
    /// Name, origin and fields.
    const DECLARATION: Declaration;
}

/// Name, origin and fields of an annotated struct.
#[derive(Clone, Copy, Debug)]
pub struct Declaration {
    /// The name given to the attribute.
    pub name: &'static str,
    /// The struct's name.
    pub rust_name: &'static str,
    /// The package that declares it.
    pub crate_name: &'static str,
    /// That package's version.
    pub crate_version: &'static str,
    /// `module_path!()` of the struct.
    pub module: &'static str,
    /// `file:line` of the attribute.
    pub declared_at: &'static str,
    /// The struct's doc comment.
    pub docs: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
    /// Adds the defaults of its fields that may be shown.
    pub defaults: fn(&mut Defaults),
}

/// One annotated struct in the link-time collection.
#[derive(Clone, Copy, Debug)]
pub struct Registration(pub(super) ConnectionType);

inventory::collect!(Registration);

impl Registration {
    /// The registration of `C`.
    pub const fn of<C: ConnectionDeclaration>() -> Self {
        Self(ConnectionType {
            declaration: C::DECLARATION,
            client_type_id: TypeId::of::<C::Client>,
            client_type_name: std::any::type_name::<C::Client>,
            decode: decode::<C>,
        })
    }
}

// Compiled anew for each type, as `erased`: keep it this small.
fn decode<C: ConnectionDeclaration>(decoder: Decoder<'_>) -> Result<Arc<dyn ErasedConnection>, DecodeError> {
    match C::deserialize(decoder) {
        Ok(connection) => Ok(shared(Box::new(connection))),
        Err(error) => Err(error),
    }
}

fn shared(connection: Box<dyn ErasedConnection>) -> Arc<dyn ErasedConnection> {
    Arc::from(connection)
}
