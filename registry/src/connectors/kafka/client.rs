//! [`KafkaClient`]: a producer, and what consumers are made of.

use std::{fmt, thread, time::Duration};

use rdkafka::{
    ClientConfig,
    consumer::StreamConsumer,
    error::{KafkaError, KafkaResult},
    metadata::Metadata,
    producer::{FutureProducer, Producer},
};
use tokio::{runtime::Handle, sync::watch, task::spawn_blocking, time::Instant};

use super::{
    KafkaContext,
    context::Trouble,
    failure::{of_question, refused},
};
use crate::{
    BoxError,
    connectors::shared::{blocking, failure::Reason},
};

/// The producer of a [`KafkaClient`].
pub type KafkaProducer = FutureProducer<KafkaContext>;

/// A consumer of a [`KafkaClient`].
pub type KafkaConsumer = StreamConsumer<KafkaContext>;

/// A cluster that speaks Kafka's protocol: one producer, which all share, and consumers.
///
/// ```no_run
/// # use connection_registry::{BoxError, ConnectionManager};
/// # async fn example(connections: ConnectionManager) -> Result<(), BoxError> {
/// use connection_registry::connectors::KafkaClient;
///
/// let events = connections.get::<KafkaClient>("events").await?;
/// // With `rdkafka` among the dependencies: events.producer().send(FutureRecord::to("orders").key("1").payload("…"), …)
/// let orders = events.consumer("billing")?;
/// # drop(orders);
/// for topic in events.topics(std::time::Duration::from_secs(5)).await? {
///     println!("{}: {} partitions", topic.name, topic.partitions);
/// }
/// # Ok(()) }
/// ```
pub struct KafkaClient {
    producer: Offloaded,
    context: KafkaContext,
    consumer_config: ClientConfig,
    endpoints: String,
}

/// A topic of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KafkaTopic {
    /// Its name.
    pub name: String,
    /// How many partitions it has.
    pub partitions: usize,
}

impl KafkaClient {
    /// The producer. A clone of it is as good, and keeps its connections open for as long as it lives.
    pub fn producer(&self) -> &KafkaProducer {
        self.producer.get()
    }

    /// A new consumer of the group `group`, with the `options` and `consumer_options` of the connection. Subscribe it to
    /// topics next.
    ///
    /// It is the caller's: it has connections of its own, which are neither checked nor closed with this client. Dropping it
    /// waits for the brokers, so drop it where it may block, as in [`tokio::task::spawn_blocking`].
    ///
    /// # Errors
    ///
    /// When librdkafka refuses the options, or has no threads.
    pub fn consumer(&self, group: &str) -> KafkaResult<KafkaConsumer> {
        let mut config = self.consumer_config.clone();
        config.set("group.id", group).create_with_context(KafkaContext::new())
    }

    /// The topics of the cluster, asked for anew.
    ///
    /// # Errors
    ///
    /// When no broker answers within `patience`.
    ///
    /// # Cancel safety
    ///
    /// The question goes on in the background until it is answered, or `patience` is over.
    pub async fn topics(&self, patience: Duration) -> KafkaResult<Vec<KafkaTopic>> {
        let metadata = self.metadata(patience).await?;
        let topics = metadata.topics().iter();
        Ok(topics
            .map(|topic| KafkaTopic { name: topic.name().to_owned(), partitions: topic.partitions().len() })
            .collect())
    }

    /// Without a connection yet.
    pub(super) async fn open(
        producer: ClientConfig,
        consumer: ClientConfig,
        endpoints: String,
    ) -> Result<Self, BoxError> {
        let context = KafkaContext::new();
        let of_producer = context.clone();
        // It starts threads.
        let made = blocking::run(move || producer.create_with_context(of_producer).map(Offloaded::new)).await?;
        Ok(Self { producer: made.map_err(refused)?, context, consumer_config: consumer, endpoints })
    }

    /// Asks for the topics; gives up as soon as no broker is left to be tried, or one does not know the user.
    pub(super) async fn first_round_trip(&self, patience: Duration) -> Result<(), BoxError> {
        let mut troubles = self.context.troubles();
        tokio::select! {
            answer = self.patient_round_trip(patience) => answer,
            trouble = hopeless(&mut troubles) => Err(self.explain(trouble, Reason::Other)),
        }
    }

    /// Asks again and again, each time for longer, so that not much goes on in the background when it is given up.
    async fn patient_round_trip(&self, patience: Duration) -> Result<(), BoxError> {
        let (end, mut step) = (Instant::now() + patience, SHORTEST_QUESTION);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.metadata(step.min(left)).await {
                Ok(_) => return Ok(()),
                Err(error) if step >= left || !matches!(of_question(&error, patience), Reason::Silent(_)) => {
                    let trouble = self.context.trouble();
                    return Err(self.explain(trouble, of_question(&error, patience)));
                }
                Err(_) => step *= 2,
            }
        }
    }

    /// Asks for the topics.
    pub(super) async fn round_trip(&self, patience: Duration) -> Result<(), BoxError> {
        let troubles = self.context.troubles();
        let answer = self.metadata(patience).await;
        answer.map(drop).map_err(|error| {
            let trouble = troubles.borrow().clone();
            self.explain(trouble, of_question(&error, patience))
        })
    }

    /// Waits until what was sent has arrived, or was given up.
    pub(super) async fn flush(&self) -> Result<(), BoxError> {
        let producer = self.producer().clone();
        blocking::run(move || producer.flush(GOODBYE)).await??;
        Ok(())
    }

    async fn metadata(&self, patience: Duration) -> KafkaResult<Metadata> {
        let producer = self.producer().clone();
        let answer = spawn_blocking(move || producer.client().fetch_metadata(None, patience));
        answer.await.unwrap_or(Err(KafkaError::Canceled))
    }

    fn explain(&self, trouble: Trouble, otherwise: Reason) -> BoxError {
        match trouble.cause {
            Some((reason, words)) => reason.at(&self.endpoints, Some(words.into())),
            None => otherwise.at(&self.endpoints, None),
        }
    }
}

impl fmt::Debug for KafkaClient {
    /// Without the configuration, which has the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaClient").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

/// A producer whose end, which waits for its threads and for the network, blocks nobody.
struct Offloaded(Option<KafkaProducer>);

impl Offloaded {
    fn new(producer: KafkaProducer) -> Self {
        Self(Some(producer))
    }

    fn get(&self) -> &KafkaProducer {
        self.0.as_ref().expect("it is there until the drop")
    }
}

impl Drop for Offloaded {
    fn drop(&mut self) {
        let producer = self.0.take();
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(producer))),
            // Where no thread can be had it ends here.
            Err(_) => drop(thread::Builder::new().name("kafka-goodbye".to_owned()).spawn(move || drop(producer))),
        }
    }
}

/// Waits until nothing can come of a first connection.
async fn hopeless(troubles: &mut watch::Receiver<Trouble>) -> Trouble {
    let is_hopeless = |trouble: &Trouble| {
        trouble.is_everywhere || trouble.cause.as_ref().is_some_and(|(reason, _)| reason.is_permanent())
    };
    match troubles.wait_for(is_hopeless).await {
        Ok(trouble) => trouble.clone(),
        // The client, which has the sender, lives.
        Err(_) => Trouble::default(),
    }
}

/// How long the first question of a connection waits.
const SHORTEST_QUESTION: Duration = Duration::from_secs(1);

/// How long a goodbye waits for what is under way: less than the default `lifecycle.disconnect_timeout` of five seconds.
const GOODBYE: Duration = Duration::from_secs(4);
