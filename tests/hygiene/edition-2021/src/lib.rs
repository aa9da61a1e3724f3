//! Somebody's crate of the edition 2021, which depends on the facade and on tokio alone.
#![forbid(unsafe_code)]
#![deny(warnings)]

use std::time::Duration;

use connection_registry::{connection_type, BoxError, Conn, ConnectContext, Connection, Connections, Secret};

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

/// What an application needs.
#[derive(Connections)]
#[connections(file = "connections.toml")]
pub struct Backends {
    /// Who is asked.
    #[connection(type = Tickets)]
    pub support: Conn<TicketClient>,
}

fn ten() -> u32 {
    10
}

#[cfg(test)]
mod tests {
    use connection_registry::{BoxError, ConnectionFactory, ConnectionManager};

    use super::{Backends, TicketClient};

    #[tokio::test]
    async fn a_file_is_loaded_and_its_connection_is_got() -> Result<(), BoxError> {
        let path = std::env::temp_dir().join(format!("edition-2021-{}.toml", std::process::id()));
        std::fs::write(
            &path,
            "[connections.support]\ntype = 'tickets'\nbase_url = 'https://tickets.example.com'\ntoken = 'none'\n\
             timeout = '1m'\n",
        )?;
        let connections = ConnectionManager::from_file(&path)?;
        let tickets = connections.get::<TicketClient>("support").await?;
        assert_eq!(tickets.url, "https://tickets.example.com?page=10&wait=60");
        assert_eq!(tickets.authorization, "Bearer none");
        connections.disconnect_all().await?;
        std::fs::remove_file(&path)?;
        Ok(())
    }

    #[tokio::test]
    async fn a_struct_of_connections_is_connected_with_the_file_that_it_was_checked_with() -> Result<(), BoxError> {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/connections.toml");
        let backends = Backends::connect(&ConnectionManager::from_file(file)?).await?;
        assert_eq!(backends.support.url, "https://tickets.example.com?page=10&wait=0");
        Ok(())
    }

    #[test]
    fn the_type_is_in_the_catalogue() {
        let factory = ConnectionFactory::linked().expect("no name is used twice");
        let tickets = factory.find("tickets").expect("it is declared in this crate");
        let keys: Vec<_> = tickets.fields().iter().map(|field| field.name).collect();
        assert_eq!(keys, ["base_url", "token", "page_size", "timeout"]);
    }
}
