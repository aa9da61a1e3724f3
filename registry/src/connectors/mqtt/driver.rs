//! [`Driver`]: the task that moves what a client sends and receives, and dials again.

use std::{pin::pin, sync::Arc, time::Duration};

use rumqttc::{AsyncClient, ConnectionError, Event, EventLoop, Packet, QoS, SubscribeFilterInput, SubscribeReasonCode};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, Interval, MissedTickBehavior, interval, sleep, timeout},
};

use super::{failure, routes::Routes};
use crate::{BoxError, connectors::shared::failure::Reason};

/// What is known of the connection to the broker.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// Counts the connections, so that what belongs to an old one says nothing of a new one.
    number: u64,
    down: Option<Arc<Loss>>,
}

/// Why there is no connection.
#[derive(Debug)]
struct Loss {
    reason: Reason,
    words: String,
}

impl Link {
    pub(super) fn is_up(&self) -> bool {
        self.down.is_none()
    }

    /// Why there is no connection to `endpoint`.
    pub(super) fn failure(&self, endpoint: &str) -> Option<BoxError> {
        self.down.as_ref().map(|loss| loss.reason.at(endpoint, Some(loss.words.clone().into())))
    }
}

/// Why a connection ends.
enum End {
    Driver(ConnectionError),
    /// The broker has said nothing for so long.
    Silent(Duration),
    /// The broker did not answer a subscription.
    Unsubscribed,
}

impl From<End> for Loss {
    fn from(end: End) -> Self {
        match end {
            End::Driver(error) => Self { reason: failure::reason(&error, DIAL), words: error.to_string() },
            End::Silent(time) => Self { reason: Reason::Silent(time), words: "the broker is silent".to_owned() },
            End::Unsubscribed => {
                Self { reason: Reason::Silent(ANSWER), words: "no answer to a subscription".to_owned() }
            }
        }
    }
}

/// Ends with its client, which aborts it.
pub(super) struct Driver {
    events: EventLoop,
    requests: AsyncClient,
    routes: Arc<Routes>,
    link: watch::Sender<Link>,
    watch: Watch,
}

impl Driver {
    /// For an event loop that has just connected.
    pub(super) fn new(
        mut events: EventLoop,
        requests: AsyncClient,
        routes: Arc<Routes>,
    ) -> (Self, watch::Receiver<Link>) {
        events.network_options.set_connection_timeout(DIAL.as_secs());
        let (link, state) = watch::channel(Link { number: 0, down: None });
        let watch = Watch::new(events.mqtt_options.keep_alive());
        (Self { events, requests, routes, link, watch }, state)
    }

    /// Goes on until the client says goodbye.
    pub(super) async fn run(mut self) {
        // Ends with this future.
        let mut subscribing = JoinSet::new();
        let (mut pause, mut connected) = (SHORTEST_PAUSE, Some(Instant::now()));
        loop {
            match self.next(&mut subscribing).await {
                Ok(Event::Incoming(Packet::ConnAck(ack))) => {
                    connected = Some(Instant::now());
                    self.regain(ack.session_present, &mut subscribing);
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => self.routes.deliver(publish.into()),
                Ok(_) => {}
                Err(End::Driver(ConnectionError::RequestsDone)) => return,
                Err(end) => {
                    // Also what has failed already says nothing of the next connection.
                    subscribing = JoinSet::new();
                    let longest = self.lose(end.into());
                    // One that was short may have been ended by another client of the same id, which dials again, too.
                    if connected.take().is_some_and(|since| since.elapsed() > LONGEST_PAUSE) {
                        pause = SHORTEST_PAUSE;
                    }
                    sleep(jittered(pause)).await;
                    pause = (pause * 2).min(longest);
                }
            }
        }
    }

    /// The driver's own pings are not enough: it sends none while it sends something else, to whom it may.
    async fn next(&mut self, subscribing: &mut JoinSet<bool>) -> Result<Event, End> {
        let end = {
            let Self { events, watch, requests, .. } = self;
            let mut event = pin!(events.poll());
            loop {
                tokio::select! {
                    biased;
                    event = &mut event => {
                        watch.note(&event);
                        return event.map_err(End::Driver);
                    }
                    sight = watch.look() => match sight {
                        Sight::Alive => {}
                        // The queue may be full, and then there is something to be answered.
                        Sight::Quiet => drop(requests.try_unsubscribe(PROBE)),
                        Sight::Gone(silence) => break End::Silent(silence),
                    },
                    Some(Ok(false)) = subscribing.join_next() => break End::Unsubscribed,
                }
            }
        };
        self.watch.forget();
        self.events.clean();
        Err(end)
    }

    /// Connected again; usable once what was subscribed to is subscribed to again.
    fn regain(&self, session_present: bool, subscribing: &mut JoinSet<bool>) {
        let filters = if session_present { Vec::new() } else { self.routes.filters() };
        let (number, link, requests) = (self.link.borrow().number, self.link.clone(), self.requests.clone());
        subscribing.spawn(async move {
            for filters in filters.chunks(MOST_FILTERS) {
                if !timeout(ANSWER, subscribe(&requests, filters)).await.unwrap_or(false) {
                    return false;
                }
            }
            link.send_if_modified(|link| {
                let is_news = link.number == number;
                if is_news {
                    link.down = None;
                }
                is_news
            });
            true
        });
    }

    /// Not connected any more, or still not. Gives the longest pause before the next try.
    fn lose(&self, loss: Loss) -> Duration {
        let reason = loss.reason;
        tracing::debug!(error = loss.words, "no connection to the MQTT broker");
        self.link.send_modify(|link| *link = Link { number: link.number + 1, down: Some(Arc::new(loss)) });
        if reason.is_permanent() { LONGEST_PAUSE_OF_A_REFUSAL } else { LONGEST_PAUSE }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.routes.close();
    }
}

/// Whether the broker is heard of.
struct Watch {
    keep_alive: Duration,
    ticks: Interval,
    /// None while there is no connection.
    heard: Option<Instant>,
}

/// What a look says.
enum Sight {
    Alive,
    Quiet,
    Gone(Duration),
}

impl Watch {
    fn new(keep_alive: Duration) -> Self {
        let mut ticks = interval(keep_alive / 2);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { keep_alive, ticks, heard: Some(Instant::now()) }
    }

    fn note(&mut self, event: &Result<Event, ConnectionError>) {
        match event {
            Ok(Event::Incoming(_)) => self.heard = Some(Instant::now()),
            Ok(Event::Outgoing(_)) => {}
            Err(_) => self.forget(),
        }
    }

    fn forget(&mut self) {
        self.heard = None;
    }

    async fn look(&mut self) -> Sight {
        self.ticks.tick().await;
        match self.heard.map(|heard| heard.elapsed()) {
            Some(silence) if silence >= self.keep_alive * 2 => Sight::Gone(silence),
            Some(silence) if silence >= self.keep_alive => Sight::Quiet,
            _ => Sight::Alive,
        }
    }
}

/// Whether the broker has answered. What it does not allow any more must not keep the others from coming back.
async fn subscribe(requests: &AsyncClient, filters: &[(String, QoS)]) -> bool {
    let asked = filters.iter().map(|(filter, qos)| SubscribeFilterInput::new(filter.as_str(), *qos));
    let Ok(answer) = requests.subscribe_many_tracked(asked).await else { return false };
    let Ok(answer) = answer.wait_async().await else { return false };
    for ((filter, _), code) in filters.iter().zip(&answer.return_codes) {
        if *code == SubscribeReasonCode::Failure {
            tracing::warn!(filter, "the broker does not allow a subscription any more");
        }
    }
    true
}

/// Between a half and the whole.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}

/// A filter that nobody subscribes to: the broker has to answer that it is subscribed to no more.
pub(super) const PROBE: &str = "connection-registry/probe";
/// How long dialling again may take.
const DIAL: Duration = Duration::from_secs(5);
/// How long the broker may take to answer a subscription.
const ANSWER: Duration = Duration::from_secs(5);
/// Brokers limit how many there are in one request, the strictest to eight.
const MOST_FILTERS: usize = 8;
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A broker that has changed its mind about a password is not stormed.
const LONGEST_PAUSE_OF_A_REFUSAL: Duration = Duration::from_secs(30);
