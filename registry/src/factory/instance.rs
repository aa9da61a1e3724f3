//! A connection that is configured and not connected.

use std::{any::Any, fmt, sync::Arc};

use super::connection_type::ConnectionType;
use crate::{connection::Connection, erased::ErasedConnection};

/// A configured connection of some type, not connected: what [`ConnectionFactory::create`] makes.
///
/// [`ConnectionFactory::create`]: crate::ConnectionFactory::create
#[derive(Clone)]
pub struct Instance {
    pub(super) connection_type: ConnectionType,
    pub(super) connection: Arc<dyn ErasedConnection>,
}

impl Instance {
    /// The type it was made from.
    pub fn connection_type(&self) -> &ConnectionType {
        &self.connection_type
    }

    /// The author's struct, when it is a `C`.
    pub fn downcast_ref<C: Connection>(&self) -> Option<&C> {
        (&*self.connection as &dyn Any).downcast_ref()
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The fields may hold anything: only the type is named.
        let Self { connection_type, connection: _ } = self;
        f.debug_struct("Instance").field("connection_type", &connection_type.name()).finish_non_exhaustive()
    }
}
