//! Somebody's crate of the edition 2021, which depends on the facade and on tokio alone.
#![forbid(unsafe_code)]
#![deny(warnings)]

use std::time::Duration;

use connection_registry::{connection_type, BoxError, ConnectContext, Connection, Secret};

/// A ticket API.
#[connection_type("tickets")]
pub struct Tickets {
    /// Where it is.
    base_url: String,
    token: Secret,
    #[serde(default = "ten")]
    page_size: u32,
    timeout: Option<Duration>,
}

/// What an application gets.
pub struct TicketClient {
    /// The address with its query.
    pub url: String,
    /// The header that it sends.
    pub authorization: String,
}

impl Connection for Tickets {
    type Client = TicketClient;

    async fn connect(&self, _cx: &ConnectContext) -> Result<TicketClient, BoxError> {
        tokio::task::yield_now().await;
        let wait = self.timeout.unwrap_or_default().as_secs();
        Ok(TicketClient {
            url: format!("{}?page={}&wait={wait}", self.base_url, self.page_size),
            authorization: format!("Bearer {}", self.token.expose()),
        })
    }
}

fn ten() -> u32 {
    10
}

#[cfg(test)]
mod tests {
    use connection_registry::ConnectionFactory;

    #[test]
    fn the_type_is_in_the_catalogue() {
        let factory = ConnectionFactory::linked().expect("no name is used twice");
        let tickets = factory.find("tickets").expect("it is declared in this crate");
        let keys: Vec<_> = tickets.fields().iter().map(|field| field.name).collect();
        assert_eq!(keys, ["base_url", "token", "page_size", "timeout"]);
    }
}
