//! The future of a `get`.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::{connection::BoxFuture, error::Result, registry::Conn};

/// Ready at once for a connected name; anything else goes on behind a box, so that callers carry a pointer instead
/// of its state.
///
/// Written by hand because a compiled `async fn` around the look-up costs as much again as the look-up.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub(super) enum Get<'a, T> {
    Connected(Conn<T>),
    // Boxed twice: a thin pointer keeps this enum at two words, which move in registers.
    Connecting(Box<BoxFuture<'a, Result<Conn<T>>>>),
    Taken,
}

impl<T> Future for Get<'_, T> {
    type Output = Result<Conn<T>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match std::mem::replace(&mut *self, Self::Taken) {
            Self::Connected(conn) => Poll::Ready(Ok(conn)),
            Self::Connecting(mut connecting) => {
                let polled = connecting.as_mut().as_mut().poll(cx);
                *self = Self::Connecting(connecting);
                polled
            }
            Self::Taken => panic!("a future is not polled after it was ready"),
        }
    }
}
