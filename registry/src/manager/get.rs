//! The future of a `get`.

use std::{future::poll_fn, task::Poll};

use crate::{connection::BoxFuture, error::Result, registry::Conn};

/// What `look` finds when it is polled, at once; else what `connect` gives, which is boxed so that callers carry a
/// pointer instead of its state.
///
/// Written by hand because a compiled `async fn` around the look-up costs half as much again as the look-up.
#[inline]
pub(super) fn ready_or<'a, T: Send + Sync + 'static>(
    look: impl Fn() -> Option<Conn<T>> + Send + 'a,
    connect: impl Fn() -> BoxFuture<'a, Result<Conn<T>>> + Send + 'a,
) -> impl Future<Output = Result<Conn<T>>> + Send + 'a {
    let mut connecting = None;
    poll_fn(move |cx| {
        if connecting.is_none()
            && let Some(conn) = look()
        {
            return Poll::Ready(Ok(conn));
        }
        connecting.get_or_insert_with(&connect).as_mut().poll(cx)
    })
}
