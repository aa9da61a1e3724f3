//! `etcd` against its server.

use std::sync::Arc;

use connection_registry::{
    BoxError, Conn, ConnectionManager, Error,
    connectors::Etcd,
    testing::conformance::{Fault, LogCapture, Suite},
};
use connection_registry_tests::{
    manager,
    proof::assert_proven,
    service::{self, Service, Sshd, Tls},
};
use etcd_client::Client;

use crate::{
    ssh_tunnel::wait_until,
    tunnels::{declared, verifies_the_name, works},
};

const PASSWORD: &str = "c4nary/P@ss:w?#%ord";

async fn with_login() -> Option<Service> {
    let user = Some(("root".to_owned(), PASSWORD.to_owned()));
    Service::launch(service::Etcd { user, ..service::Etcd::default() }).await
}

fn fields(host: &str, port: u16, password: &str) -> String {
    format!("endpoints = ['http://{host}:{port}']\nuser = 'root'\npassword = '{password}'\n")
}

fn settings(fields: &str) -> ConnectionManager {
    manager(&format!("[connections.settings]\ntype = 'etcd'\nlifecycle.connect_timeout = '10s'\n{fields}"))
}

async fn there_and_back(client: Conn<Client>) -> Result<(), BoxError> {
    let mut client = (*client).clone();
    let key = format!("test/{}", fastrand::u64(..));
    client.put(key.as_str(), "hello", None).await?;
    let found = client.get(key.as_str(), None).await?;
    client.delete(key.as_str(), None).await?;
    let is_good = found.kvs().first().is_some_and(|pair| pair.value() == b"hello");
    if is_good { Ok(()) } else { Err("what was written is not what is read".into()) }
}

async fn permanent(fields: &str) -> Error {
    let error = settings(fields).get::<Client>("settings").await.expect_err("it cannot connect");
    assert!(!error.is_retryable(), "{error:?}");
    assert!(!format!("{error:?}").contains("c4nary"), "{error:?}");
    error
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms() {
    let Some(server) = with_login().await else { return };
    LogCapture::install().unwrap();
    let good = fields("127.0.0.1", server.port(), PASSWORD);
    let report = Suite::<Etcd>::new(good.clone())
        .with_use(there_and_back)
        .with_peers(|host, port| fields(host, port, PASSWORD))
        .with_change(good + "keep_alive_interval = '31s'\n")
        .with_broken("wrong password", fields("127.0.0.1", server.port(), "wr0ng-c4nary"), Fault::Permanent)
        .with_server(Arc::new(server))
        .canary(PASSWORD)
        .canary("wr0ng-c4nary")
        .run()
        .await;
    assert_proven("etcd", &report);
}

#[tokio::test]
async fn a_wrong_password_is_told_from_a_server_that_is_not_there() {
    let Some(server) = with_login().await else { return };
    let error = permanent(&fields("127.0.0.1", server.port(), "another-c4nary")).await;
    assert!(error.to_string().contains("does not accept the credentials"), "{error}");
}

#[tokio::test]
async fn encrypted_with_the_authority_of_the_test_and_with_no_other() {
    let Some(server) = Service::launch(service::Etcd { tls: Tls::Server, ..service::Etcd::default() }).await else {
        return;
    };
    let at = format!("endpoints = ['https://127.0.0.1:{}']\n", server.port());
    let trusting = |ca: std::path::PathBuf| format!("{at}tls.ca = '{}'\n", ca.display());
    let client = settings(&trusting(server.authority().certificate())).get::<Client>("settings").await.unwrap();
    there_and_back(client).await.unwrap();
    let error = permanent(&trusting(server.authority().stranger())).await;
    assert!(error.to_string().contains("no encrypted connection to"), "{error}");
    let error = permanent(&at).await;
    assert!(error.to_string().contains("no encrypted connection to"), "{error}");
    let named = format!("{}tls.server_name = 'another.example'\n", trusting(server.authority().certificate()));
    permanent(&named).await;
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate_gets_one() {
    let Some(server) = Service::launch(service::Etcd { tls: Tls::Mutual, ..service::Etcd::default() }).await else {
        return;
    };
    let authority = server.authority();
    let (certificate, key) = authority.client();
    let fields = format!(
        "endpoints = ['https://127.0.0.1:{}']\ntls = {{ ca = '{}', certificate = '{}', key = '{}' }}\n",
        server.port(),
        authority.certificate().display(),
        certificate.display(),
        key.display()
    );
    there_and_back(settings(&fields).get::<Client>("settings").await.unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_cluster_is_reached_through_a_tunnel() {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let Some(server) = with_login().await else { return };
    let fields = |host: &str, port: u16| fields(host, port, PASSWORD);
    works("etcd", &sshd, server.port(), &fields, there_and_back).await;

    // Each member has a local end of its own. What meets the one that is not there fails.
    let members = "endpoints = ['http://127.0.0.1:1', 'http://127.0.0.1";
    let several = fields("127.0.0.1", server.port()).replace("endpoints = ['http://127.0.0.1", members);
    let several = format!("lifecycle.retry.max = '100ms'\n{several}");
    let connections = manager(&declared("etcd", &sshd, &several));
    let works_once = async || match connections.get::<Client>("server").await {
        Ok(client) => there_and_back(client).await.is_ok(),
        Err(_) => false,
    };
    wait_until("the member that is there is asked each time", works_once).await;

    // The members are there, and what they say counts.
    let wrong = several.replace(PASSWORD, "another-c4nary");
    let error = manager(&declared("etcd", &sshd, &wrong)).get::<Client>("server").await.expect_err("it is wrong");
    assert!(!error.is_retryable() && error.to_string().contains("does not accept the credentials"), "{error}");
}

#[tokio::test]
async fn a_member_behind_a_tunnel_must_have_the_name_of_its_host() {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return };
    let Some(server) = Service::launch(service::Etcd { tls: Tls::Server, ..service::Etcd::default() }).await else {
        return;
    };
    let ca = server.authority().certificate();
    let fields = |host: &str, port: u16| format!("endpoints = ['https://{host}:{port}']\ntls.ca = '{}'", ca.display());
    works("etcd", &sshd, server.port(), &fields, there_and_back).await;
    verifies_the_name::<Client>("etcd", &sshd, server.address(), &fields).await;
}
