//! What carries messages.

use std::time::Duration;

use async_nats::{Client, ConnectOptions, RequestErrorKind, jetstream};
use connection_registry::{
    BoxError,
    connectors::{AmqpConnection, MqttClient, MqttQos},
};
use connection_registry_tests::service::{Mosquitto, Nats, RabbitMq, Service};
use lapin::{Connection, ConnectionProperties};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, PublishOptions, QoS};
use tokio::task::JoinSet;

use crate::{
    measure::{Bench, NAME, compare, declared},
    table::{Answered, Measured},
};

/// The bare client dials, and its handshake ends with an answer. The query is a request to a subject that nobody listens to,
/// which the server says at once.
pub(crate) async fn nats(bench: &Bench) -> Measured {
    let Some(server) = Service::launch(Nats::default()).await else { return Ok(None) };
    let toml = declared("nats", &format!("host = '127.0.0.1'\nport = {}", server.port()));
    let request = async |client: &Client| -> Answered {
        match client.request("nobody", "hello".into()).await {
            Err(error) if error.kind() == RequestErrorKind::NoResponders => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => Err("somebody listens".into()),
        }
    };
    compare(bench, &toml, async || dial(&server).await, &request, async |bare| request(bare).await).await.map(Some)
}

/// Both make the connection below as well, and ask once for the figures of the account; so does the query.
pub(crate) async fn nats_jetstream(bench: &Bench) -> Measured {
    let Some(server) = Service::launch(Nats::default()).await else { return Ok(None) };
    let below = format!("[connections.bus]\ntype = 'nats'\nhost = '127.0.0.1'\nport = {}\n", server.port());
    let toml = below + &declared("nats-jetstream", "nats = 'bus'");
    let ask = async |context: &jetstream::Context| -> Answered {
        context.query_account().await?;
        Ok(())
    };
    let connect = async || -> Result<_, BoxError> {
        let context = jetstream::new(dial(&server).await?);
        ask(&context).await?;
        Ok(context)
    };
    compare(bench, &toml, connect, &ask, async |bare| ask(bare).await).await.map(Some)
}

async fn dial(server: &Service) -> Result<Client, BoxError> {
    let options = ConnectOptions::new().name(NAME).request_timeout(Some(Duration::from_secs(10)));
    Ok(options.connect(server.address().to_string()).await?)
}

/// The bare client dials, and is let in. The query opens a channel and closes it.
pub(crate) async fn amqp(bench: &Bench) -> Measured {
    let Some(server) = Service::launch(RabbitMq::default()).await else { return Ok(None) };
    let url = format!("amqp://app:secret@{}/%2F", server.address());
    let connect =
        async || -> Result<_, BoxError> { Ok(Connection::connect(&url, ConnectionProperties::default()).await?) };
    let channel = async |connection: &Connection| -> Answered {
        connection.create_channel().await?.close(200, "OK".into()).await?;
        Ok(())
    };
    let ours = async |ours: &AmqpConnection| -> Answered { channel(ours).await };
    let toml = declared("amqp", &format!("url = '{url}'"));
    compare(bench, &toml, connect, ours, async |bare| channel(bare).await).await.map(Some)
}

/// The bare client dials, and is let in; a task drives it. The query is a message of quality 1, until the broker has it.
pub(crate) async fn mqtt(bench: &Bench) -> Measured {
    let Some(server) = Service::launch(Mosquitto::default()).await else { return Ok(None) };
    let toml = declared("mqtt", &format!("host = '127.0.0.1'\nport = {}", server.port()));
    let ours = async |client: &MqttClient| -> Answered {
        Ok(client.publish("greeting", MqttQos::AtLeastOnce, "hello").await?)
    };
    let bare = async |client: &mut (AsyncClient, JoinSet<()>)| -> Answered {
        let options = PublishOptions::new(QoS::AtLeastOnce);
        client.0.publish_tracked("greeting", "hello", options).await?.wait_async().await?;
        Ok(())
    };
    compare(bench, &toml, async || bare_mqtt(server.port()).await, ours, bare).await.map(Some)
}

/// The task ends with its set.
async fn bare_mqtt(port: u16) -> Result<(AsyncClient, JoinSet<()>), BoxError> {
    let name = format!("bare-{:x}", std::time::SystemTime::UNIX_EPOCH.elapsed()?.as_nanos());
    let mut options = MqttOptions::new(name, ("127.0.0.1".to_owned(), port));
    options.set_keep_alive(30);
    let (client, mut events) = AsyncClient::builder(options).capacity(64).build();
    while !matches!(events.poll().await?, Event::Incoming(Packet::ConnAck(_))) {}
    let mut task = JoinSet::new();
    task.spawn(async move { while events.poll().await.is_ok() {} });
    Ok((client, task))
}

/// The bare producer is made, which dials in the background, and asks once for the topics; so does the query.
#[cfg(feature = "kafka")]
pub(crate) async fn kafka(bench: &Bench) -> Measured {
    use connection_registry::connectors::KafkaClient;
    use connection_registry_tests::service::Kafka;
    use rdkafka::{
        ClientConfig,
        producer::{FutureProducer, Producer},
    };

    let Some(server) = Service::launch(Kafka).await else { return Ok(None) };
    let patience = Duration::from_secs(5);
    let topics = async |producer: &FutureProducer| -> Answered {
        let producer = producer.clone();
        tokio::task::spawn_blocking(move || producer.client().fetch_metadata(None, patience).map(drop)).await??;
        Ok(())
    };
    let connect = async || -> Result<_, BoxError> {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", server.address().to_string()).set("client.id", NAME);
        let producer: FutureProducer = config.create()?;
        topics(&producer).await?;
        Ok(producer)
    };
    let ours = async |client: &KafkaClient| -> Answered {
        client.topics(patience).await?;
        Ok(())
    };
    let toml = declared("kafka", &format!("brokers = ['{}']", server.address()));
    compare(bench, &toml, connect, ours, async |bare| topics(bare).await).await.map(Some)
}
