//! [`Handle`]: a name that is resolved once.

use std::{fmt, sync::Arc};

use super::{connections::ConnectionManager, get::ready_or};
use crate::{
    error::Result,
    registry::{Conn, HandleCache},
};

/// One connection, its name and type checked once: [`get`](Self::get) costs no look-up.
///
/// A handle follows its connection: after a disconnect or a replacement it gives the new client. It keeps no
/// client alive; the guards do. Clone it for each task: clones share no counter, so that they do not slow each
/// other down.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), connection_registry::BoxError> {
/// use connection_registry::ConnectionManager;
///
/// let connections = ConnectionManager::builder().build()?;
/// connections.insert("greeting", String::from("hello"))?;
/// let greeting = connections.handle::<String>("greeting")?;
/// for _ in 0..3 {
///     assert_eq!(*greeting.get().await?, "hello");
/// }
/// # Ok(()) }
/// ```
pub struct Handle<T: Send + Sync + 'static> {
    cache: HandleCache<T>,
    manager: ConnectionManager,
    name: Arc<str>,
}

impl<T: Send + Sync + 'static> Handle<T> {
    pub(super) fn new(manager: ConnectionManager, name: Arc<str>) -> Self {
        Self { cache: HandleCache::new(), manager, name }
    }

    /// A guard of the current client; connects first where needed.
    ///
    /// # Errors
    ///
    /// As for [`ConnectionManager::get`].
    ///
    /// # Cancel safety
    ///
    /// As for [`ConnectionManager::get`].
    #[inline]
    pub fn get(&self) -> impl Future<Output = Result<Conn<T>>> + Send + '_ {
        ready_or(|| self.cache.current(), || self.manager.lease_when_connected(&self.name, &self.cache))
    }

    /// The name of the connection.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl<T: Send + Sync + 'static> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Self::new(self.manager.clone(), Arc::clone(&self.name))
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("name", &self.name).finish_non_exhaustive()
    }
}
