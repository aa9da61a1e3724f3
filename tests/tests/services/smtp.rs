//! `smtp` against `aiosmtpd`.

use std::{
    fs, io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use connection_registry::{
    BoxError, ConnectionManager, Error,
    connectors::Smtp,
    testing::conformance::{Fault, LogCapture, Suite},
};
use connection_registry_tests::{
    manager,
    proof::assert_proven,
    service::{self, Service, Tls},
};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

type Mailer = AsyncSmtpTransport<Tokio1Executor>;

/// Every character of it is written otherwise somewhere.
const PASSWORD: &str = "c4nary/P@ss:w?#%ord";
const ENCODED: &str = "c4nary%2FP%40ss%3Aw%3F%23%25ord";

async fn launch(tls: Tls, implicit: bool) -> Option<Service> {
    let user = Some(("app".to_owned(), PASSWORD.to_owned()));
    Service::launch(service::Smtp { user, tls, implicit }).await
}

fn mail(fields: &str) -> ConnectionManager {
    manager(&format!("[connections.mail]\ntype = 'smtp'\n{fields}\n"))
}

/// The fields of a login that is not encrypted.
fn login(host: &str, port: u16, password: &str) -> String {
    format!("host = '{host}'\nport = {port}\nuser = 'app'\npassword = '{password}'\nencryption = 'none'\n")
}

fn at(server: &Service) -> String {
    login("127.0.0.1", server.port(), PASSWORD)
}

/// The error of a connect that is not tried again.
async fn permanent(fields: &str) -> Error {
    let manager = mail(fields);
    let error = manager.get::<Mailer>("mail").await.expect_err("it cannot connect");
    assert!(!error.is_retryable(), "{error:?}");
    let told = format!("{error:?} {error} {:?}", manager.status());
    assert!(!told.contains("c4nary"), "{told}");
    error
}

#[track_caller]
fn says(error: &Error, words: &str) {
    assert!(format!("{error:?} {error}").contains(words), "{error:?}");
}

/// A message that no other one is like.
fn message() -> (String, Message) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let subject = format!("number {} of the test", NEXT.fetch_add(1, Ordering::Relaxed));
    let message = Message::builder()
        .from("app@example.org".parse().expect("it is an address"))
        .to("ada@example.org".parse().expect("it is an address"))
        .subject(subject.clone())
        .body("hello\r\n.\r\nhello".to_owned());
    (subject, message.expect("it is complete"))
}

fn has_come(server: &Service, subject: &str) -> bool {
    let mut messages = service::Smtp::messages(server);
    messages.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).and_then(|file| file.modified()).ok()));
    messages.iter().any(|path| fs::read_to_string(path).is_ok_and(|text| text.contains(subject)))
}

/// Sends a message; it has come when the server says so.
async fn send(server: &Service, client: &Mailer) -> Result<(), BoxError> {
    let (subject, message) = message();
    client.send(message).await?;
    if has_come(server, &subject) { Ok(()) } else { Err("the message is not there".into()) }
}

async fn sends(server: &Service, fields: &str) {
    let manager = mail(fields);
    let client = manager.get::<Mailer>("mail").await.expect("it connects");
    manager.check("mail").await.expect("it answers");
    send(server, &client).await.expect("it is sent");
}

/// The whole suite, with fields beside those of the address.
async fn conforms(more: &'static str) {
    let Some(server) = launch(Tls::Off, false).await.map(Arc::new) else { return };
    LogCapture::install().expect("nobody else collects the logs");
    let good = at(&server) + more;
    let mailbox = Arc::clone(&server);
    let report = Suite::<Smtp>::new(good.clone())
        .with_use(move |client| {
            let mailbox = Arc::clone(&mailbox);
            async move { send(&mailbox, &client).await }
        })
        .with_peers(move |host, port| login(host, port, PASSWORD) + more)
        .with_change(good + "hello_name = 'another.example'")
        .with_broken("wrong password", login("127.0.0.1", server.port(), "wr0ng-c4nary") + more, Fault::Permanent)
        .with_server(server)
        .config_dir(std::env::temp_dir())
        .canary(PASSWORD)
        .canary("wr0ng-c4nary")
        .run()
        .await;
    match more {
        // No socket is kept that could be counted.
        "" => report.assert_clean(),
        _ => assert_proven("smtp", &report),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms_with_a_connection_for_each_message() {
    conforms("").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms_with_connections_that_are_kept() {
    conforms("max_idle_connections = 4\n").await;
}

#[tokio::test]
async fn a_password_of_special_characters_is_taken_as_it_is_and_encoded_in_a_url() {
    let Some(server) = launch(Tls::Off, false).await else { return };
    sends(&server, &at(&server)).await;
    let url = format!("url = 'smtp://app:{ENCODED}@127.0.0.1:{}'\nencryption = 'none'", server.port());
    sends(&server, &url).await;
    sends(&server, &(at(&server) + "auth_mechanisms = ['login']")).await;
}

#[tokio::test]
async fn a_login_that_the_server_refuses_is_permanent() {
    let Some(server) = launch(Tls::Off, false).await else { return };
    let endpoint = format!("`127.0.0.1:{}` does not accept the credentials", server.port());
    let error = permanent(&login("127.0.0.1", server.port(), "c4nary-wrong")).await;
    says(&error, &endpoint);
    says(&error, "535");
    let error = permanent(&(at(&server) + "auth_mechanisms = ['xoauth2']")).await;
    says(&error, "No compatible authentication mechanism");
}

#[tokio::test]
async fn a_login_goes_over_starttls_unless_the_configuration_says_no() {
    let Some(server) = launch(Tls::Off, false).await else { return };
    let encrypted = at(&server).replace("encryption = 'none'", "");
    says(&permanent(&encrypted).await, "STARTTLS is not supported");
    sends(&server, &at(&server).replace("'none'", "'opportunistic'")).await;
}

fn trusting(server: &Service, scheme: &str) -> String {
    let ca = server.authority().certificate();
    format!("url = '{scheme}://app:{ENCODED}@localhost:{}'\ntls.ca = '{}'\n", server.port(), ca.display())
}

fn pair((certificate, key): (PathBuf, PathBuf)) -> String {
    format!("tls.certificate = '{}'\ntls.key = '{}'\n", certificate.display(), key.display())
}

async fn is_verified(server: &Service, scheme: &str) {
    let good = trusting(server, scheme);
    sends(server, &good).await;
    sends(server, &good.replace("localhost", "127.0.0.1")).await;

    let no = "no encrypted connection to `localhost:";
    let stranger = server.authority().stranger().display().to_string();
    let untrusted = good.replace(&server.authority().certificate().display().to_string(), &stranger);
    says(&permanent(&untrusted).await, no);
    says(&permanent(&(untrusted.clone() + "tls.mode = 'verify-ca'")).await, no);
    says(&permanent(&(good.clone() + "tls.server_name = 'another.example'")).await, no);
    sends(server, &(good.clone() + "tls.server_name = 'another.example'\ntls.mode = 'verify-ca'")).await;
    sends(server, &(untrusted + "tls.mode = 'require'")).await;
    let system: String = good.lines().take(1).collect();
    says(&permanent(&system).await, no);
}

#[tokio::test]
async fn the_certificate_must_be_of_a_trusted_authority_and_for_the_host_with_starttls() {
    let Some(server) = launch(Tls::Server, false).await else { return };
    is_verified(&server, "smtp").await;
}

#[tokio::test]
async fn the_certificate_must_be_of_a_trusted_authority_and_for_the_host_with_tls_from_the_first_byte_on() {
    let Some(server) = launch(Tls::Server, true).await else { return };
    is_verified(&server, "smtps").await;
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_permanent() {
    let Some(server) = launch(Tls::Expired, false).await else { return };
    says(&permanent(&trusting(&server, "smtp")).await, "no encrypted connection to `localhost:");
}

#[tokio::test]
async fn a_client_shows_its_certificate_when_the_server_demands_one() {
    for (implicit, scheme) in [(false, "smtp"), (true, "smtps")] {
        let Some(server) = launch(Tls::Mutual, implicit).await else { return };
        let good = trusting(&server, scheme);
        sends(&server, &(good.clone() + &pair(server.authority().client()))).await;
        // It says no by closing the connection, which is no reason that could be told from another.
        for fields in [good.clone(), good + &pair(server.authority().strange_client())] {
            let refused = mail(&(fields + "lifecycle.connect_timeout = '1s'"));
            let error = refused.get::<Mailer>("mail").await.expect_err("it is not let in");
            says(&error, &format!("`localhost:{}`", server.port()));
        }
    }
}

#[tokio::test]
async fn the_server_hears_the_name_that_the_configuration_says() {
    let Some(server) = launch(Tls::Off, false).await else { return };
    sends(&server, &(at(&server) + "hello_name = 'app.example.org'")).await;
    let log = fs::read_to_string(server.folder().join("server.log")).unwrap();
    assert!(log.contains("EHLO app.example.org"), "{log}");
}

#[tokio::test]
async fn two_connections_of_one_server_are_used_at_once() {
    let Some(server) = launch(Tls::Off, false).await else { return };
    let fields = at(&server);
    let both = manager(&format!("[connections.a]\ntype = 'smtp'\n{fields}\n[connections.b]\ntype = 'smtp'\n{fields}"));
    let one = async |name| send(&server, &both.get::<Mailer>(name).await.unwrap()).await;
    let (a, b) = tokio::join!(one("a"), one("b"));
    a.and(b).unwrap();
}

/// A server whose answer to the first `DATA` comes late.
async fn slow_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there are free ports");
    let port = listener.local_addr().expect("it has an address").port();
    let is_slow = Arc::new(AtomicBool::new(true));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&is_slow)));
        }
    });
    port
}

async fn serve(mut stream: TcpStream, is_slow: Arc<AtomicBool>) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut lines = BufReader::new(reader).lines();
    writer.write_all(b"220 hello\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let answer: &[u8] = match line.as_str() {
            "DATA" => {
                if is_slow.swap(false, Ordering::Relaxed) {
                    sleep(LATE).await;
                }
                writer.write_all(b"354 go on\r\n").await?;
                while lines.next_line().await?.is_some_and(|line| line != ".") {}
                b"250 stored\r\n"
            }
            "QUIT" => return writer.write_all(b"221 bye\r\n").await,
            _ => b"250 fine\r\n",
        };
        writer.write_all(answer).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_send_that_was_given_up_half_way_does_not_spoil_the_next_one() {
    let port = slow_server().await;
    let manager = mail(&format!("host = '127.0.0.1'\nport = {port}"));
    let client = manager.get::<Mailer>("mail").await.unwrap();
    assert!(timeout(LATE / 3, client.send(message().1)).await.is_err());
    let answer = timeout(LATE * 10, client.send(message().1)).await.expect("it does not hang").unwrap();
    assert_eq!(answer.message().collect::<Vec<_>>(), ["stored"], "the answer is that of this message");
}

/// So late is the answer of a slow server.
const LATE: Duration = Duration::from_millis(300);
