//! `mqtt` against Mosquitto.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use connection_registry::{
    BoxError, Conn, ConnectionManager, Error,
    connectors::{Mqtt, MqttClient, MqttError, MqttMessage, MqttQos, MqttSubscription},
    testing::conformance::{Fault, LogCapture, Suite},
};
use connection_registry_tests::{
    manager,
    proof::assert_proven,
    service::{Mosquitto, Service, Tls},
};
use tokio::time::timeout;

/// Every character of it is written otherwise somewhere.
const PASSWORD: &str = "c4nary/P@ss:w?#%ord";
const ENCODED: &str = "c4nary%2FP%40ss%3Aw%3F%23%25ord";

async fn with_login() -> Option<Service> {
    Service::launch(Mosquitto { user: Some(("app".to_owned(), PASSWORD.to_owned())), ..Mosquitto::default() }).await
}

fn toml(name: &str, fields: &str) -> String {
    format!("[connections.{name}]\ntype = 'mqtt'\nlifecycle.connect_timeout = '5s'\n{fields}\n")
}

fn broker(fields: &str) -> ConnectionManager {
    manager(&toml("broker", fields))
}

async fn client(fields: &str) -> Conn<MqttClient> {
    broker(fields).get::<MqttClient>("broker").await.expect("it connects")
}

fn at(server: &Service) -> String {
    format!("host = '127.0.0.1'\nport = {}\n", server.port())
}

async fn next(subscription: &mut MqttSubscription) -> MqttMessage {
    timeout(Duration::from_secs(10), subscription.recv()).await.expect("in time").expect("the client lives")
}

/// The error of a connect that is not tried again.
async fn permanent(fields: &str) -> Error {
    let manager = broker(fields);
    let error = manager.get::<MqttClient>("broker").await.expect_err("it cannot connect");
    assert!(!error.is_retryable(), "{error:?}");
    let told = format!("{error:?} {error} {:?}", manager.status());
    assert!(!told.contains("c4nary"), "{told}");
    error
}

#[track_caller]
fn says(error: &Error, words: &str) {
    assert!(format!("{error:?} {error}").contains(words), "{error:?}");
}

/// Publishes a message and receives it, on a topic of its own.
async fn there_and_back(client: Conn<MqttClient>) -> Result<(), BoxError> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let topic = format!("test/{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut messages = client.subscribe(&topic, MqttQos::AtLeastOnce).await?;
    client.publish(&topic, MqttQos::AtLeastOnce, "hello").await?;
    let message = timeout(Duration::from_secs(5), messages.recv()).await?.ok_or("the client has ended")?;
    if message.payload() == b"hello" { Ok(()) } else { Err("another message".into()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms() {
    let Some(server) = with_login().await else { return };
    LogCapture::install().unwrap();
    let fields = |host: &str, port: u16, password: &str| {
        format!("host = '{host}'\nport = {port}\nuser = 'app'\npassword = '{password}'\n")
    };
    let good = fields("127.0.0.1", server.port(), PASSWORD);
    let report = Suite::<Mqtt>::new(good.clone())
        .with_use(there_and_back)
        .with_peers(move |host, port| fields(host, port, PASSWORD))
        .with_change(good + "keep_alive = '31s'")
        .with_broken("wrong password", fields("127.0.0.1", server.port(), "wrong"), Fault::Permanent)
        .with_server(Arc::new(server))
        .config_dir(std::env::temp_dir())
        .canary(PASSWORD)
        .run()
        .await;
    assert_proven("mqtt", &report);
}

#[tokio::test]
async fn a_password_of_special_characters_is_taken_as_it_is_and_encoded_in_a_url() {
    let Some(server) = with_login().await else { return };
    let field = format!("{}user = 'app'\npassword = '{PASSWORD}'", at(&server));
    let url = format!("url = 'mqtt://app:{ENCODED}@127.0.0.1:{}'", server.port());
    for fields in [field, url] {
        there_and_back(client(&fields).await).await.unwrap();
    }
}

#[tokio::test]
async fn a_wrong_password_and_none_at_all_are_permanent() {
    let Some(server) = with_login().await else { return };
    let at = at(&server);
    let endpoint = format!("`127.0.0.1:{}` does not accept the credentials", server.port());
    for login in
        ["user = 'app'\npassword = 'c4nary-wrong'", "user = 'c4nary'", "user = 'nobody'\npassword = 'c4nary'", ""]
    {
        says(&permanent(&format!("{at}{login}")).await, &endpoint);
    }
}

/// The fields of a connection to `server` that trusts its authority, and copies of its files whose paths are absolute.
fn trusting(server: &Service) -> String {
    format!("url = 'mqtts://localhost:{}'\ntls.ca = '{}'\n", server.port(), server.authority().certificate().display())
}

fn pair((certificate, key): (PathBuf, PathBuf)) -> String {
    format!("tls.certificate = '{}'\ntls.key = '{}'\n", certificate.display(), key.display())
}

#[tokio::test]
async fn the_certificate_of_the_broker_must_be_of_a_trusted_authority_and_for_its_host() {
    let Some(server) = Service::launch(Mosquitto { tls: Tls::Server, ..Mosquitto::default() }).await else { return };
    there_and_back(client(&trusting(&server)).await).await.unwrap();
    let by_address = trusting(&server).replace("localhost", "127.0.0.1");
    there_and_back(client(&by_address).await).await.unwrap();

    let stranger = server.authority().stranger();
    let untrusted = format!("host = 'localhost'\nport = {}\ntls.ca = '{}'", server.port(), stranger.display());
    says(&permanent(&untrusted).await, "no encrypted connection to `localhost:");
    says(&permanent(&(trusting(&server) + "tls.server_name = 'another.example'")).await, "no encrypted connection");
    let system = format!("url = 'mqtts://localhost:{}'", server.port());
    says(&permanent(&system).await, "no encrypted connection");
}

#[tokio::test]
async fn the_name_of_the_certificate_may_be_another_than_that_of_the_host() {
    let Some(server) = Service::launch(Mosquitto { tls: Tls::Server, ..Mosquitto::default() }).await else { return };
    // The certificate is for `localhost` and `127.0.0.1`.
    let fields = trusting(&server).replace("localhost", "127.0.0.2");
    let manager = broker(&fields);
    assert!(manager.get::<MqttClient>("broker").await.is_err(), "nobody listens there, or it is another name");
    let named = trusting(&server).replace("localhost", "127.0.0.1") + "tls.server_name = 'localhost'";
    there_and_back(client(&named).await).await.unwrap();
}

#[tokio::test]
async fn an_expired_certificate_is_permanent() {
    let Some(server) = Service::launch(Mosquitto { tls: Tls::Expired, ..Mosquitto::default() }).await else { return };
    says(&permanent(&trusting(&server)).await, "no encrypted connection");
}

#[tokio::test]
async fn a_client_shows_its_certificate_where_it_must() {
    let Some(server) = Service::launch(Mosquitto { tls: Tls::Mutual, ..Mosquitto::default() }).await else { return };
    let trusting = trusting(&server);
    there_and_back(client(&(trusting.clone() + &pair(server.authority().client()))).await).await.unwrap();
    let strange = trusting.clone() + &pair(server.authority().strange_client());
    says(&permanent(&strange).await, "no encrypted connection");
    says(&permanent(&trusting).await, "no encrypted connection");
}

#[tokio::test]
async fn a_certificate_that_cannot_be_read_is_permanent_and_named() {
    let Some(server) = Service::launch(Mosquitto::default()).await else { return };
    says(&permanent(&(at(&server) + "tls.ca = 'no-such.pem'")).await, "no-such.pem");
}

#[tokio::test]
async fn the_broker_sees_the_id_of_the_client() {
    let Some(server) = Service::launch(Mosquitto::default()).await else { return };
    let _named = client(&(at(&server) + "client_id = 'collector-1'")).await;
    let _unnamed = client(&at(&server)).await;
    let log = fs::read_to_string(server.folder().join("server.log")).unwrap();
    assert!(log.contains("as collector-1 (") && log.contains("as broker-"), "{log}");
}

#[tokio::test]
async fn the_last_will_is_published_when_the_client_dies_and_not_when_it_says_goodbye() {
    let Some(server) = Service::launch(Mosquitto::default()).await else { return };
    let with_will =
        |payload: &str| format!("{}last_will = {{ topic = 'wills', payload = '{payload}', qos = 1 }}", at(&server));
    let heir = client(&at(&server)).await;
    let mut wills = heir.subscribe("wills", MqttQos::AtLeastOnce).await.unwrap();

    let polite = broker(&with_will("goodbye was said"));
    drop(polite.get::<MqttClient>("broker").await.unwrap());
    polite.disconnect_all().await.unwrap();
    let rude = broker(&with_will("it died"));
    drop(rude.get::<MqttClient>("broker").await.unwrap());
    drop(rude);
    assert_eq!(next(&mut wills).await.payload(), b"it died");
}

#[tokio::test]
async fn what_is_retained_comes_to_those_who_subscribe_later() {
    let Some(server) = Service::launch(Mosquitto::default()).await else { return };
    let client = client(&at(&server)).await;
    client.publish_retained("state", MqttQos::ExactlyOnce, "on").await.unwrap();
    let message = next(&mut client.subscribe("state", MqttQos::ExactlyOnce).await.unwrap()).await;
    assert_eq!((message.topic(), message.payload(), message.is_retained()), ("state", &b"on"[..], true));
    assert_eq!(message.qos(), MqttQos::ExactlyOnce);
}

#[tokio::test]
async fn what_is_unsubscribed_from_comes_no_more() {
    let Some(server) = Service::launch(Mosquitto::default()).await else { return };
    let client = client(&at(&server)).await;
    let mut all = client.subscribe("a/#", MqttQos::AtLeastOnce).await.unwrap();
    let again = client.subscribe("a/#", MqttQos::AtLeastOnce).await.unwrap();
    drop(again);
    client.publish("a/b", MqttQos::AtLeastOnce, "1").await.unwrap();
    assert_eq!(next(&mut all).await.payload(), b"1");
    drop(all);
    let log = || fs::read_to_string(server.folder().join("server.log")).unwrap();
    client.publish("a/b", MqttQos::AtLeastOnce, "2").await.unwrap();
    let mut other = client.subscribe("a/b", MqttQos::AtLeastOnce).await.unwrap();
    client.publish("a/b", MqttQos::AtLeastOnce, "3").await.unwrap();
    assert_eq!(next(&mut other).await.payload(), b"3", "{}", log());
}

#[tokio::test]
async fn a_request_that_cannot_be_is_refused_and_the_connection_goes_on() {
    let Some(server) = Service::launch(Mosquitto::default()).await else { return };
    let client = client(&(at(&server) + "max_packet_size = 1000")).await;
    let publish = |topic: &'static str, bytes: usize| client.publish(topic, MqttQos::AtLeastOnce, vec![0; bytes]);
    for topic in ["", "a/#", "a/+/b"] {
        assert_eq!(publish(topic, 1).await, Err(MqttError::InvalidTopic), "{topic}");
    }
    assert_eq!(publish("a", 1000).await, Err(MqttError::TooLarge));
    assert_eq!(publish("a", 900).await, Ok(()));
    assert_eq!(client.subscribe("a/#/b", MqttQos::AtMostOnce).await.unwrap_err(), MqttError::InvalidTopic);
    assert!(client.is_connected());
    there_and_back(client).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_lives_on_when_the_broker_dies_and_returns() {
    let Some(server) = Service::launch(Mosquitto::default()).await else { return };
    let client = client(&(at(&server) + "request_timeout = '20s'")).await;
    let mut messages = client.subscribe("news", MqttQos::AtLeastOnce).await.unwrap();
    server.kill().await.unwrap();
    let waiting = {
        let client = client.clone();
        tokio::spawn(async move {
            let mut failed = 0;
            while client.publish("news", MqttQos::AtLeastOnce, "hello").await.is_err() {
                failed += 1;
            }
            failed
        })
    };
    server.start().await.unwrap();
    assert!(waiting.await.unwrap() <= 1, "one may be under way when the connection is lost");
    assert_eq!(next(&mut messages).await.payload(), b"hello");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_subscriptions_come_back() {
    let Some(server) = Service::launch(Mosquitto::default()).await else { return };
    let client = client(&(at(&server) + "request_timeout = '20s'")).await;
    let mut all = Vec::new();
    for number in 0..20 {
        all.push(client.subscribe(&format!("many/{number}"), MqttQos::AtLeastOnce).await.unwrap());
    }
    server.kill().await.unwrap();
    let lost = async {
        while client.is_connected() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), lost).await.expect("it is noticed");
    server.start().await.unwrap();
    for number in 0..20 {
        client.publish(&format!("many/{number}"), MqttQos::AtLeastOnce, "again").await.unwrap();
    }
    for messages in &mut all {
        assert_eq!(next(messages).await.payload(), b"again");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_waits_for_the_connection_and_no_longer_than_it_may() {
    let Some(server) = Service::launch(Mosquitto::default()).await else { return };
    let client = client(&(at(&server) + "request_timeout = '300ms'")).await;
    server.freeze().await.unwrap();
    let late = client.publish("a", MqttQos::AtLeastOnce, "x").await;
    assert_eq!(late, Err(MqttError::Timeout(Duration::from_millis(300))));
    server.kill().await.unwrap();
    let mut down = Ok(());
    while !matches!(down, Err(MqttError::NotConnected(_))) {
        down = client.publish("a", MqttQos::AtLeastOnce, "x").await;
    }
    assert!(!client.is_connected());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_silent_counts_as_gone_though_something_is_sent_to_it_all_the_time() {
    let Some(server) = Service::launch(Mosquitto::default()).await else { return };
    let client = client(&(at(&server) + "keep_alive = '1s'")).await;
    server.freeze().await.unwrap();
    let noticed = async {
        while client.is_connected() {
            let _ = client.publish("a", MqttQos::AtMostOnce, "x").await;
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(8), noticed).await.expect("it is noticed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_session_brings_what_came_while_the_client_was_away() {
    let Some(server) = Service::launch(Mosquitto::default()).await else { return };
    let fields = at(&server) + "client_id = 'keeper'\nclean_session = false";
    let manager = broker(&fields);
    let keeper = manager.get::<MqttClient>("broker").await.unwrap();
    let ended = keeper.subscribe("returns", MqttQos::AtLeastOnce).await.unwrap();
    ended.unsubscribe().await.unwrap();
    drop(keeper.subscribe("orders", MqttQos::AtLeastOnce).await.unwrap());
    drop(keeper);
    manager.disconnect_all().await.unwrap();
    let other = client(&at(&server)).await;
    for order in ["1", "2", "3"] {
        other.publish("returns", MqttQos::AtLeastOnce, order).await.unwrap();
        other.publish("orders", MqttQos::AtLeastOnce, order).await.unwrap();
    }
    let keeper = client(&fields).await;
    let mut orders = keeper.subscribe("orders", MqttQos::AtLeastOnce).await.unwrap();
    let mut all = keeper.subscribe("#", MqttQos::AtLeastOnce).await.unwrap();
    for order in ["1", "2", "3"] {
        assert_eq!(next(&mut orders).await.payload(), order.as_bytes());
    }
    other.publish("last", MqttQos::AtLeastOnce, "").await.unwrap();
    assert_eq!(next(&mut all).await.topic(), "last", "nothing of `returns` was kept");
}

#[tokio::test]
async fn two_connections_to_one_broker_do_not_disturb_each_other() {
    let Some(server) = Service::launch(Mosquitto::default()).await else { return };
    let manager = manager(&(toml("one", &at(&server)) + &toml("other", &at(&server))));
    let (one, other) = tokio::join!(manager.get::<MqttClient>("one"), manager.get::<MqttClient>("other"));
    let (one, other) = (one.unwrap(), other.unwrap());
    let mut messages = one.subscribe("a", MqttQos::AtLeastOnce).await.unwrap();
    other.publish("a", MqttQos::AtLeastOnce, "from the other").await.unwrap();
    assert_eq!(next(&mut messages).await.payload(), b"from the other");
    assert!(one.is_connected() && other.is_connected());
}

#[tokio::test]
async fn a_client_that_was_disconnected_says_so_and_ends_its_subscriptions() {
    let Some(server) = Service::launch(Mosquitto::default()).await else { return };
    let manager = broker(&(at(&server) + "lifecycle.drain_timeout = '10ms'"));
    let client = manager.get::<MqttClient>("broker").await.unwrap();
    let mut messages = client.subscribe("a", MqttQos::AtLeastOnce).await.unwrap();
    let _ = manager.disconnect_all().await;
    assert!(!client.is_connected());
    assert!(messages.recv().await.is_none());
    assert_eq!(client.publish("a", MqttQos::AtLeastOnce, "x").await, Err(MqttError::Closed));
}
