//! A connection whose type is known only at run time.
//!
//! What is generic here is compiled anew for each connection type: it is kept small. So values are boxed where their
//! type is known and put into an `Arc` where it is not, and a `match` stands in place of `?`, `map` and `expect`.

use std::{any::Any, sync::Arc};

use crate::{
    config::Validation,
    connection::{AnyClient, BoxFuture, ConnectContext, Connection, Update},
    error::BoxError,
    lease::{AnyLease, Lease},
};

/// The object-safe twin of [`Connection`]. Its methods have other names, so that both can be in scope.
pub(crate) trait ErasedConnection: Any + Send + Sync {
    fn connect_erased<'a>(&'a self, cx: &'a ConnectContext) -> BoxFuture<'a, Result<AnyClient, BoxError>>;

    /// `client` is what [`connect_erased`](Self::connect_erased) of the same type gave, as in all of the following.
    fn check_erased<'a>(&'a self, client: &'a AnyClient) -> BoxFuture<'a, Result<(), BoxError>>;

    /// Rebuild, when `new` is of another type.
    fn update_erased<'a>(
        &'a self,
        client: &'a AnyClient,
        new: &'a dyn ErasedConnection,
    ) -> BoxFuture<'a, Result<Update, BoxError>>;

    fn disconnect_erased<'a>(&'a self, client: &'a AnyClient) -> BoxFuture<'a, Result<(), BoxError>>;

    fn validate_erased(&self, validation: &mut Validation);

    fn endpoint_erased(&self) -> Option<String>;

    fn is_self_healing(&self) -> bool;
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

    fn check_erased<'a>(&'a self, client: &'a AnyClient) -> BoxFuture<'a, Result<(), BoxError>> {
        Box::pin(self.check(own::<C>(client)))
    }

    fn update_erased<'a>(
        &'a self,
        client: &'a AnyClient,
        new: &'a dyn ErasedConnection,
    ) -> BoxFuture<'a, Result<Update, BoxError>> {
        let new: &dyn Any = new;
        match new.downcast_ref::<C>() {
            Some(new) => Box::pin(self.update(own::<C>(client), new)),
            None => rebuild(),
        }
    }

    fn disconnect_erased<'a>(&'a self, client: &'a AnyClient) -> BoxFuture<'a, Result<(), BoxError>> {
        Box::pin(self.disconnect(own::<C>(client)))
    }

    fn validate_erased(&self, validation: &mut Validation) {
        self.validate(validation);
    }

    fn endpoint_erased(&self) -> Option<String> {
        self.endpoint()
    }

    fn is_self_healing(&self) -> bool {
        C::SELF_HEALING
    }
}

fn shared(lease: Box<dyn AnyLease>) -> AnyClient {
    Arc::from(lease)
}

fn rebuild() -> BoxFuture<'static, Result<Update, BoxError>> {
    Box::pin(async { Ok(Update::Rebuild) })
}

/// The client of the connection type that made it.
fn own<C: Connection>(client: &AnyClient) -> &C::Client {
    let lease: &dyn Any = &**client;
    match lease.downcast_ref::<Lease<C::Client>>() {
        Some(lease) => lease.client(),
        None => unreachable!("a client goes back to the type that made it"),
    }
}
