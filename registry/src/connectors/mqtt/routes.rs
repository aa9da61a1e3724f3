//! [`Routes`]: which subscription an incoming message is for.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use rumqttc::{QoS, matches};
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::MqttMessage;

/// The subscriptions of a client.
#[derive(Debug)]
pub(super) struct Routes {
    inner: Mutex<Inner>,
    /// How many messages a subscription holds.
    buffer: usize,
}

#[derive(Debug)]
struct Inner {
    routes: Vec<Route>,
    next: u64,
    is_closed: bool,
    /// What came for no subscription of this process: a session that the broker has kept may bring messages before the
    /// application subscribes again. None when the broker keeps no session.
    unclaimed: Option<VecDeque<MqttMessage>>,
}

#[derive(Debug)]
struct Route {
    id: u64,
    filter: String,
    qos: QoS,
    messages: Sender<MqttMessage>,
    missed: Arc<AtomicU64>,
}

/// The end of a route at which messages come out.
#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) id: u64,
    pub(super) messages: Receiver<MqttMessage>,
    pub(super) missed: Arc<AtomicU64>,
}

impl Routes {
    pub(super) fn new(buffer: usize, keeps_session: bool) -> Self {
        let unclaimed = keeps_session.then(VecDeque::new);
        let inner = Inner { routes: Vec::new(), next: 0, is_closed: false, unclaimed };
        Self { inner: Mutex::new(inner), buffer }
    }

    /// A new route, with what came for it already.
    pub(super) fn add(&self, filter: &str, qos: QoS) -> Outlet {
        let (sender, messages) = mpsc::channel(self.buffer);
        let missed = Arc::new(AtomicU64::new(0));
        let mut inner = self.lock();
        let id = inner.next;
        inner.next += 1;
        let route = Route { id, filter: filter.to_owned(), qos, messages: sender, missed: Arc::clone(&missed) };
        inner.claim(&route);
        if !inner.is_closed {
            inner.routes.push(route);
        }
        Outlet { id, messages, missed }
    }

    /// True when no other route has its filter.
    pub(super) fn remove(&self, id: u64) -> bool {
        let mut inner = self.lock();
        let Some(at) = inner.routes.iter().position(|route| route.id == id) else { return false };
        let removed = inner.routes.swap_remove(at);
        !inner.routes.iter().any(|route| route.filter == removed.filter)
    }

    /// Gives a message to every subscription that it is for.
    pub(super) fn deliver(&self, message: MqttMessage) {
        let mut inner = self.lock();
        let routes = inner.routes.iter().filter(|route| route.wants(message.topic()));
        if routes.map(|route| route.deliver(message.clone())).count() == 0 {
            inner.keep(message, self.buffer);
        }
    }

    /// Each filter once, with the highest quality that was asked for.
    pub(super) fn filters(&self) -> Vec<(String, QoS)> {
        let inner = self.lock();
        let mut filters: Vec<(&str, QoS)> = inner.routes.iter().map(|route| (&*route.filter, route.qos)).collect();
        filters.sort_by(|(one, low), (other, high)| one.cmp(other).then((*high as u8).cmp(&(*low as u8))));
        filters.dedup_by_key(|(filter, _)| *filter);
        filters.into_iter().map(|(filter, qos)| (filter.to_owned(), qos)).collect()
    }

    /// Ends all subscriptions, once what they hold has been received.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.is_closed = true;
        inner.routes.clear();
        inner.unclaimed = None;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn claim(&mut self, route: &Route) {
        let Some(unclaimed) = &mut self.unclaimed else { return };
        for message in std::mem::take(unclaimed) {
            if route.wants(message.topic()) {
                route.deliver(message);
            } else {
                unclaimed.push_back(message);
            }
        }
    }

    /// The oldest gives way.
    fn keep(&mut self, message: MqttMessage, most: usize) {
        let Some(unclaimed) = &mut self.unclaimed else { return };
        if unclaimed.len() == most {
            unclaimed.pop_front();
            tracing::warn!("a message of a kept session is dropped: nobody has subscribed to it, and too many wait");
        }
        unclaimed.push_back(message);
    }
}

impl Route {
    fn wants(&self, topic: &str) -> bool {
        matches(topic, topics(&self.filter))
    }

    fn deliver(&self, message: MqttMessage) {
        if self.messages.try_send(message).is_err() && self.missed.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::warn!(filter = self.filter, "a subscription is full: messages are dropped and counted");
        }
    }
}

/// The filter of a subscription that is shared by a group: `$share/group/filter`.
fn topics(filter: &str) -> &str {
    let shared = filter.strip_prefix("$share/").and_then(|group| group.split_once('/'));
    shared.map_or(filter, |(_, topics)| topics)
}

#[cfg(test)]
mod tests {
    use rumqttc::Publish;

    use super::*;

    fn message(topic: &str) -> MqttMessage {
        Publish::new(topic, QoS::AtMostOnce, "payload").into()
    }

    fn topics_of(outlet: &mut Outlet) -> Vec<String> {
        std::iter::from_fn(|| outlet.messages.try_recv().ok()).map(|message| message.topic().to_owned()).collect()
    }

    #[test]
    fn a_message_goes_to_every_subscription_that_it_is_for() {
        let routes = Routes::new(8, false);
        let [mut all, mut one, mut shared] =
            ["a/#", "a/b", "$share/g/a/+"].map(|filter| routes.add(filter, QoS::AtMostOnce));
        ["a/b", "a/c", "b"].into_iter().for_each(|topic| routes.deliver(message(topic)));
        assert_eq!(topics_of(&mut all), ["a/b", "a/c"]);
        assert_eq!(topics_of(&mut one), ["a/b"]);
        assert_eq!(topics_of(&mut shared), ["a/b", "a/c"]);
    }

    #[test]
    fn what_a_full_subscription_cannot_hold_is_counted() {
        let routes = Routes::new(2, false);
        let mut outlet = routes.add("a", QoS::AtMostOnce);
        (0..5).for_each(|_| routes.deliver(message("a")));
        assert_eq!((topics_of(&mut outlet).len(), outlet.missed.load(Ordering::Relaxed)), (2, 3));
    }

    #[test]
    fn a_kept_session_may_bring_messages_before_somebody_subscribes() {
        let routes = Routes::new(2, true);
        ["a", "b", "a", "a"].into_iter().for_each(|topic| routes.deliver(message(topic)));
        assert_eq!(topics_of(&mut routes.add("b", QoS::AtMostOnce)), [""; 0], "the oldest gave way");
        assert_eq!(topics_of(&mut routes.add("a", QoS::AtMostOnce)), ["a", "a"]);
    }

    #[test]
    fn a_filter_is_asked_for_once_with_the_highest_quality_and_left_with_its_last_subscription() {
        let routes = Routes::new(2, false);
        let (low, high) = (routes.add("a", QoS::AtMostOnce), routes.add("a", QoS::ExactlyOnce));
        assert_eq!(routes.filters(), [("a".to_owned(), QoS::ExactlyOnce)]);
        assert!(!routes.remove(high.id) && routes.remove(low.id) && !routes.remove(low.id));
    }

    #[test]
    fn the_end_of_the_client_ends_its_subscriptions() {
        let routes = Routes::new(2, false);
        let mut outlet = routes.add("a", QoS::AtMostOnce);
        routes.deliver(message("a"));
        routes.close();
        assert_eq!(topics_of(&mut outlet), ["a"]);
        assert!(outlet.messages.is_closed() && routes.add("a", QoS::AtMostOnce).messages.is_closed());
    }
}
