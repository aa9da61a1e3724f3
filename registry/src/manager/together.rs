//! What `#[derive(Connections)]` expands to calls of: the connections of all fields of a struct, gotten at once.

use std::{
    fmt,
    future::poll_fn,
    task::{Context, Poll},
};

use super::{connections::ConnectionManager, failure::not_up, handle::Handle};
use crate::{
    connection::{BoxFuture, Connection},
    error::{Error, ErrorKind, Result},
    registry::Conn,
};

/// What a field of a struct of connections may be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a struct of connections",
    label = "expected `Conn<T>`, `Handle<T>`, or an `Option` of one of them"
)]
pub trait ConnectionField: Sized + Send {
    /// The client of the connection.
    type Client: Send + Sync + 'static;

    /// Gets the connection `name`; connects it first where needed.
    fn get<'a>(connections: &'a ConnectionManager, name: &'a str) -> BoxFuture<'a, Result<Self>>;
}

/// The field of one connection on its way.
pub struct Pending<'a, F> {
    getting: BoxFuture<'a, Result<F>>,
    result: Option<Result<F>>,
}

/// A [`Pending`] of any field.
pub trait PendingField {
    /// Whether it has ended.
    fn poll(&mut self, cx: &mut Context<'_>) -> bool;

    /// Why it failed, when it did.
    fn failure(&self) -> Option<&Error>;
}

/// The field of the connection `name`; begins when it is polled.
pub fn begin<'a, F: ConnectionField>(connections: &'a ConnectionManager, name: &'a str) -> Pending<'a, F> {
    Pending { getting: F::get(connections, name), result: None }
}

/// Waits until all `fields` of the struct `owner` have ended.
///
/// # Errors
///
/// One with the error of each that failed, by name.
pub async fn connect_all(owner: &str, fields: &mut [&mut (dyn PendingField + Send)]) -> Result<()> {
    poll_fn(|cx| {
        // All of them each time: what one waits for wakes all.
        let ended = fields.iter_mut().map(|field| field.poll(cx)).filter(|ended| *ended).count();
        if ended == fields.len() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let failures: Vec<_> = fields.iter().filter_map(|field| field.failure().cloned()).collect();
    if failures.is_empty() { Ok(()) } else { Err(together(owner, fields.len(), failures)) }
}

/// Fails to compile unless the client of the type `C` is that of the field `F`.
pub fn expect_client<C, F>()
where
    C: Connection<Client = F::Client>,
    F: ConnectionField,
{
}

impl<F> Pending<'_, F> {
    /// The field.
    ///
    /// # Panics
    ///
    /// Unless [`connect_all`] has returned `Ok`, and this is the first call.
    pub fn take(&mut self) -> F {
        self.result.take().and_then(Result::ok).expect("`connect_all` returns `Ok` when every field is there")
    }
}

impl<F> PendingField for Pending<'_, F> {
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        if self.result.is_none()
            && let Poll::Ready(result) = self.getting.as_mut().poll(cx)
        {
            self.result = Some(result);
        }
        self.result.is_some()
    }

    fn failure(&self) -> Option<&Error> {
        self.result.as_ref()?.as_ref().err()
    }
}

impl<F> fmt::Debug for Pending<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("ended", &self.result.is_some()).finish_non_exhaustive()
    }
}

impl<T: Send + Sync + 'static> ConnectionField for Conn<T> {
    type Client = T;

    fn get<'a>(connections: &'a ConnectionManager, name: &'a str) -> BoxFuture<'a, Result<Self>> {
        Box::pin(connections.get(name))
    }
}

impl<T: Send + Sync + 'static> ConnectionField for Handle<T> {
    type Client = T;

    fn get<'a>(connections: &'a ConnectionManager, name: &'a str) -> BoxFuture<'a, Result<Self>> {
        Box::pin(async move {
            let handle = connections.handle(name)?;
            handle.get().await?;
            Ok(handle)
        })
    }
}

/// `None` for a connection that is not declared, or disabled.
impl<F: ConnectionField> ConnectionField for Option<F> {
    type Client = F::Client;

    fn get<'a>(connections: &'a ConnectionManager, name: &'a str) -> BoxFuture<'a, Result<Self>> {
        Box::pin(async move {
            match F::get(connections, name).await {
                Ok(field) => Ok(Some(field)),
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Disabled) => Ok(None),
                Err(error) => Err(error),
            }
        })
    }
}

fn together(owner: &str, count: usize, failures: Vec<Error>) -> Error {
    let (failed, are) = (failures.len(), if failures.len() == 1 { "is" } else { "are" });
    not_up(format!("{failed} of {count} connections of `{owner}` {are} not up"), failures)
}
