//! [`ConnectionRef`]: a field that names another connection.

use std::{any::type_name, fmt, marker::PhantomData};

use serde::de::{Deserialize, Deserializer, Visitor};

/// A field that names another connection whose client is a `T`.
///
/// ```toml
/// [connections.reports]
/// type = "report_store"
/// database = "primary_db"      # the field `database: ConnectionRef<SqlitePool>`
/// ```
///
/// When the configuration is loaded, the other connection must exist, have the client type `T`, and not lead
/// back to this one. In [`connect`](crate::Connection::connect),
/// [`ConnectContext::get`](crate::ConnectContext::get) gives the live client. Connections are closed in the
/// opposite order: the one that refers goes first.
pub struct ConnectionRef<T> {
    name: Box<str>,
    client: PhantomData<fn() -> T>,
}

impl<T> ConnectionRef<T> {
    /// The name of the connection that is referred to.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl<T> Clone for ConnectionRef<T> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), client: PhantomData }
    }
}

impl<T> fmt::Debug for ConnectionRef<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConnectionRef").field(&self.name).finish()
    }
}

impl<'de, T: 'static> Deserialize<'de> for ConnectionRef<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(REFERENCE_MARK, ReferenceVisitor(PhantomData))
    }
}

/// The newtype name by which the decoder knows a reference. What the visitor says it expects is then the
/// name of the client type, and nothing else.
pub(crate) const REFERENCE_MARK: &str = "$connection_registry::ConnectionRef";

struct ReferenceVisitor<T>(PhantomData<fn() -> T>);

impl<'de, T: 'static> Visitor<'de> for ReferenceVisitor<T> {
    type Value = ConnectionRef<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(type_name::<T>())
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<ConnectionRef<T>, D::Error> {
        let name = String::deserialize(deserializer)?.into_boxed_str();
        Ok(ConnectionRef { name, client: PhantomData })
    }
}
