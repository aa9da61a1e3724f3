//! How a connection that is being made reaches those that it refers to.

use std::{any::Any, sync::Arc};

use super::shared::Shared;
use crate::{
    connection::{BoxFuture, References},
    error::Error,
    registry::Entry,
};

/// The other connections, as seen by the one of `entry`.
pub(super) struct OtherConnections {
    pub(super) shared: Arc<Shared>,
    pub(super) entry: Arc<Entry>,
}

impl References for OtherConnections {
    fn connected(&self, name: &str) -> BoxFuture<'static, Result<Arc<dyn Any + Send + Sync>, Error>> {
        self.entry.depends_on(name);
        let (shared, name) = (Arc::clone(&self.shared), name.to_owned());
        Box::pin(async move {
            let entry = shared.connected(&name, None).await?;
            Ok(entry as Arc<dyn Any + Send + Sync>)
        })
    }
}
