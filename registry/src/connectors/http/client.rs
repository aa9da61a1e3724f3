//! [`HttpApi`]: a client that knows where the API is and who asks.

use std::fmt;

use reqwest::{
    Client, Method, RequestBuilder, Url,
    header::{HeaderName, HeaderValue},
};

use crate::connectors::shared::web;

/// A client of one HTTP API, of the type `http`: requests are meant from its base URL, and carry its credentials.
///
/// ```no_run
/// # async fn tickets(connections: connection_registry::ConnectionManager) -> Result<(), connection_registry::BoxError> {
/// use connection_registry::connectors::HttpApi;
///
/// let tickets = connections.get::<HttpApi>("tickets").await?;
/// let page = tickets.get("tickets?page=2").send().await?.error_for_status()?.text().await?;
/// let added = tickets.post("/tickets").body("{}").send().await?.status();
/// # drop((page, added)); Ok(())
/// # }
/// ```
///
/// A path is joined to that of the base URL, with or without a slash before it: it cannot lead to another host, and not
/// above the base URL. Everything up to a `?` is path, everything behind it is query. What is percent-encoded in it stays so.
///
/// An error of a request shows the whole URL; take [`without_url`](reqwest::Error::without_url) of it where that has a secret.
pub struct HttpApi {
    client: Client,
    base_url: Url,
    credentials: Option<(HeaderName, HeaderValue)>,
}

impl HttpApi {
    pub(super) fn new(client: Client, base_url: Url, credentials: Option<(HeaderName, HeaderValue)>) -> Self {
        Self { client, base_url, credentials }
    }

    /// A GET of `path`.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A POST to `path`.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// A request with the credentials of the API. For a path that [leads out of it](Self::url) it fails when it is sent, as one
    /// that could not be built.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let Some(url) = self.url(path) else { return self.client.request(method, NOWHERE) };
        let request = self.client.request(method, url);
        match &self.credentials {
            Some((name, value)) => request.header(name, value),
            None => request,
        }
    }

    /// Where `path` is; `None` when it would lead above the base URL, as `../admin` does.
    pub fn url(&self, path: &str) -> Option<Url> {
        join(&self.base_url, path)
    }

    /// Without user and password.
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// The client inside, which sends no credentials: for what [`request`](Self::request) cannot say. Behind a tunnel it reaches
    /// the server of the API alone.
    pub fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn has_credentials(&self) -> bool {
        self.credentials.is_some()
    }
}

impl fmt::Debug for HttpApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path may be what keeps others out, as with a webhook.
        f.debug_struct("HttpApi").field("endpoint", &web::endpoint(&self.base_url)).finish_non_exhaustive()
    }
}

pub(super) fn join(base: &Url, path: &str) -> Option<Url> {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let mut url = base.clone();
    url.set_query(query);
    if path.is_empty() {
        return Some(url);
    }
    let folder = format!("{}/", base.path().trim_end_matches('/'));
    url.set_path(&format!("{folder}{}", path.trim_start_matches(['/', '\\'])));
    // Dots, however they are written, have been resolved.
    url.path().starts_with(&folder).then_some(url)
}

/// A URL that nothing can be sent to.
const NOWHERE: &str = "";
