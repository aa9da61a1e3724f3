//! `nats-jetstream`: the streams of a NATS server, over a connection of the type `nats`.
//!
//! ```toml
//! [connections.bus]
//! type = "nats"
//! host = "nats.example.com"
//!
//! [connections.streams]
//! type = "nats-jetstream"
//! nats = "bus"
//! ```
//!
//! The client is an [`async_nats::jetstream::Context`].

mod failure;
mod options;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_nats::{Client, jetstream::Context};

use super::shared::patience::{self, until_deadline};
use crate::{BoxError, ConnectContext, Connection, ConnectionRef, Validation, connection_type};

/// The streams of a NATS server, over a connection of the type `nats`: both share its socket. The client is an
/// `async_nats::jetstream::Context`.
///
/// It heals with that connection. A check asks for the account's figures.
#[connection_type("nats-jetstream")]
#[derive(Debug)]
pub struct NatsJetstream {
    /// The connection to the server, of the type `nats`.
    nats: ConnectionRef<Client>,

    /// The JetStream domain, where it is not the server's own. Excludes `api_prefix`.
    domain: Option<String>,

    /// How the subjects of the interface begin, where they were imported from another account. Default: "$JS.API".
    api_prefix: Option<String>,

    /// How long the server may take to answer, also to acknowledge a message. Default: "5s".
    #[serde(default = "default_request_timeout")]
    request_timeout: Duration,
}

impl Connection for NatsJetstream {
    type Client = Context;

    const SELF_HEALING: bool = true;

    async fn connect(&self, cx: &ConnectContext) -> Result<Context, BoxError> {
        let nats = cx.get(&self.nats).await?;
        let context = self.context((*nats).clone());
        until_deadline(cx, self.nats.name(), self.round_trip(&context)).await?;
        Ok(context)
    }

    async fn check(&self, client: &Context) -> Result<(), BoxError> {
        patience::within(patience::CHECK, self.nats.name(), self.round_trip(client)).await
    }

    fn validate(&self, validation: &mut Validation) {
        if self.domain.is_some() && self.api_prefix.is_some() {
            validation.conflict(&["domain", "api_prefix"], "a domain is a prefix of its own");
        }
        if self.request_timeout.is_zero() {
            validation.invalid(&["request_timeout"], "must be longer than zero");
        }
    }
}

impl NatsJetstream {
    async fn round_trip(&self, context: &Context) -> Result<(), BoxError> {
        let asked = context.query_account().await;
        asked
            .map(drop)
            .map_err(|error| failure::reason(&error, self.request_timeout).at(self.nats.name(), Some(error.into())))
    }
}

fn default_request_timeout() -> Duration {
    Duration::from_secs(5)
}
