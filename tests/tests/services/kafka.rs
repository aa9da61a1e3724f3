//! `kafka` against Tansu.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use connection_registry::{
    BoxError, Conn, ConnectionManager,
    connectors::{Kafka, KafkaClient},
    testing::conformance::{LogCapture, Suite},
};
use connection_registry_tests::{
    manager,
    service::{Kafka as Broker, Service},
};
use rdkafka::{
    Message,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    config::ClientConfig,
    consumer::Consumer,
    producer::FutureRecord,
};
use tokio::time::timeout;

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
    writeln!(io::stdout(), "{report}").unwrap();
    report.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_produced_is_consumed_by_a_group() {
    let Some(server) = Service::launch(Broker).await else { return };
    let topic = topic(&server).await;
    let fields = at(&server) + "consumer_options = { 'auto.offset.reset' = 'earliest' }";
    let client = events(&fields).get::<KafkaClient>("events").await.unwrap();
    let record = FutureRecord::to(&topic).key("1").payload("hello");
    client.producer().send(record, Duration::from_secs(5)).await.unwrap();
    let topics = client.topics(Duration::from_secs(5)).await.unwrap();
    assert!(topics.iter().any(|found| found.name == topic && found.partitions == 1), "{topics:?}");

    let consumer = client.consumer("group").unwrap();
    consumer.subscribe(&[&topic]).unwrap();
    let message = timeout(Duration::from_secs(20), consumer.recv()).await.expect("in time").unwrap();
    assert_eq!(message.payload(), Some(&b"hello"[..]));
    drop(message);
    tokio::task::spawn_blocking(move || drop(consumer)).await.unwrap();
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
