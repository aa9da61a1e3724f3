//! A connection whose type is known only at run time.
//!
//! What is generic here is compiled anew for each connection type: it is kept small. So values are boxed where their
//! type is known and put into an `Arc` where it is not, and a `match` stands in place of `?`, `map` and `expect`.

use std::{any::Any, sync::Arc};

use crate::{
    connection::{AnyClient, BoxFuture, ConnectContext, Connection},
    error::BoxError,
    lease::{AnyLease, Lease},
};

/// The object-safe twin of [`Connection`]. Its methods have other names, so that both can be in scope.
pub(crate) trait ErasedConnection: Any + Send + Sync {
    fn connect_erased<'a>(&'a self, cx: &'a ConnectContext) -> BoxFuture<'a, Result<AnyClient, BoxError>>;

    /// `client` is what [`connect_erased`](Self::connect_erased) of the same type gave.
    fn disconnect_erased<'a>(&'a self, client: &'a AnyClient) -> BoxFuture<'a, Result<(), BoxError>>;
}

impl<C: Connection> ErasedConnection for C {
    fn connect_erased<'a>(&'a self, cx: &'a ConnectContext) -> BoxFuture<'a, Result<AnyClient, BoxError>> {
        Box::pin(async move {
            match self.connect(cx).await {
                Ok(client) => Ok(shared(Box::new(Lease::new(client)))),
                Err(error) => Err(error),
            }
        })
    }

    fn disconnect_erased<'a>(&'a self, client: &'a AnyClient) -> BoxFuture<'a, Result<(), BoxError>> {
        let lease: &dyn Any = &**client;
        match lease.downcast_ref::<Lease<C::Client>>() {
            Some(lease) => Box::pin(self.disconnect(lease.client())),
            None => unreachable!("a client goes back to the type that made it"),
        }
    }
}

fn shared(lease: Box<dyn AnyLease>) -> AnyClient {
    Arc::from(lease)
}
