//! A connection whose type is known only at run time.

use std::{any::Any, sync::Arc};

use crate::{
    connection::{AnyClient, BoxFuture, ConnectContext, Connection},
    error::BoxError,
    lease::Lease,
};

/// The object-safe twin of [`Connection`]. Its methods have other names, so that both can be in scope.
pub(crate) trait ErasedConnection: Any + Send + Sync {
    fn connect_erased<'a>(&'a self, cx: &'a ConnectContext) -> BoxFuture<'a, Result<AnyClient, BoxError>>;

    /// `client` is what [`connect_erased`](Self::connect_erased) of the same type gave.
    fn disconnect_erased<'a>(&'a self, client: &'a AnyClient) -> BoxFuture<'a, Result<(), BoxError>>;
}

impl<C: Connection> ErasedConnection for C {
    fn connect_erased<'a>(&'a self, cx: &'a ConnectContext) -> BoxFuture<'a, Result<AnyClient, BoxError>> {
        Box::pin(async move { self.connect(cx).await.map(|client| Arc::new(Lease::new(client)) as AnyClient) })
    }

    fn disconnect_erased<'a>(&'a self, client: &'a AnyClient) -> BoxFuture<'a, Result<(), BoxError>> {
        let lease: &dyn Any = &**client;
        let lease = lease.downcast_ref::<Lease<C::Client>>().expect("a client goes back to the type that made it");
        Box::pin(self.disconnect(lease.client()))
    }
}
