//! From the fields to what the driver takes.

use async_nats::{
    Client,
    jetstream::{Context, ContextBuilder},
};

use super::NatsJetstream;

impl NatsJetstream {
    /// The streams as seen through `client`; nothing is asked.
    pub(super) fn context(&self, client: Client) -> Context {
        match (&self.domain, &self.api_prefix) {
            (Some(domain), _) => ContextBuilder::new().domain(domain).timeout(self.request_timeout).build(client),
            (None, Some(prefix)) => {
                ContextBuilder::new().api_prefix(prefix).timeout(self.request_timeout).build(client)
            }
            (None, None) => ContextBuilder::new().timeout(self.request_timeout).build(client),
        }
    }
}
