//! `http`: an HTTP API, through a client that knows where it is and who asks.
//!
//! ```toml
//! [connections.tickets]
//! type = "http"
//! base_url = "https://tickets.example.com/v2"
//! auth.bearer = "${env:TICKETS_TOKEN}"
//! check.path = "health"
//! ```
//!
//! The client is an [`HttpApi`], around a [`reqwest::Client`].

mod client;
mod failure;
mod options;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, time::Duration};

pub use client::HttpApi;
use options::{Auth, Check, Redirects};

use super::shared::{
    failure::Reason,
    patience,
    route::{Route, via},
    tls::Tls,
    web,
};
use crate::{BoxError, ConnectContext, Connection, Secret, Validation, connection_type};
#[cfg(feature = "ssh-tunnel")]
use crate::{ConnectionRef, connectors::Tunnel};

/// An HTTP API. The client is an `HttpApi`, which joins paths to the base URL and sends the credentials with each request;
/// the `reqwest::Client` inside it can be had, too.
///
/// Encryption: the scheme of the base URL decides. With `https` the server is always verified in full; the table `tls` says
/// which authorities are trusted, and who this side is. HTTP/2 is spoken where a server with TLS offers it.
///
/// The client dials again by itself: it is kept while the server is down. It repeats nothing but what an HTTP/2 server says
/// that it has not begun. Its connections are closed with the last clone of it.
///
/// The check asks for `check.path`, and the answer must be a success; 401 and 403 mean that the credentials are wrong. Without
/// a path it asks for the base URL by HEAD, and any answer below 500 shows that the server lives, but 401 and 403 when
/// there are credentials. An answer that a path is not there, 404, is one that may change: it is tried again.
#[connection_type("http")]
#[derive(Debug)]
pub struct Http {
    /// Where the API is: `https://host/path`. All paths are meant from here. A user and a password in it, percent-encoded, are
    /// sent as `auth.basic` is.
    base_url: Secret,

    /// How this side says who it is, one of `bearer` (a token), `basic` (`user` and `password`) and `header` (`name` and
    /// `value`). Sent with the requests of the API, to no other server. Default: not at all.
    auth: Option<Auth>,

    /// Headers of each request that does not set them itself. Never shown. They are sent to whatever server is asked through
    /// the client inside: credentials belong to `auth`.
    #[serde(default)]
    headers: BTreeMap<String, Secret>,

    /// Default: the name and the version of this library.
    #[serde(default = "default_user_agent")]
    user_agent: String,

    /// How encryption is checked: `ca`, `certificate` and `key`, the paths of PEM files. `mode` is `verify-full`, or `disable`
    /// with a base URL that begins with `http://`: then the rest of the table is without effect.
    tls: Option<Tls>,

    /// Through which proxy: `http://user:password@host:port`. Default: none, whatever the environment says.
    proxy: Option<Secret>,

    /// The connection of type `ssh-tunnel` through which the API is reached. Its host is as the SSH server knows it. The client
    /// reaches that host and port and nothing else, also by a redirect: excludes `proxy`, and `any` of `redirects`.
    #[cfg(feature = "ssh-tunnel")]
    tunnel: Option<ConnectionRef<Tunnel>>,

    /// Which redirects are followed, ten in a row at most: `none`, `same-origin` or `any`. What is not followed is given to
    /// the caller as the answer. `auth.bearer` and `auth.basic` are not sent on to another server; `auth.header` excludes `any`.
    /// Default: "same-origin".
    #[serde(default)]
    redirects: Redirects,

    /// How long a request may take, with its answer; a request can have its own. Default: "30s".
    #[serde(default = "default_request_timeout")]
    request_timeout: Duration,

    /// How long it may take to connect, with TLS. Default: "5s".
    #[serde(default = "default_connect_timeout")]
    connect_timeout: Duration,

    /// After it an unused connection is closed. Default: "90s".
    #[serde(default = "default_idle_timeout")]
    idle_timeout: Duration,

    /// How many unused connections are kept. Default: all.
    max_idle_connections: Option<usize>,

    /// What a check asks: `path` (below the base URL), `method` (`GET` or `HEAD`; default: GET with a path, HEAD without),
    /// `status` (the one that is expected, instead of any success).
    #[serde(default)]
    check: Check,
}

impl Connection for Http {
    type Client = HttpApi;

    const SELF_HEALING: bool = true;

    async fn connect(&self, cx: &ConnectContext) -> Result<HttpApi, BoxError> {
        let route = self.route(cx).await?;
        let api = self.api(cx, &route, &options::VERSIONS).await?;
        let place = self.place(&api);
        let connected = patience::until_deadline(cx, &place, async {
            let Err((reason, cause)) = self.ask(&api).await else { return Ok(api) };
            let (reason, cause) = self.true_cause(cx, &route, reason, cause).await?;
            Err(reason.at(&place, Some(cause)))
        });
        route.explained(connected.await).await
    }

    async fn check(&self, client: &HttpApi) -> Result<(), BoxError> {
        let place = self.place(client);
        patience::within(patience::CHECK, &place, async {
            self.ask(client).await.map_err(|(reason, cause)| reason.at(&place, Some(cause)))
        })
        .await
    }

    fn validate(&self, validation: &mut Validation) {
        self.validate_url(validation);
        self.validate_headers(validation);
        if let Some(auth) = &self.auth {
            auth.validate(validation, self.redirects);
        }
        self.validate_tls(validation);
        self.validate_proxy(validation);
        self.validate_tunnel(validation);
        self.check.validate(validation);
        let (request, connect) = (self.request_timeout, self.connect_timeout);
        patience::not_zero(validation, &[("request_timeout", request), ("connect_timeout", connect)]);
    }

    fn endpoint(&self) -> Option<String> {
        self.url().ok().map(|url| via!(self).endpoint(web::endpoint(&url)))
    }
}

impl Http {
    /// One round trip, to the end of its answer.
    async fn ask(&self, api: &HttpApi) -> Result<(), (Reason, BoxError)> {
        let request = api.request(self.check.method(), self.check.path());
        let answer = failure::answer(request).await?;
        self.check.judge(answer, api.has_credentials())
    }

    /// The driver loses what a server says when it ends the connection after a handshake, as one does that asks for
    /// another certificate; but not with HTTP/1.
    async fn true_cause(
        &self,
        cx: &ConnectContext,
        route: &Route,
        reason: Reason,
        cause: BoxError,
    ) -> Result<(Reason, BoxError), BoxError> {
        let is_hidden = matches!(reason, Reason::Other | Reason::HungUp) && self.is_encrypted();
        if !is_hidden {
            return Ok((reason, cause));
        }
        let api = self.api(cx, route, &options::VERSIONS[1..]).await?;
        match self.ask(&api).await {
            Err((Reason::Tls, found)) => Ok((Reason::Tls, found)),
            _ => Ok((reason, cause)),
        }
    }

    /// Where requests go, for errors.
    fn place(&self, api: &HttpApi) -> String {
        let endpoint = via!(self).endpoint(web::endpoint(api.base_url()));
        match self.proxy.as_ref().and_then(|proxy| options::parsed(proxy.expose())) {
            Some(proxy) => format!("{endpoint} through the proxy {}", web::endpoint(&proxy)),
            None => endpoint,
        }
    }
}

fn default_user_agent() -> String {
    concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).to_owned()
}

fn default_request_timeout() -> Duration {
    Duration::from_secs(30)
}

fn default_connect_timeout() -> Duration {
    Duration::from_secs(5)
}

fn default_idle_timeout() -> Duration {
    Duration::from_secs(90)
}
