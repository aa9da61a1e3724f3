//! `kafka` against Tansu.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use connection_registry::{
    BoxError, Conn, ConnectionManager,
    connectors::{Kafka, KafkaClient, KafkaConsumer},
    testing::conformance::{LogCapture, Suite},
};
use connection_registry_tests::{
    manager,
    proof::assert_proven,
    service::{Kafka as Broker, Service},
};
use rdkafka::{
    Message, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    config::ClientConfig,
    consumer::Consumer,
    mocking::MockCluster,
    producer::FutureRecord,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::timeout,
};

fn toml(fields: &str) -> String {
    format!("[connections.events]\ntype = 'kafka'\nlifecycle.connect_timeout = '5s'\n{fields}\n")
}

fn events(fields: &str) -> ConnectionManager {
    manager(&toml(fields))
}

fn at(server: &Service) -> String {
    format!("brokers = ['127.0.0.1:{}']\n", server.port())
}

/// A topic of its own.
async fn topic(server: &Service) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("topic-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", server.address().to_string());
    let admin: AdminClient<DefaultClientContext> = config.create().expect("the options are good");
    let new = NewTopic::new(&name, 1, TopicReplication::Fixed(1));
    let made = admin.create_topics([&new], &AdminOptions::new()).await.expect("the broker answers");
    assert_eq!(made, [Ok(name.clone())]);
    name
}

/// A question that every broker answers.
async fn ask(client: Conn<KafkaClient>) -> Result<(), BoxError> {
    client.topics(Duration::from_secs(5)).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conforms() {
    let Some(server) = Service::launch(Broker).await else { return };
    LogCapture::install().unwrap();
    let fields = |host: &str, port: u16| format!("brokers = ['{host}:{port}']\n");
    let good = fields("127.0.0.1", server.port());
    let login = "user = 'app'\npassword = 'c4nary/P@ss?#%'\n";
    let report = Suite::<Kafka>::new(good.clone())
        .with_use(ask)
        .with_peers(move |host, port| fields(host, port) + login)
        .with_change(good + "delivery_timeout = '20s'")
        .with_server(Arc::new(server))
        .config_dir(std::env::temp_dir())
        .canary("c4nary/P@ss?#%")
        .run()
        .await;
    assert_proven("kafka", &report);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_produced_is_consumed() {
    let Some(server) = Service::launch(Broker).await else { return };
    let topic = topic(&server).await;
    let client = events(&at(&server)).get::<KafkaClient>("events").await.unwrap();
    produce(&client, &topic).await;
    let topics = client.topics(Duration::from_secs(5)).await.unwrap();
    assert!(topics.iter().any(|found| found.name == topic && found.partitions == 1), "{topics:?}");

    let consumer = client.consumer("group").unwrap();
    let mut first = TopicPartitionList::new();
    first.add_partition_offset(&topic, 0, Offset::Beginning).unwrap();
    consumer.assign(&first).unwrap();
    is_consumed(consumer).await;
}

/// Tansu, with its data in memory, let nobody join a group within 20 s: this is the broker of librdkafka's own tests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_consumes_what_is_produced_with_the_options_of_consumers() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic("orders", 1, 1).unwrap();
    let fields = format!(
        "brokers = ['{}']\nconsumer_options = {{ 'auto.offset.reset' = 'earliest' }}",
        cluster.bootstrap_servers()
    );
    let manager = events(&fields);
    let client = manager.get::<KafkaClient>("events").await.unwrap();
    produce(&client, "orders").await;
    let consumer = client.consumer("billing").unwrap();
    consumer.subscribe(&["orders"]).unwrap();
    is_consumed(consumer).await;
}

async fn produce(client: &KafkaClient, topic: &str) {
    let record = FutureRecord::to(topic).key("1").payload("hello");
    client.producer().send(record, Duration::from_secs(5)).await.expect("it is delivered");
}

async fn is_consumed(consumer: KafkaConsumer) {
    let message = timeout(Duration::from_secs(30), consumer.recv()).await.expect("in time").expect("it is a message");
    assert_eq!(message.payload(), Some(&b"hello"[..]));
    drop(message);
    tokio::task::spawn_blocking(move || drop(consumer)).await.expect("it ends");
}

#[tokio::test]
async fn a_message_to_a_dead_broker_is_given_up_in_time() {
    let Some(server) = Service::launch(Broker).await else { return };
    let topic = topic(&server).await;
    let client = events(&(at(&server) + "delivery_timeout = '500ms'")).get::<KafkaClient>("events").await.unwrap();
    server.kill().await.unwrap();
    let record = FutureRecord::to(&topic).key("1").payload("hello");
    let sent = timeout(Duration::from_secs(5), client.producer().send(record, Duration::ZERO)).await;
    assert!(sent.expect("it is given up").is_err());
}

#[tokio::test]
async fn one_broker_of_the_list_is_enough() {
    let Some(server) = Service::launch(Broker).await else { return };
    let fields = format!("brokers = ['127.0.0.1:1', '127.0.0.1:{}']", server.port());
    ask(events(&fields).get::<KafkaClient>("events").await.unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_is_permanent_and_goes_to_the_broker_as_it_is() {
    let (address, seen) = broker_that_knows_nobody().await;
    let fields = format!("brokers = ['{address}']\nuser = 'app'\npassword = 'c4nary/P@ss?#%'");
    let manager = events(&fields);
    let error = manager.get::<KafkaClient>("events").await.unwrap_err();
    let told = format!("{error:?} {error} {:?}", manager.status());
    assert!(!error.is_retryable() && told.contains(&format!("`{address}` does not accept the credentials")), "{told}");
    assert!(!told.contains("c4nary"), "{told}");
    assert_eq!(seen.await.unwrap(), b"\0app\0c4nary/P@ss?#%");
}

/// What a broker of Kafka's protocol says to whom it does not know; Tansu asks nobody. Gives also what the first client has
/// shown.
async fn broker_that_knows_nobody() -> (SocketAddr, oneshot::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let address = listener.local_addr().expect("it is bound");
    let (sender, seen) = oneshot::channel();
    tokio::spawn(async move {
        let mut sender = Some(sender);
        while let Ok((mut stream, _)) = listener.accept().await {
            // A client that goes away in the middle of it comes again.
            if let Ok(shown) = refuse(&mut stream).await
                && let Some(sender) = sender.take()
            {
                sender.send(shown).ok();
            }
        }
    });
    (address, seen)
}

/// Up to the refusal; gives what was shown.
async fn refuse(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    loop {
        let length = stream.read_u32().await?;
        let mut request = vec![0; length as usize];
        stream.read_exact(&mut request).await?;
        let number = &request[4..8];
        let answer = match request[1] {
            API_VERSIONS => VERSIONS,
            SASL_HANDSHAKE => b"\0\0\0\0\0\x01\0\x05PLAIN",
            // SASL_AUTHENTICATION_FAILED, a text, and no bytes.
            _ => b"\0\x3a\0\x02no\0\0\0\0",
        };
        stream.write_u32((number.len() + answer.len()) as u32).await?;
        stream.write_all(number).await?;
        stream.write_all(answer).await?;
        if ![API_VERSIONS, SASL_HANDSHAKE].contains(&request[1]) {
            return Ok(request.split_off(after_header(&request)));
        }
    }
}

/// Behind kind, version, number, the name of the client, and the length of what follows.
fn after_header(request: &[u8]) -> usize {
    10 + usize::from(u16::from_be_bytes([request[8], request[9]])) + 4
}

const API_VERSIONS: u8 = 18;
const SASL_HANDSHAKE: u8 = 17;
/// In version 3: the kinds 3, 17, 18 and 36, each with its lowest and highest version.
const VERSIONS: &[u8] = b"\0\0\x05\0\x03\0\0\0\x01\0\0\x11\0\0\0\x01\0\0\x12\0\0\0\x03\0\0\x24\0\0\0\0\0\0\0\0\0\0";
