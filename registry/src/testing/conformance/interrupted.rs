//! A type whose `connect` is given up in the middle.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use serde::{Deserialize, Deserializer};

use crate::{
    __private::{ConnectionDeclaration, Declaration},
    BoxError, ConnectContext, ConnectError, Connection,
};

/// `C`, but that a connection named by [`name`] drops the future of its `connect` after so many polls.
///
/// So the future is dropped exactly there, with the manager's own context, and whether the drop panics can be seen.
pub(super) struct Interrupted<C>(C);

impl<C: Connection> Connection for Interrupted<C> {
    type Client = C::Client;

    const SELF_HEALING: bool = C::SELF_HEALING;

    async fn connect(&self, cx: &ConnectContext) -> Result<C::Client, BoxError> {
        match polls(cx.name()) {
            Some(polls) => interrupt(self.0.connect(cx), polls).await,
            None => self.0.connect(cx).await,
        }
    }

    async fn check(&self, client: &C::Client) -> Result<(), BoxError> {
        self.0.check(client).await
    }

    fn endpoint(&self) -> Option<String> {
        self.0.endpoint()
    }

    async fn disconnect(&self, client: &C::Client) -> Result<(), BoxError> {
        self.0.disconnect(client).await
    }
}

impl<C: ConnectionDeclaration> ConnectionDeclaration for Interrupted<C> {
    const DECLARATION: Declaration = C::DECLARATION;
}

impl<'de, C: Deserialize<'de>> Deserialize<'de> for Interrupted<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        C::deserialize(deserializer).map(Self)
    }
}

/// The name of a connection that is interrupted after so many polls.
pub(super) fn name(polls: u32) -> String {
    format!("{PREFIX}{polls}")
}

fn polls(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.parse().ok()
}

/// Drops `work` when it is not done after so many polls.
async fn interrupt<T>(work: impl Future<Output = Result<T, BoxError>>, polls: u32) -> Result<T, BoxError> {
    let mut work = pin!(work);
    let mut left = polls;
    poll_fn(|cx| {
        if left > 0 {
            left -= 1;
            if let Poll::Ready(result) = work.as_mut().poll(cx) {
                return Poll::Ready(result);
            }
        }
        if left == 0 { Poll::Ready(Err(ConnectError::permanent(INTERRUPTED).into())) } else { Poll::Pending }
    })
    .await
}

const PREFIX: &str = "interrupted-after-";

/// What an interrupted `connect` gives. It is a permanent error: the trial counts on one attempt.
pub(super) const INTERRUPTED: &str = "interrupted by its trial";
