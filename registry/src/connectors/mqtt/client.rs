//! [`MqttClient`]: what an application publishes and subscribes by.

use std::{
    fmt,
    future::Future,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, PublishOptions};
use tokio::{
    sync::{Mutex, watch},
    task::JoinSet,
    time::timeout,
};

use super::{
    MqttError, MqttMessage, MqttQos,
    driver::{Driver, Link, PROBE},
    failure, options,
    routes::{Outlet, Routes},
};
use crate::{
    BoxError,
    connectors::shared::{
        failure::{Reason, settings},
        patience::within,
    },
};

/// A connection to a broker of MQTT 3.1.1, which dials again by itself.
///
/// A task of its own drives it, and ends with it.
///
/// ```no_run
/// # use connection_registry::{BoxError, ConnectionManager};
/// # async fn example(connections: ConnectionManager) -> Result<(), BoxError> {
/// use connection_registry::connectors::{MqttClient, MqttQos};
///
/// let sensors = connections.get::<MqttClient>("sensors").await?;
/// let mut readings = sensors.subscribe("plant/+/temperature", MqttQos::AtLeastOnce).await?;
/// sensors.publish("plant/1/temperature", MqttQos::AtLeastOnce, "21.5").await?;
/// while let Some(message) = readings.recv().await {
///     println!("{}: {} bytes", message.topic(), message.payload().len());
/// }
/// # Ok(()) }
/// ```
pub struct MqttClient {
    requests: AsyncClient,
    routes: Arc<Routes>,
    link: watch::Receiver<Link>,
    limits: Limits,
    endpoint: String,
    driver: Mutex<JoinSet<()>>,
}

/// What a client may do, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) request: Duration,
    pub(super) most_bytes: usize,
    pub(super) buffer: usize,
    pub(super) keeps_session: bool,
}

impl Limits {
    async fn in_time<T>(self, answer: impl Future<Output = Result<T, MqttError>>) -> Result<T, MqttError> {
        timeout(self.request, answer).await.unwrap_or(Err(MqttError::Timeout(self.request)))
    }
}

impl MqttClient {
    /// Publishes a message, and waits until it has arrived as `qos` has it: given to the network for
    /// [`MqttQos::AtMostOnce`], acknowledged by the broker for the others.
    ///
    /// While there is no connection it waits for one, for as long as `request_timeout`; nothing is kept for later.
    /// The broker acknowledges also what the user may not publish, and drops it: MQTT 3.1.1 has no other answer.
    ///
    /// # Errors
    ///
    /// [`MqttError`] tells whether the message may have arrived. It is not sent again by itself, unless the broker has kept
    /// the session.
    ///
    /// # Cancel safety
    ///
    /// The message may arrive all the same.
    pub async fn publish(&self, topic: &str, qos: MqttQos, payload: impl Into<Vec<u8>>) -> Result<(), MqttError> {
        self.publish_with(topic, PublishOptions::new(qos.into()), payload.into()).await
    }

    /// The same as [`publish`](Self::publish) of a message that the broker keeps for those who subscribe later. An empty one
    /// takes the place of the last, and is not kept itself.
    ///
    /// # Errors
    ///
    /// As for [`publish`](Self::publish).
    ///
    /// # Cancel safety
    ///
    /// The message may arrive all the same.
    pub async fn publish_retained(
        &self,
        topic: &str,
        qos: MqttQos,
        payload: impl Into<Vec<u8>>,
    ) -> Result<(), MqttError> {
        self.publish_with(topic, PublishOptions::new(qos.into()).retained(), payload.into()).await
    }

    /// Subscribes to a filter, which may have the wildcards `+` and `#`, and waits until the broker has agreed.
    ///
    /// It is subscribed to again after each loss of the connection. What is published meanwhile is lost, unless the broker
    /// keeps the session (`clean_session = false`). Each subscription has a buffer of its own; see
    /// [`MqttSubscription::missed`]. For two filters that overlap a broker may send a message twice, and then both
    /// subscriptions get it twice.
    ///
    /// # Errors
    ///
    /// [`MqttError::Refused`] when the broker does not allow it; nothing is subscribed to after any error.
    ///
    /// # Cancel safety
    ///
    /// The subscription is taken back.
    pub async fn subscribe(&self, filter: &str, qos: MqttQos) -> Result<MqttSubscription, MqttError> {
        self.connected().await?;
        let outlet = self.routes.add(filter, qos.into());
        let (requests, routes) = (self.requests.clone(), Arc::clone(&self.routes));
        let limits = self.limits;
        let subscription = MqttSubscription { filter: filter.to_owned(), outlet, requests, routes, limits };
        let answer =
            async { Ok(self.requests.subscribe_tracked(filter, qos.into()).await?.wait_completion_async().await?) };
        self.limits.in_time(answer).await?;
        Ok(subscription)
    }

    /// Whether there is a connection to the broker, as far as is known.
    pub fn is_connected(&self) -> bool {
        // Without a sender the driver has ended.
        self.link.has_changed().is_ok() && self.link.borrow().is_up()
    }

    /// Connects, and waits until the broker has said yes.
    pub(super) async fn open(
        options: MqttOptions,
        limits: Limits,
        endpoint: &str,
        patience: Duration,
    ) -> Result<Self, BoxError> {
        let (requests, mut events) = AsyncClient::builder(options).capacity(QUEUE).try_build().map_err(settings)?;
        connect(&mut events, endpoint, patience).await?;
        let routes = Arc::new(Routes::new(limits.buffer, limits.keeps_session));
        let (driver, link) = Driver::new(events, requests.clone(), Arc::clone(&routes));
        let mut task = JoinSet::new();
        task.spawn(driver.run());
        Ok(Self { requests, routes, link, limits, endpoint: endpoint.to_owned(), driver: Mutex::new(task) })
    }

    /// Asks the broker something that it has to answer.
    pub(super) async fn round_trip(&self, patience: Duration) -> Result<(), BoxError> {
        if let Some(failure) = self.link.borrow().failure(&self.endpoint) {
            return Err(failure);
        }
        let answer = async {
            let answer = self.requests.unsubscribe_tracked(PROBE).await.map_err(MqttError::from)?.wait_async().await;
            answer.map(drop).map_err(|error| Reason::HungUp.at(&self.endpoint, Some(error.into())))
        };
        within(patience, &self.endpoint, answer).await
    }

    /// Says goodbye, if there is somebody to hear it, and ends the driver.
    pub(super) async fn close(&self) {
        let mut driver = self.driver.lock().await;
        if self.is_connected() && self.requests.try_disconnect_with_timeout(GOODBYE).is_ok() {
            // One that does not end by itself is ended below.
            let _ = timeout(GOODBYE * 2, driver.join_next()).await;
        }
        driver.shutdown().await;
    }

    async fn publish_with(&self, topic: &str, options: PublishOptions, payload: Vec<u8>) -> Result<(), MqttError> {
        // The driver gives up the connection for either.
        if !options::is_topic(topic) {
            return Err(MqttError::InvalidTopic);
        }
        if payload.len() + topic.len() + MOST_BYTES_OF_A_HEADER > self.limits.most_bytes {
            return Err(MqttError::TooLarge);
        }
        self.connected().await?;
        let answer = async {
            let answer = self.requests.publish_tracked(topic, payload, options).await?;
            Ok(answer.wait_async().await.map(drop)?)
        };
        self.limits.in_time(answer).await
    }

    /// Waits for a connection.
    async fn connected(&self) -> Result<(), MqttError> {
        let mut link = self.link.clone();
        match timeout(self.limits.request, link.wait_for(Link::is_up)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(MqttError::Closed),
            Err(_) => Err(MqttError::NotConnected(self.limits.request)),
        }
    }
}

impl fmt::Debug for MqttClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MqttClient")
            .field("endpoint", &self.endpoint)
            .field("is_connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}

/// What comes in for a filter, until this is dropped: then the filter is unsubscribed from, unless another subscription of
/// the same client has it.
///
/// Where the broker keeps the session (`clean_session = false`), a drop leaves the filter subscribed to, so that the broker
/// collects messages while the application is away; [`unsubscribe`](Self::unsubscribe) ends it.
pub struct MqttSubscription {
    filter: String,
    outlet: Outlet,
    requests: AsyncClient,
    routes: Arc<Routes>,
    limits: Limits,
}

impl MqttSubscription {
    /// The next message; `None` once the client was disconnected or dropped.
    ///
    /// # Cancel safety
    ///
    /// No message is lost.
    pub async fn recv(&mut self) -> Option<MqttMessage> {
        self.outlet.messages.recv().await
    }

    /// Ends the subscription, and waits until the broker has agreed, unless another one of the same client has the filter.
    ///
    /// # Errors
    ///
    /// [`MqttError`], when the broker did not answer. Nothing more comes in all the same.
    ///
    /// # Cancel safety
    ///
    /// The broker may go on to send what is dropped then.
    pub async fn unsubscribe(self) -> Result<(), MqttError> {
        if !self.routes.remove(self.outlet.id) {
            return Ok(());
        }
        let answer = async {
            let answer = self.requests.unsubscribe_tracked(self.filter.as_str()).await?;
            Ok(answer.wait_async().await.map(drop)?)
        };
        self.limits.in_time(answer).await
    }

    /// What was subscribed to.
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// How many messages came while the buffer was full, and were dropped. The broker counts them as delivered. Messages
    /// that wait are given all the same: the newest are dropped, not the oldest.
    pub fn missed(&self) -> u64 {
        self.outlet.missed.load(Ordering::Relaxed)
    }
}

impl Drop for MqttSubscription {
    fn drop(&mut self) {
        if self.routes.remove(self.outlet.id) && !self.limits.keeps_session {
            // When it cannot be sent now, messages that nobody wants come until the next connection.
            let _ = self.requests.try_unsubscribe(self.filter.as_str());
        }
    }
}

impl fmt::Debug for MqttSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MqttSubscription")
            .field("filter", &self.filter)
            .field("missed", &self.missed())
            .finish_non_exhaustive()
    }
}

/// Until the broker has said yes.
async fn connect(events: &mut EventLoop, endpoint: &str, patience: Duration) -> Result<(), BoxError> {
    // Counted in whole seconds; the caller's patience ends earlier.
    events.network_options.set_connection_timeout(patience.as_secs() + 1);
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(failure::reason(&error, patience).at(endpoint, Some(error.into()))),
        }
    }
}

/// How many requests wait for the network.
const QUEUE: usize = 64;
/// How long a goodbye waits for what is under way.
const GOODBYE: Duration = Duration::from_secs(1);
/// Of a message: the kind, the length, that of the topic, and the number.
const MOST_BYTES_OF_A_HEADER: usize = 1 + 4 + 2 + 2;
