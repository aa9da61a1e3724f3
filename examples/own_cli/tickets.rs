//! A connection type as a service has it: nothing here knows of the command line.

use connection_registry::{BoxError, ConnectContext, Connection, Secret, connection_type};

/// A ticket API.
///
/// Takes a token that is made in the settings of its project.
#[connection_type("tickets")]
struct Tickets {
    /// Where it is, with the scheme.
    base_url: String,
    /// What proves who asks.
    token: Secret,
    /// How many tickets a page has. Default: 50.
    #[serde(default = "fifty")]
    page_size: u32,
}

impl Connection for Tickets {
    type Client = TicketClient;

    async fn connect(&self, _cx: &ConnectContext) -> Result<TicketClient, BoxError> {
        let authorization = format!("Bearer {}", self.token.expose());
        Ok(TicketClient { base_url: self.base_url.clone(), authorization, page_size: self.page_size })
    }
}

/// What the service asks with. An HTTP client would be here as well.
#[expect(dead_code, reason = "the service that uses it is not part of this example")]
struct TicketClient {
    base_url: String,
    authorization: String,
    page_size: u32,
}

fn fifty() -> u32 {
    50
}
