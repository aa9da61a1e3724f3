//! Connection types with one of each kind of field. Nothing connects to anything.

use std::time::Duration;

use connection_registry::{
    BoxError, ConnectContext, Connection, ConnectionRef, Secret, Validation, connection_type, serde::Deserialize,
};

/// A cache in the memory of a server.
#[connection_type("cache")]
struct Cache {
    /// Where it is.
    host: String,
    /// Default: 6379.
    #[serde(default = "cache_port")]
    port: u16,
}

/// What a program asks a cache with.
struct CacheClient;

impl Connection for Cache {
    type Client = CacheClient;

    async fn connect(&self, _cx: &ConnectContext) -> Result<CacheClient, BoxError> {
        let _ = (&self.host, self.port);
        Ok(CacheClient)
    }
}

fn cache_port() -> u16 {
    6379
}

/// A help desk.
///
/// Takes a token that is made in the settings of its project.
#[connection_type("desk")]
struct Desk {
    /// Where it is, with the scheme.
    base_url: String,
    /// What proves who asks.
    token: Secret,
    /// How many tickets a page has. Default: 50.
    #[serde(default = "page_size")]
    page_size: u32,
    /// After it a request ends. Default: never.
    timeout: Option<Duration>,
    /// The connection of type `cache` that keeps what was asked before.
    cache: Option<ConnectionRef<CacheClient>>,
    /// How the connection is encrypted.
    tls: Option<Tls>,
    /// Names that stand for other projects.
    #[serde(default)]
    projects: Vec<String>,
}

#[derive(Deserialize)]
#[serde(crate = "connection_registry::serde", deny_unknown_fields)]
struct Tls {
    ca: Option<String>,
    verify: Option<bool>,
}

impl Connection for Desk {
    type Client = String;

    async fn connect(&self, _cx: &ConnectContext) -> Result<String, BoxError> {
        let Self { base_url, token, page_size, timeout, cache, tls, projects } = self;
        let _ = (timeout, cache, tls.as_ref().map(|tls| (&tls.ca, tls.verify)), projects, token.expose());
        Ok(format!("{base_url}?size={page_size}"))
    }

    fn validate(&self, validation: &mut Validation) {
        if self.page_size == 0 {
            validation.invalid(&["page_size"], "must be at least 1");
        }
    }
}

fn page_size() -> u32 {
    50
}
