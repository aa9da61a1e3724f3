//! `ldap` against OpenLDAP.

use std::{
    collections::HashSet,
    io::{self, Write},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use connection_registry::{
    BoxError, Conn, ConnectionManager, Error,
    connectors::{Ldap, LdapClient},
    testing::conformance::{Fault, LogCapture, Suite},
};
use connection_registry_tests::{
    manager,
    proof::assert_proven,
    service::{Service, Slapd, Tls},
};
use ldap3::{
    Scope, SearchEntry,
    exop::{WhoAmI, WhoAmIResp},
};
use tokio::time::timeout;

/// Every character of it is written otherwise somewhere.
const PASSWORD: &str = "c4nary/P@ss:w?#%ord";
const SUFFIX: &str = "dc=example,dc=org";
const ROOT: &str = "cn=admin,dc=example,dc=org";

async fn launch(tls: Tls, starttls: bool) -> Option<Service> {
    Service::launch(Slapd { password: PASSWORD.to_owned(), tls, starttls, ..Slapd::default() }).await
}

fn directory(fields: &str) -> ConnectionManager {
    manager(&format!("[connections.directory]\ntype = 'ldap'\n{fields}\n"))
}

async fn client(fields: &str) -> Conn<LdapClient> {
    directory(fields).get::<LdapClient>("directory").await.expect("it connects")
}

fn login(host: &str, port: u16, password: &str) -> String {
    format!("host = '{host}'\nport = {port}\nbind_dn = '{ROOT}'\npassword = '{password}'\nbase_dn = '{SUFFIX}'\n")
}

fn at(server: &Service) -> String {
    login("127.0.0.1", server.port(), PASSWORD)
}

/// The error of a connect that is not tried again.
async fn permanent(fields: &str) -> Error {
    let manager = directory(fields);
    let error = manager.get::<LdapClient>("directory").await.expect_err("it cannot connect");
    assert!(!error.is_retryable(), "{error:?}");
    let told = format!("{error:?} {error} {:?}", manager.status());
    assert!(!told.contains("c4nary"), "{told}");
    error
}

#[track_caller]
fn says(error: &Error, words: &str) {
    assert!(format!("{error:?} {error}").contains(words), "{error:?}");
}

/// As whom the server knows the client.
async fn who(client: &LdapClient) -> String {
    let answer = client.ldap().await.expect("it is connected").extended(WhoAmI).await.expect("it answers");
    answer.success().expect("it tells").0.parse::<WhoAmIResp>().authzid
}

/// Writes an entry, reads it, and deletes it.
async fn there_and_back(client: Conn<LdapClient>) -> Result<(), BoxError> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("unit{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let base = client.base_dn().ok_or("there is no base")?;
    let dn = format!("ou={name},{base}");
    let attributes =
        vec![("objectClass", HashSet::from(["organizationalUnit"])), ("ou", HashSet::from([name.as_str()]))];
    client.ldap().await?.add(&dn, attributes).await?.success()?;
    let found = client.ldap().await?.search(base, Scope::Subtree, &format!("(ou={name})"), ["ou"]).await?;
    let (entries, _) = found.success()?;
    let read: Vec<_> = entries.into_iter().map(|entry| SearchEntry::construct(entry).dn).collect();
    client.ldap().await?.delete(&dn).await?.success()?;
    if read == [dn] { Ok(()) } else { Err("what was written is not what is read".into()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms() {
    let Some(server) = launch(Tls::Off, false).await else { return };
    LogCapture::install().expect("nobody else collects the logs");
    let good = at(&server);
    let report = Suite::<Ldap>::new(good.clone())
        .with_use(there_and_back)
        .with_peers(|host, port| login(host, port, PASSWORD))
        .with_change(good + "request_timeout = '11s'")
        .with_broken("wrong password", login("127.0.0.1", server.port(), "wr0ng-c4nary"), Fault::Permanent)
        .with_server(Arc::new(server))
        .config_dir(std::env::temp_dir())
        .canary(PASSWORD)
        .canary("wr0ng-c4nary")
        .run()
        .await;
    writeln!(io::stdout().lock(), "{report}").expect("it can be shown");
    assert_proven("ldap", &report);
}

#[tokio::test]
async fn a_password_of_special_characters_is_taken_as_it_is() {
    let Some(server) = launch(Tls::Off, false).await else { return };
    let client = client(&at(&server)).await;
    assert_eq!(who(&client).await, format!("dn:{ROOT}"));
    there_and_back(client).await.unwrap();
}

#[tokio::test]
async fn without_a_name_the_client_is_anonymous() {
    let Some(server) = launch(Tls::Off, false).await else { return };
    let client = client(&format!("url = 'ldap://127.0.0.1:{}'", server.port())).await;
    assert_eq!(who(&client).await, "");
    assert_eq!(client.base_dn(), None);
}

#[tokio::test]
async fn a_bind_that_the_server_refuses_is_permanent() {
    let Some(server) = launch(Tls::Off, false).await else { return };
    let endpoint = format!("`127.0.0.1:{}` does not accept the credentials", server.port());
    let error = permanent(&login("127.0.0.1", server.port(), "c4nary-wrong")).await;
    says(&error, &endpoint);
    says(&error, "invalidCredentials");
    says(&permanent(&at(&server).replace("cn=admin", "cn=nobody")).await, &endpoint);
    says(&permanent(&at(&server).replace(ROOT, "no name")).await, "invalidDNSyntax");
}

#[tokio::test]
async fn a_server_that_demands_encryption_and_one_that_has_none_are_permanent() {
    let Some(server) = launch(Tls::Server, true).await else { return };
    says(&permanent(&at(&server)).await, "confidentialityRequired");
    let Some(server) = launch(Tls::Off, false).await else { return };
    says(&permanent(&(at(&server) + "encryption = 'starttls'")).await, "no encrypted connection to `127.0.0.1:");
}

fn trusting(server: &Service, scheme: &str) -> String {
    let ca = server.authority().certificate();
    let who = format!("bind_dn = '{ROOT}'\npassword = '{PASSWORD}'\nbase_dn = '{SUFFIX}'");
    format!("url = '{scheme}://localhost:{}'\ntls.ca = '{}'\n{who}\n", server.port(), ca.display())
}

fn pair((certificate, key): (PathBuf, PathBuf)) -> String {
    format!("tls.certificate = '{}'\ntls.key = '{}'\n", certificate.display(), key.display())
}

async fn is_verified(server: &Service, scheme: &str) {
    let good = trusting(server, scheme);
    there_and_back(client(&good).await).await.expect("it works");
    there_and_back(client(&good.replace("localhost", "127.0.0.1")).await).await.expect("it works");

    let no = "no encrypted connection to `localhost:";
    let stranger = server.authority().stranger().display().to_string();
    let untrusted = good.replace(&server.authority().certificate().display().to_string(), &stranger);
    says(&permanent(&untrusted).await, no);
    says(&permanent(&(good.clone() + "tls.server_name = 'another.example'")).await, no);
    there_and_back(client(&(good.clone() + "tls.server_name = 'localhost'")).await).await.expect("it works");
    let system = good.lines().filter(|line| !line.starts_with("tls.ca")).collect::<Vec<_>>().join("\n");
    says(&permanent(&(system + "\ntls.mode = 'verify-full'")).await, no);
}

#[tokio::test]
async fn the_certificate_must_be_of_a_trusted_authority_and_for_the_host_with_starttls() {
    let Some(server) = launch(Tls::Server, true).await else { return };
    is_verified(&server, "ldap").await;
}

#[tokio::test]
async fn the_certificate_must_be_of_a_trusted_authority_and_for_the_host_with_tls_from_the_first_byte_on() {
    let Some(server) = launch(Tls::Server, false).await else { return };
    is_verified(&server, "ldaps").await;
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_permanent() {
    let Some(server) = launch(Tls::Expired, false).await else { return };
    says(&permanent(&trusting(&server, "ldaps")).await, "no encrypted connection to `localhost:");
}

#[tokio::test]
async fn a_client_shows_its_certificate_when_the_server_demands_one() {
    for (starttls, scheme) in [(true, "ldap"), (false, "ldaps")] {
        let Some(server) = launch(Tls::Mutual, starttls).await else { return };
        let good = trusting(&server, scheme);
        there_and_back(client(&(good.clone() + &pair(server.authority().client()))).await).await.unwrap();
        // It says no by closing the connection, which is no reason that could be told from another.
        for fields in [good.clone(), good + &pair(server.authority().strange_client())] {
            let refused = directory(&(fields + "lifecycle.connect_timeout = '1s'"));
            let error = refused.get::<LdapClient>("directory").await.expect_err("it is not let in");
            says(&error, &format!("`localhost:{}`", server.port()));
        }
    }
}

#[tokio::test]
async fn operations_of_one_client_do_not_wait_for_each_other() {
    let Some(server) = launch(Tls::Off, false).await else { return };
    let client = client(&at(&server)).await;
    let (a, b) = tokio::join!(there_and_back(client.clone()), there_and_back(client.clone()));
    a.and(b).unwrap();
}

#[tokio::test]
async fn an_operation_ends_by_the_timeout_of_the_configuration_and_harms_no_other() {
    let Some(server) = launch(Tls::Off, false).await else { return };
    let client = client(&(at(&server) + "request_timeout = '200ms'")).await;
    let mut ldap = client.ldap().await.unwrap();
    server.freeze().await.unwrap();
    let late = timeout(Duration::from_secs(5), ldap.search(SUFFIX, Scope::Base, "(objectClass=*)", ["ou"])).await;
    server.thaw().await.unwrap();
    assert!(late.expect("it ends by itself").is_err());
    assert_eq!(who(&client).await, format!("dn:{ROOT}"));
}

#[tokio::test]
async fn a_connection_that_does_not_answer_a_check_is_made_again() {
    let Some(server) = launch(Tls::Off, false).await else { return };
    let manager = directory(&(at(&server) + "lifecycle.check_timeout = '300ms'"));
    let client = manager.get::<LdapClient>("directory").await.unwrap();
    let mut ldap = client.ldap().await.unwrap();
    server.freeze().await.unwrap();
    manager.check("directory").await.expect_err("nobody answers");
    server.thaw().await.unwrap();
    there_and_back(client).await.unwrap();
    assert!(ldap.extended(WhoAmI).await.is_err(), "the old connection is gone");
}

#[tokio::test]
async fn a_client_that_was_disconnected_does_not_dial_again() {
    let Some(server) = launch(Tls::Off, false).await else { return };
    let manager = directory(&(at(&server) + "lifecycle.drain_timeout = '10ms'"));
    let client = manager.get::<LdapClient>("directory").await.unwrap();
    let mut ldap = client.ldap().await.unwrap();
    manager.shutdown(Duration::from_secs(1)).await;
    assert!(client.ldap().await.is_err());
    assert!(ldap.extended(WhoAmI).await.is_err());
}
