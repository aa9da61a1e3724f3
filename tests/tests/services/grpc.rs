//! `grpc` against a server of the test's own.

mod site;

use std::{path::PathBuf, sync::Arc, time::Duration};

use connection_registry::{
    BoxError, Conn, ConnectionManager, Error,
    connectors::Grpc,
    testing::conformance::{Fault, LogCapture, Suite},
};
use connection_registry_tests::{
    manager,
    proof::assert_proven,
    service::{Service, Sshd, Tls},
};
use site::Site;
use tokio::time::timeout;
use tonic::{Code, transport::Channel};
use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, health_client::HealthClient},
};

use crate::{
    http::site::alias,
    tunnels::{verifies_the_name, works},
};

fn declared(name: &str, fields: &str) -> String {
    format!("[connections.{name}]\ntype = 'grpc'\n{fields}\n")
}

/// The client of one connection with these fields.
async fn connected(fields: &str) -> (ConnectionManager, Conn<Channel>) {
    let connections = manager(&declared("billing", fields));
    let client = connections.get::<Channel>("billing").await.unwrap_or_else(|error| panic!("{}", error.render()));
    (connections, client)
}

/// The error of the one attempt for which there is time: another one that ends with the time says nothing of the cause.
async fn failed(fields: &str) -> Error {
    let lifecycle = "lifecycle = { connect_timeout = '3s', retry = { base = '10s', max = '10s' } }";
    let connections = manager(&declared("billing", &format!("{fields}\n{lifecycle}")));
    let got = timeout(Duration::from_secs(5), connections.get::<Channel>("billing")).await;
    got.expect("it ends in time").expect_err("it cannot connect")
}

/// One that is permanent comes at once.
async fn permanent(fields: &str, why: &str) {
    let error = failed(fields).await;
    let text = error.to_string();
    assert!(!error.is_retryable() && error.attempts() == 1, "{text}");
    assert!(text.contains(why), "{text}");
}

async fn transient(fields: &str, why: &str) {
    let error = failed(fields).await;
    assert!(error.is_retryable() && error.to_string().contains(why), "{error}");
}

fn at(site: &Site) -> String {
    format!("url = 'http://{}'\n", site.address())
}

/// With TLS, and the certificate of a client.
fn encrypted(site: &Site, client: Option<(PathBuf, PathBuf)>) -> String {
    let ca = site.authority().certificate();
    let base = format!("url = 'https://{}'\ntls.ca = '{}'\n", site.address(), ca.display());
    match client {
        Some((certificate, key)) => {
            format!("{base}tls.certificate = '{}'\ntls.key = '{}'\n", certificate.display(), key.display())
        }
        None => base,
    }
}

async fn ask(client: Conn<Channel>) -> Result<(), BoxError> {
    let mut health = HealthClient::new(Channel::clone(&client));
    health.check(HealthCheckRequest::default()).await?;
    Ok(())
}

async fn conforms(site: Site, tls: bool) {
    LogCapture::install().expect("nobody else takes the log");
    let (ca, scheme) = match tls {
        true => (format!("tls.ca = '{}'\n", site.authority().certificate().display()), "https"),
        false => (String::new(), "http"),
    };
    let of = move |host: &str, port: u16| {
        format!("url = '{scheme}://{host}:{port}'\nconnect_timeout = '2s'\nuser_agent = 'shop/1'\n{ca}")
    };
    let good = of("127.0.0.1", site.address().port());
    let report = Suite::<Grpc>::new(&good)
        .with_use(ask)
        .with_broken("no such service", format!("{good}service = 'nobody'\n"), Fault::Transient)
        .with_peers(of)
        .with_change(format!("{good}request_timeout = '29s'"))
        .with_server(Arc::clone(&site.server))
        .run()
        .await;
    assert_proven("grpc", &report);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpc_conforms() {
    conforms(Site::launch(), false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grpc_with_tls_conforms() {
    conforms(Site::new(Tls::Server), true).await;
}

#[tokio::test]
async fn the_health_of_a_service_is_that_of_the_connection() {
    let site = Site::launch();
    let fields = at(&site) + "service = 'billing.v1.Billing'";
    transient(&fields, "cannot serve now").await;
    site.reporter.set_service_status("billing.v1.Billing", ServingStatus::NotServing).await;
    transient(&fields, "its health is NOT_SERVING").await;
    site.reporter.set_service_status("billing.v1.Billing", ServingStatus::Serving).await;
    let (connections, _client) = connected(&fields).await;
    connections.check("billing").await.unwrap();
    site.reporter.set_service_status("billing.v1.Billing", ServingStatus::NotServing).await;
    let error = connections.check("billing").await.unwrap_err();
    assert!(error.to_string().contains("its health is NOT_SERVING"), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_tell_its_health_lives() {
    let site = Site::launch();
    for code in [Code::Unimplemented, Code::Unauthenticated, Code::PermissionDenied] {
        site.answer(Some(code));
        connected(&at(&site)).await;
    }
    for code in [Code::Unavailable, Code::Internal, Code::ResourceExhausted] {
        site.answer(Some(code));
        transient(&at(&site), &site.address().to_string()).await;
    }
}

#[tokio::test]
async fn a_server_of_http_alone_is_no_server_of_grpc() {
    let site = crate::http::site::Site::launch();
    transient(&format!("url = 'http://{}'", site.address()), "cannot use").await;
}

#[tokio::test]
async fn the_server_sees_who_asks() {
    let site = Site::launch();
    let (_connections, _client) = connected(&at(&site)).await;
    let (_others, _other) = connected(&format!("{}user_agent = 'shop/1'", at(&site))).await;
    let agents = site.agents();
    assert!(agents[0].starts_with("billing tonic/") && agents[1].starts_with("shop/1 tonic/"), "{agents:?}");
}

#[tokio::test]
async fn a_trusted_authority_works_and_others_are_permanent() {
    let site = Site::new(Tls::Server);
    let (authority, port) = (site.authority(), site.address().port());
    let (ca, stranger) = (authority.certificate(), authority.stranger());
    let fields =
        |host: &str, port: u16, ca: &PathBuf| format!("host = '{host}'\nport = {port}\ntls.ca = '{}'\n", ca.display());
    connected(&fields("127.0.0.1", port, &ca)).await;
    connected(&fields("localhost", port, &ca)).await;
    permanent(&fields("127.0.0.1", port, &stranger), "no encrypted connection to").await;
    let other = alias(site.address()).await;
    let elsewhere = fields(&other.ip().to_string(), other.port(), &ca);
    permanent(&elsewhere, "no encrypted connection to").await;
    connected(&(elsewhere + "tls.server_name = 'localhost'")).await;
    permanent(&encrypted(&Site::new(Tls::Expired), None), "no encrypted connection to").await;
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_gets_it() {
    let site = Site::new(Tls::Mutual);
    connected(&encrypted(&site, Some(site.authority().client()))).await;
    for certificate in [None, Some(site.authority().strange_client())] {
        // What the server says may be lost when it ends the connection: then it may be tried again, and is.
        let fields = encrypted(&site, certificate);
        let mut error = failed(&fields).await;
        for _ in 0..20 {
            if !error.is_retryable() {
                break;
            }
            error = failed(&fields).await;
        }
        assert!(!error.is_retryable() && error.to_string().contains("no encrypted connection to"), "{error}");
    }
    site.answer(Some(Code::PermissionDenied));
    permanent(&encrypted(&site, Some(site.authority().client())), "does not accept the credentials").await;
}

#[tokio::test]
async fn a_server_without_tls_is_told_apart() {
    let site = Site::launch();
    let fields = format!("url = 'https://{}'", site.address());
    let folder = crate::http::site::certificates();
    permanent(&format!("{fields}\ntls.ca = '{}'", folder.1.certificate().display()), "no encrypted connection to")
        .await;
}

#[tokio::test]
async fn a_server_is_reached_through_a_tunnel() {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let site = Site::launch();
    let plain = |host: &str, port: u16| format!("url = 'http://{host}:{port}'");
    works("grpc", &sshd, site.address().port(), &plain, ask).await;
}

#[tokio::test]
async fn a_server_behind_a_tunnel_must_have_the_name_of_its_host() {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let site = Site::new(Tls::Server);
    let ca = site.authority().certificate();
    let encrypted = |host: &str, port: u16| format!("host = '{host}'\nport = {port}\ntls.ca = '{}'", ca.display());
    works("grpc", &sshd, site.address().port(), &encrypted, ask).await;
    verifies_the_name::<Channel>("grpc", &sshd, site.address(), &encrypted).await;
}

#[tokio::test]
async fn two_connections_work_side_by_side() {
    let (one, two) = (Site::launch(), Site::launch());
    let connections = manager(&(declared("one", &at(&one)) + &declared("two", &at(&two))));
    let (first, second) = tokio::join!(connections.get::<Channel>("one"), connections.get::<Channel>("two"));
    ask(first.unwrap()).await.unwrap();
    ask(second.unwrap()).await.unwrap();
    assert_eq!((one.agents().len(), two.agents().len()), (2, 2));
}
