//! From the fields to what the driver takes, and what a check expects.

use reqwest::{
    Client, ClientBuilder, Method, Proxy, StatusCode, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
    redirect::{Action, Attempt, Policy},
};

use super::{Http, HttpApi, client};
use crate::{
    BoxError, ConnectContext, Describe, Secret, Validation,
    connectors::shared::{
        failure::{Reason, settings},
        route::{Route, via},
        tls::{Tls, TlsMode},
        url::is_torn,
        web,
    },
    serde::Deserialize,
};

/// How this side says who it is: one of them.
#[derive(Debug, Deserialize, Describe)]
#[serde(crate = "crate::serde", deny_unknown_fields)]
pub(super) struct Auth {
    /// A token.
    bearer: Option<Secret>,
    /// A user and a password.
    basic: Option<Basic>,
    /// A header of the API's own.
    header: Option<Header>,
}

#[derive(Debug, Deserialize, Describe)]
#[serde(crate = "crate::serde", deny_unknown_fields)]
struct Basic {
    /// Some APIs take a key for it.
    user: Secret,
    /// Default: empty.
    #[serde(default)]
    password: Secret,
}

#[derive(Debug, Deserialize, Describe)]
#[serde(crate = "crate::serde", deny_unknown_fields)]
struct Header {
    /// Its name.
    name: String,
    /// What it says, such as a key.
    value: Secret,
}

/// Which redirects are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Describe)]
#[serde(crate = "crate::serde", rename_all = "kebab-case")]
pub(super) enum Redirects {
    /// None.
    None,
    /// Those to the same scheme, host and port as the request.
    #[default]
    SameOrigin,
    /// All.
    Any,
}

/// What a check asks, and which answer it expects.
#[derive(Debug, Default, Deserialize, Describe)]
#[serde(crate = "crate::serde", deny_unknown_fields, default)]
pub(super) struct Check {
    /// Below the base URL. Default: the base URL itself.
    path: Option<String>,
    /// Default: `GET` with a path, `HEAD` without.
    method: Option<CheckMethod>,
    /// The one status that is expected. Default: any success.
    status: Option<u16>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(crate = "crate::serde", rename_all = "UPPERCASE")]
enum CheckMethod {
    Get,
    Head,
}

impl Http {
    /// A client that has asked nothing yet; with TLS it offers these versions of HTTP.
    pub(super) async fn api(
        &self,
        cx: &ConnectContext,
        route: &Route,
        versions: &[&[u8]],
    ) -> Result<HttpApi, BoxError> {
        let client = self.client(cx, route, versions).await?;
        let url = self.url()?;
        let credentials = self.credentials(&client, &url)?;
        Ok(HttpApi::new(client, without_credentials(url), credentials))
    }

    /// The base URL as it is written, with user and password.
    pub(super) fn url(&self) -> Result<Url, BoxError> {
        // The parser's own error does not repeat the URL, but says nothing that helps either.
        parsed(self.base_url.expose()).filter(is_base).ok_or_else(|| settings(URL_FORM))
    }

    /// The way to the API.
    pub(super) async fn route(&self, cx: &ConnectContext) -> Result<Route, BoxError> {
        web::route(via!(self), cx, &self.url()?).await
    }

    pub(super) fn validate_url(&self, validation: &mut Validation) {
        let Ok(url) = self.url() else { return validation.invalid(&["base_url"], URL_FORM) };
        if has_credentials(&url) && self.auth.is_some() {
            validation.invalid(&["base_url", "auth"], "must have no user and password beside `auth`");
        }
        let mode = self.tls.as_ref().map(Tls::mode);
        if mode.is_some_and(|mode| mode != TlsMode::Disable) && url.scheme() != "https" {
            validation.invalid(&["base_url", "tls.mode"], "must begin with `https://`, since there is a table `tls`");
        }
        if mode == Some(TlsMode::Disable) && url.scheme() == "https" {
            validation.invalid(
                &["tls.mode", "base_url"],
                "must not be `disable` with a base URL that begins with `https://`",
            );
        }
    }

    /// The driver takes the name of the host for that of the certificate. A table that is switched off is without effect: it may
    /// be inherited.
    pub(super) fn validate_tls(&self, validation: &mut Validation) {
        let Some(tls) = self.tls.as_ref().filter(|tls| tls.is_enabled()) else { return };
        if tls.server_name.is_some() {
            validation
                .invalid(&["tls.server_name", "tls.mode"], "cannot be set: the driver takes the name of the host");
        }
        tls.validate_strict(validation);
    }

    pub(super) fn validate_proxy(&self, validation: &mut Validation) {
        if self.proxy.as_ref().is_some_and(|proxy| !is_proxy(proxy.expose())) {
            validation.invalid(&["proxy"], PROXY_FORM);
        }
    }

    pub(super) fn validate_tunnel(&self, validation: &mut Validation) {
        if !via!(self).is_tunnel() {
            return;
        }
        if self.proxy.is_some() {
            validation.conflict(&["proxy", "tunnel"], "the tunnel leads to the API itself");
        }
        if self.redirects == Redirects::Any {
            validation.invalid(&["redirects", "tunnel"], "must not be `any` with `tunnel`, which leads to one server");
        }
        if self.url().is_ok_and(|url| web::cannot_verify(&url)) {
            validation.invalid(&["base_url", "tunnel"], web::NO_NAME);
        }
    }

    pub(super) fn validate_headers(&self, validation: &mut Validation) {
        if self.headers().is_err() {
            validation.invalid(&["headers"], "must have names and values that HTTP allows");
        }
        if HeaderValue::from_str(&self.user_agent).is_err() {
            validation.invalid(&["user_agent"], "must be a value that HTTP allows");
        }
        let name = self.auth.as_ref().and_then(Auth::header_name);
        if name.is_some_and(|name| self.headers.keys().any(|key| key.eq_ignore_ascii_case(name.as_str()))) {
            validation.conflict(&["headers", "auth"], "both say the same header: leave it to `auth`");
        }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.url().is_ok_and(|url| url.scheme() == "https")
    }

    async fn client(&self, cx: &ConnectContext, route: &Route, versions: &[&[u8]]) -> Result<Client, BoxError> {
        let tls = self.tls.clone().filter(Tls::is_enabled).unwrap_or_default();
        let mut tls = tls.client_config(cx.config_dir()).await?;
        tls.alpn_protocols = versions.iter().map(|version| version.to_vec()).collect();
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(&self.user_agent)
            .default_headers(self.headers()?)
            // It would tell other servers the path.
            .referer(false)
            .redirect(self.redirects.policy())
            .timeout(self.request_timeout)
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(self.idle_timeout)
            .pool_max_idle_per_host(self.max_idle_connections.unwrap_or(usize::MAX));
        self.proxied(builder, route)?.build().map_err(|error| settings(error.without_url()))
    }

    fn proxied(&self, builder: ClientBuilder, route: &Route) -> Result<ClientBuilder, BoxError> {
        let proxy = match (web::proxy(route), &self.proxy) {
            (Some(local), _) => Proxy::all(local),
            (None, Some(proxy)) => Proxy::all(parsed(proxy.expose()).ok_or_else(|| settings(PROXY_FORM))?),
            (None, None) => return Ok(builder.no_proxy()),
        };
        Ok(builder.no_proxy().proxy(proxy.map_err(|error| settings(error.without_url()))?))
    }

    fn headers(&self) -> Result<HeaderMap, BoxError> {
        let pairs = self.headers.iter().map(|(name, value)| Ok((header_name(name)?, header_value(value)?)));
        pairs.collect()
    }

    /// The header by which this side says who it is. The driver knows how the parts of a URL are decoded, and how a password
    /// is written.
    fn credentials(&self, client: &Client, url: &Url) -> Result<Option<(HeaderName, HeaderValue)>, BoxError> {
        let request = client.get(url.clone());
        let request = match &self.auth {
            None if !has_credentials(url) => return Ok(None),
            None => request,
            Some(Auth { header: Some(header), .. }) => {
                return Ok(Some((header_name(&header.name)?, header_value(&header.value)?)));
            }
            Some(Auth { bearer: Some(token), .. }) => request.bearer_auth(token.expose()),
            Some(Auth { basic: Some(Basic { user, password }), .. }) => {
                request.basic_auth(user.expose(), Some(password.expose()))
            }
            Some(_) => return Err(settings("`auth` says nothing")),
        };
        let request = request.build().map_err(|error| settings(error.without_url()))?;
        Ok(request.headers().get(AUTHORIZATION).map(|value| (AUTHORIZATION, value.clone())))
    }
}

impl Auth {
    pub(super) fn validate(&self, validation: &mut Validation, redirects: Redirects) {
        let ways = [
            ("auth.bearer", self.bearer.is_some()),
            ("auth.basic", self.basic.is_some()),
            ("auth.header", self.header.is_some()),
        ];
        let given: Vec<_> = ways.into_iter().filter_map(|(key, is_given)| is_given.then_some(key)).collect();
        match given.len() {
            0 => validation.missing("auth.bearer", "say who asks, by `bearer`, `basic` or `header`"),
            1 => {}
            _ => validation.conflict(&given, "say who asks in one way"),
        }
        if self.bearer.as_ref().is_some_and(|token| header_value(token).is_err()) {
            validation.invalid(&["auth.bearer"], "must be a value that HTTP allows");
        }
        if let Some(header) = &self.header {
            header.validate(validation, redirects);
        }
    }

    fn header_name(&self) -> Option<HeaderName> {
        match &self.header {
            Some(header) => header_name(&header.name).ok(),
            None => Some(AUTHORIZATION),
        }
    }
}

impl Header {
    fn validate(&self, validation: &mut Validation, redirects: Redirects) {
        if header_name(&self.name).is_err() {
            validation.invalid(&["auth.header.name"], "must be a name that HTTP allows");
        }
        if header_value(&self.value).is_err() {
            validation.invalid(&["auth.header.value"], "must be a value that HTTP allows");
        }
        if redirects == Redirects::Any {
            validation.invalid(
                &["redirects", "auth.header"],
                "must not be `any` with `auth.header`, which would be sent to the other server",
            );
        }
    }
}

impl Redirects {
    fn policy(self) -> Policy {
        match self {
            Self::None => Policy::none(),
            Self::Any => Policy::limited(MOST_REDIRECTS),
            Self::SameOrigin => Policy::custom(same_origin),
        }
    }
}

impl Check {
    pub(super) fn method(&self) -> Method {
        match (self.method, &self.path) {
            (Some(CheckMethod::Get), _) | (None, Some(_)) => Method::GET,
            (Some(CheckMethod::Head), _) | (None, None) => Method::HEAD,
        }
    }

    pub(super) fn path(&self) -> &str {
        self.path.as_deref().unwrap_or_default()
    }

    /// What the answer shows of the server.
    pub(super) fn judge(&self, answer: StatusCode, has_credentials: bool) -> Result<(), (Reason, BoxError)> {
        let is_particular = self.path.is_some() || self.status.is_some();
        let reason = match (self.status, answer.as_u16()) {
            (Some(expected), status) if status == expected => return Ok(()),
            (_, 401 | 403 | 407) if is_particular || has_credentials => Reason::Credentials,
            (None, 200..=299) => return Ok(()),
            // 501: it does not know HEAD.
            (None, ..=499 | 501) if !is_particular => return Ok(()),
            _ => Reason::Unavailable,
        };
        // Of the path that was asked for, not of the whole URL.
        let asked = self.path.as_deref().unwrap_or("the base URL");
        Err((reason, format!("{} of {asked} was answered by {answer}", self.method()).into()))
    }

    pub(super) fn validate(&self, validation: &mut Validation) {
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            validation.invalid(&["check.status"], "must be the status of an answer, from 200 to 599");
        }
        if self.path.as_deref().is_some_and(leads_out) {
            validation.invalid(&["check.path"], "must not lead out of the base URL");
        }
    }
}

/// A URL that the driver reads as it was meant. It is not when a `/`, `?` or `#` of the password, or a `\`, which the driver
/// takes for a `/`, stands in it as it is: that ends the host.
pub(super) fn parsed(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_ours = matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_torn = is_torn(text) || url.path().contains('@');
    (is_ours && !is_torn).then_some(url)
}

/// One that the driver can speak to.
fn is_proxy(url: &str) -> bool {
    parsed(url).is_some_and(|url| Proxy::all(url).is_ok())
}

fn is_base(url: &Url) -> bool {
    url.query().is_none() && url.fragment().is_none()
}

fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

fn without_credentials(mut url: Url) -> Url {
    // These fail for a URL without a host, which this one has.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

fn same_origin(attempt: Attempt<'_>) -> Action {
    let asked = attempt.previous().first().map(Url::origin);
    if attempt.previous().len() > MOST_REDIRECTS {
        attempt.error("too many redirects")
    } else if asked == Some(attempt.url().origin()) {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

fn leads_out(path: &str) -> bool {
    let base = Url::parse("http://host/base").expect("it is a URL");
    client::join(&base, path).is_none()
}

fn header_name(name: &str) -> Result<HeaderName, BoxError> {
    name.parse().map_err(|_| settings("the name of a header is not one that HTTP allows"))
}

fn header_value(value: &Secret) -> Result<HeaderValue, BoxError> {
    let value = HeaderValue::from_str(value.expose());
    let mut value = value.map_err(|_| settings("the value of a header is not one that HTTP allows"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Of HTTP, as they are offered to a server with TLS.
pub(super) const VERSIONS: [&[u8]; 2] = [b"h2", b"http/1.1"];

const MOST_REDIRECTS: usize = 10;

const URL_FORM: &str = "must be a URL such as `https://host/path`, without a query, and with special characters of a password, and an \
                        `@` of the path, percent-encoded";

const PROXY_FORM: &str =
    "must be a URL such as `http://user:password@host:3128`, with special characters of the password percent-encoded";
