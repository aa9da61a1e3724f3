//! `http` against a server of the test's own.

pub(crate) mod site;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use connection_registry::{
    BoxError, Conn, ConnectionManager, Error,
    connectors::{Http, HttpApi},
    testing::conformance::{Fault, LogCapture, Server, Suite},
};
use connection_registry_tests::{
    manager,
    proof::assert_proven,
    service::{Service, Sshd, Tls},
};
use reqwest::Response;
use site::{ENCODED, PASSWORD, Site, alias};
use tokio::time::timeout;

use crate::tunnels::{self, verifies_the_name, works};

fn declared(name: &str, fields: &str) -> String {
    format!("[connections.{name}]\ntype = 'http'\n{fields}\n")
}

/// The client of one connection with these fields.
async fn connected(fields: &str) -> (ConnectionManager, Conn<HttpApi>) {
    let connections = manager(&declared("api", fields));
    let client = connections.get::<HttpApi>("api").await.unwrap_or_else(|error| panic!("{}", error.render()));
    (connections, client)
}

/// The error of one connection with these fields.
async fn failed(fields: &str) -> Error {
    let connections = manager(&declared("api", &format!("{fields}\nlifecycle.connect_timeout = '1s'")));
    let got = timeout(Duration::from_secs(5), connections.get::<HttpApi>("api")).await;
    got.expect("it ends in time").expect_err("it cannot connect")
}

/// One that is permanent comes at once.
async fn permanent(fields: &str, why: &str) {
    let error = failed(fields).await;
    let text = error.to_string();
    assert!(!error.is_retryable() && error.attempts() == 1, "{text}");
    assert!(text.contains(why) && !text.contains("c4nary"), "{text}");
}

async fn transient(fields: &str, why: &str) {
    let error = failed(fields).await;
    let text = error.to_string();
    assert!(error.is_retryable(), "{text}");
    assert!(text.contains(why) && !text.contains("c4nary"), "{text}");
}

async fn status(client: &HttpApi, path: &str) -> u16 {
    client.get(path).send().await.expect("it is answered").status().as_u16()
}

async fn ask(client: Conn<HttpApi>) -> Result<(), BoxError> {
    let answer = client.get("bearer").send().await.and_then(Response::error_for_status);
    let text = answer.map_err(reqwest::Error::without_url)?.text().await?;
    if text == "what was asked for" { Ok(()) } else { Err("another answer".into()) }
}

async fn conforms(site: Site, scheme: &'static str, more: String) {
    LogCapture::install().expect("nobody else takes the log");
    let of = move |host: &str, port: u16, token: &str| {
        format!(
            "base_url = '{scheme}://{host}:{port}/v1'\nauth.bearer = '{token}'\ncheck.path = 'bearer'\n\
             connect_timeout = '2s'\nrequest_timeout = '5s'\n{more}\n"
        )
    };
    let port = site.address().port();
    let good = of("127.0.0.1", port, PASSWORD);
    let report = Suite::<Http>::new(&good)
        .with_use(ask)
        .with_broken("wrong token", of("127.0.0.1", port, "wr0ng-c4nary"), Fault::Permanent)
        .with_peers(move |host, port| of(host, port, PASSWORD))
        .with_change(format!("{good}user_agent = 'another'"))
        .with_server(Arc::clone(&site.server))
        .canary(PASSWORD)
        .canary("wr0ng-c4nary")
        .run()
        .await;
    assert_proven("http", &report);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_conforms() {
    conforms(Site::launch(), "http", String::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_2_with_tls_conforms() {
    let site = Site::new(Tls::Server);
    let ca = format!("tls.ca = '{}'", site.authority().certificate().display());
    conforms(site, "https", ca).await;
}

#[tokio::test]
async fn a_password_of_any_characters_works_as_a_field_and_in_a_url() {
    let site = Site::launch();
    let (address, url) = (site.address(), site.url("/v1"));
    for fields in [
        format!("base_url = '{url}'\nauth.basic = {{ user = 'app', password = '{PASSWORD}' }}"),
        format!("base_url = 'http://app:{ENCODED}@{address}/v1'"),
    ] {
        let (_connections, client) = connected(&format!("{fields}\ncheck.path = 'basic'")).await;
        assert_eq!(status(&client, "basic").await, 200);
        assert!(!format!("{client:?} {:?}", client.get("basic")).contains("c4nary"));
    }
    let header = format!("auth.header = {{ name = 'x-key', value = '{PASSWORD}' }}");
    let (_connections, client) = connected(&format!("base_url = '{url}'\n{header}\ncheck.path = 'key'")).await;
    assert_eq!((status(&client, "key").await, status(&client, "bearer").await), (200, 401));
}

#[tokio::test]
async fn wrong_credentials_are_permanent() {
    let site = Site::launch();
    let url = site.url("/v1");
    let why = format!("`{}` does not accept the credentials", site.address());
    for fields in [
        "auth.bearer = 'wr0ng-c4nary'\ncheck.path = 'bearer'",
        "auth.basic = { user = 'app', password = 'wr0ng-c4nary' }\ncheck.path = 'basic'",
        "auth.header = { name = 'x-key', value = 'wr0ng-c4nary' }\ncheck.path = 'key'",
        "check.path = 'bearer'",
    ] {
        permanent(&format!("base_url = '{url}'\n{fields}"), &why).await;
    }
    assert_eq!(site.asked("/v1/bearer").len(), 2);
}

#[tokio::test]
async fn a_check_expects_what_it_is_told() {
    let site = Site::launch();
    let fields = |base: &str, more: &str| format!("base_url = '{}'\n{more}", site.url(base));
    transient(&fields("/v1", "check.path = 'down'"), "GET of down was answered by 503 Service Unavailable").await;
    transient(&fields("/missing", "check.status = 200"), "answered by 404 Not Found").await;
    connected(&fields("/missing", "")).await;
    connected(&fields("/v1/bearer", "")).await;
    connected(&fields("/v1", "check = { path = 'key', status = 403, method = 'HEAD' }")).await;
    permanent(&fields("/v1/bearer", "auth.bearer = 'wr0ng-c4nary'"), "does not accept the credentials").await;
    transient(&fields("/v1", "check.path = 'never'"), "did not answer within").await;
    transient(&fields("/v1", "check.path = 'never'\nrequest_timeout = '100ms'"), "did not answer within").await;
}

#[tokio::test]
async fn settings_reach_the_server() {
    let site = Site::launch();
    let url = site.url("/v1");
    let fields =
        format!("base_url = '{url}'\nuser_agent = 'shop/1'\nheaders = {{ accept = 'text/plain', x-team = 'a' }}");
    let (_connections, client) = connected(&fields).await;
    status(&client, "x?a=b").await;
    let own = client.get("x").header("accept", "text/html");
    own.send().await.unwrap();
    let asked = site.asked("/v1/x");
    let of = |name: &str| asked.iter().map(|seen| seen.header(name).unwrap_or_default().to_owned()).collect::<Vec<_>>();
    assert_eq!(of("user-agent"), ["shop/1", "shop/1"]);
    assert_eq!(of("accept"), ["text/plain", "text/html"]);
    assert_eq!(of("x-team"), ["a", "a"]);
    assert_eq!(asked[0].uri.query(), Some("a=b"));
    assert_eq!(asked[0].header("authorization"), None);
}

#[tokio::test]
async fn a_redirect_takes_no_credentials_to_another_server() {
    let (site, other) = (Site::launch(), Site::launch());
    let to = |target: &Site| format!("elsewhere?{}", target.url("/v1/bearer"));
    let fields = |redirects: &str| {
        format!("base_url = '{}'\nauth.bearer = '{PASSWORD}'\nredirects = '{redirects}'", site.url("/v1"))
    };
    let (_connections, none) = connected(&fields("none")).await;
    assert_eq!((status(&none, &to(&site)).await, status(&none, &to(&other)).await), (302, 302));
    let (_connections, same) = connected(&fields("same-origin")).await;
    assert_eq!((status(&same, &to(&site)).await, status(&same, &to(&other)).await), (200, 302));
    assert!(other.asked("/v1/bearer").is_empty());
    let (_connections, any) = connected(&fields("any")).await;
    assert_eq!((status(&any, &to(&site)).await, status(&any, &to(&other)).await), (200, 401));
    let asked = other.asked("/v1/bearer");
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0].header("authorization"), asked[0].header("referer")), (None, None));
}

#[tokio::test]
async fn a_path_that_leads_out_is_not_asked_for() {
    let site = Site::launch();
    let (_connections, client) = connected(&format!("base_url = '{}'", site.url("/v1"))).await;
    let error = client.get("../missing").send().await.expect_err("it leads out");
    assert!(error.is_builder() && site.asked("/missing").is_empty(), "{error}");
    assert_eq!(client.base_url().as_str(), site.url("/v1"));
}

#[tokio::test]
async fn the_client_inside_sends_no_credentials() {
    let site = Site::launch();
    let fields = format!("base_url = '{}'\nauth.bearer = '{PASSWORD}'", site.url("/v1"));
    let (_connections, client) = connected(&fields).await;
    let answer = client.client().get(site.url("/v1/bearer")).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 401);
}

#[tokio::test]
async fn a_proxy_is_asked_only_when_it_is_set() {
    let (site, proxy) = (Site::launch(), Site::launch());
    let fields = format!("base_url = '{}'\n", site.url("/v1"));
    let set = format!("{fields}proxy = 'http://app:{ENCODED}@{}'", proxy.address());
    let (_connections, client) = connected(&set).await;
    status(&client, "x").await;
    let asked = proxy.asked("/v1/x");
    assert_eq!(asked[0].header("proxy-authorization"), Some(site::BASIC));
    assert!(site.asked("/v1/x").is_empty());
    let gone = proxy.address();
    proxy.server.kill().await.unwrap();
    transient(&set, &format!("nobody listens at `{} through the proxy {gone}`", site.address())).await;
}

#[tokio::test]
async fn a_trusted_authority_works_and_others_are_permanent() {
    let site = Site::new(Tls::Server);
    let authority = site.authority();
    let port = site.address().port();
    let fields = |host: &str, ca: &Path| format!("base_url = 'https://{host}:{port}/v1'\ntls.ca = '{}'", ca.display());
    for host in ["127.0.0.1", "localhost"] {
        let (_connections, client) = connected(&fields(host, &authority.certificate())).await;
        let answer = client.get("x").send().await.unwrap();
        assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    }
    permanent(&fields("127.0.0.1", &authority.stranger()), "no encrypted connection to").await;
    let other = alias(site.address()).await;
    let ca = authority.certificate();
    permanent(&format!("base_url = 'https://{other}'\ntls.ca = '{}'", ca.display()), "no encrypted connection to")
        .await;
    let expired = Site::new(Tls::Expired);
    let port = expired.address().port();
    let ca = expired.authority().certificate();
    let fields = format!("base_url = 'https://127.0.0.1:{port}'\ntls.ca = '{}'", ca.display());
    permanent(&fields, "no encrypted connection to").await;
}

#[tokio::test]
async fn encryption_that_is_switched_off_reads_no_files() {
    let site = Site::launch();
    let tls = "tls = { mode = 'disable', ca = 'gone.pem', server_name = 'another.example' }";
    let (_connections, client) = connected(&format!("base_url = '{}'\n{tls}", site.url("/v1"))).await;
    assert_eq!(status(&client, "x").await, 200);
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_gets_it() {
    let site = Site::new(Tls::Mutual);
    let authority = site.authority();
    let base =
        format!("base_url = 'https://{}/v1'\ntls.ca = '{}'\n", site.address(), authority.certificate().display());
    let with = |(certificate, key): (PathBuf, PathBuf)| {
        format!("{base}tls.certificate = '{}'\ntls.key = '{}'", certificate.display(), key.display())
    };
    let (_connections, client) = connected(&with(authority.client())).await;
    assert_eq!(status(&client, "x").await, 200);
    permanent(&base, "no encrypted connection to").await;
    permanent(&with(authority.strange_client()), "no encrypted connection to").await;
}

#[tokio::test]
async fn an_api_is_reached_through_a_tunnel() {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let site = Site::launch();
    let fields = |host: &str, port: u16| format!("base_url = 'http://{host}:{port}/v1'\nauth.bearer = '{PASSWORD}'");
    works("http", &sshd, site.address().port(), &fields, ask).await;
    let asked = site.asked("/v1/bearer");
    assert_eq!(asked[0].header("host"), Some(site.address().to_string().as_str()), "as without a tunnel");
}

#[tokio::test]
async fn an_api_behind_a_tunnel_must_have_the_name_of_its_host() {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let site = Site::new(Tls::Server);
    let ca = site.authority().certificate();
    let fields = |host: &str, port: u16| {
        format!("base_url = 'https://{host}:{port}/v1'\nauth.bearer = '{PASSWORD}'\ntls.ca = '{}'", ca.display())
    };
    works("http", &sshd, site.address().port(), &fields, ask).await;
    verifies_the_name::<HttpApi>("http", &sshd, site.address(), &fields).await;
    let connections = manager(&tunnels::declared("http", &sshd, &fields("localhost", site.address().port())));
    let answer = connections.get::<HttpApi>("server").await.unwrap().get("x").send().await.unwrap();
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
}

#[tokio::test]
async fn nothing_goes_round_a_tunnel() {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let (site, other) = (Site::launch(), Site::launch());
    let toml = tunnels::declared("http", &sshd, &format!("base_url = '{}'", site.url("/v1")));
    let connections = manager(&toml);
    let client = connections.get::<HttpApi>("server").await.unwrap();
    let to = |target: &Site| format!("elsewhere?{}", target.url("/v1/x"));
    assert_eq!((status(&client, &to(&site)).await, status(&client, &to(&other)).await), (200, 302));
    let error = client.client().get(other.url("/v1/x")).send().await.unwrap_err();
    assert!(error.is_connect() && other.asked("/v1/x").is_empty(), "{error}");
    assert_eq!(site.asked("/v1/x").len(), 1);
}

#[tokio::test]
async fn two_connections_have_credentials_of_their_own() {
    let site = Site::launch();
    let url = site.url("/v1");
    let one = declared("one", &format!("base_url = '{url}'\nauth.bearer = '{PASSWORD}'"));
    let two = declared("two", &format!("base_url = '{url}'\nauth.basic = {{ user = 'app', password = '{PASSWORD}' }}"));
    let connections = manager(&(one + &two));
    let (one, two) = tokio::join!(connections.get::<HttpApi>("one"), connections.get::<HttpApi>("two"));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((status(&one, "bearer").await, status(&two, "bearer").await), (200, 401));
    assert_eq!((status(&one, "basic").await, status(&two, "basic").await), (401, 200));
}
