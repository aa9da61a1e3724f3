//! Who may connect now: attempts are bounded across names, and names of one endpoint do not storm it while it is down.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep},
};

use crate::{
    error::Error,
    registry::{Admit, Backoff, Endpoint, Visit},
};

/// The places of a manager for attempts under way, and what is known of the endpoints that they go to.
///
/// Whoever waits is woken alone: the next one for a place that is given back, the next one for an endpoint when its
/// prober is done, and that one wakes the one after it when the endpoint is up.
pub(super) struct Admission(Arc<Inner>);

/// One attempt's leave to go on; holds one of the places.
///
/// Dropped without a word it says nothing about the endpoint.
pub(super) struct Pass {
    inner: Arc<Inner>,
    visitor: Option<Visitor>,
    held: Mutex<Held>,
    /// Held by the one who takes the place again.
    stepping_in: Semaphore,
}

impl Admission {
    /// At most `limit` attempts at once (at least one).
    pub(super) fn new(limit: usize) -> Self {
        let places = Arc::new(Semaphore::new(limit.clamp(1, Semaphore::MAX_PERMITS)));
        Self(Arc::new(Inner { places, endpoints: Mutex::default(), epoch: Instant::now() }))
    }

    /// Waits for a place, and for the endpoint to be worth trying.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped gives back what it had, and whoever is next goes on.
    pub(super) async fn enter(&self, endpoint: Option<&str>) -> Pass {
        let visitor = endpoint.map(|endpoint| Visitor::arrive(&self.0, endpoint));
        let place = self.0.admit(visitor.as_ref()).await;
        let held = Mutex::new(Held { place: Some(place), aside: 0 });
        Pass { inner: Arc::clone(&self.0), visitor, held, stepping_in: Semaphore::new(1) }
    }

    /// The last failure of an endpoint that is down now, for messages of those who waited in vain.
    pub(super) fn last_failure(&self, endpoint: &str) -> Option<Error> {
        self.0.endpoints().known.get(endpoint).and_then(|known| known.state.failure().cloned())
    }
}

impl Pass {
    /// Gives the place back while the attempt waits for another connection, which may need it, and the role of the
    /// prober, which that one may need as well. For each call there is one of [`step_back_in`](Self::step_back_in).
    pub(super) fn step_aside(&self) {
        let place = {
            let mut held = self.held();
            held.aside += 1;
            held.place.take()
        };
        drop(place);
        if let Some(visitor) = &self.visitor {
            visitor.give_up();
        }
    }

    /// Waits for a place and for the endpoint, as at first, unless the attempt still waits for yet another connection.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped has taken nothing; the attempt then goes on without a place.
    pub(super) async fn step_back_in(&self) {
        {
            let mut held = self.held();
            held.aside = held.aside.saturating_sub(1);
        }
        let _one = self.stepping_in.acquire().await;
        if !self.held().wants_place() {
            return;
        }
        let place = self.inner.admit(self.visitor.as_ref()).await;
        let refused = self.held().take(place);
        if refused.is_some()
            && let Some(visitor) = &self.visitor
        {
            // It stepped aside again meanwhile.
            visitor.give_up();
        }
    }

    /// The endpoint answered, be it with a refusal such as a wrong password: it is up.
    pub(super) fn reached(&self) {
        if let Some(visitor) = &self.visitor {
            visitor.reached();
        }
    }

    /// The endpoint did not answer, or not in time. Says nothing when the attempt had stepped aside: then it is the other
    /// connection that took the time.
    pub(super) fn unreached(&self, failure: &Error, backoff: &Backoff) {
        if let Some(visitor) = &self.visitor {
            visitor.unreached(failure.clone(), backoff);
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an attempt holds between its steps.
struct Held {
    place: Option<OwnedSemaphorePermit>,
    /// How many other connections it waits for.
    aside: usize,
}

impl Held {
    fn wants_place(&self) -> bool {
        self.place.is_none() && self.aside == 0
    }

    /// Gives it back when it is not wanted any more.
    fn take(&mut self, place: OwnedSemaphorePermit) -> Option<OwnedSemaphorePermit> {
        if self.wants_place() { self.place.replace(place) } else { Some(place) }
    }
}

struct Inner {
    places: Arc<Semaphore>,
    endpoints: Mutex<Endpoints>,
    /// Moments are counted from here.
    epoch: Instant,
}

impl Inner {
    /// A place, taken when the endpoint is worth trying. Nobody waits for an endpoint with a place in hand.
    async fn admit(&self, visitor: Option<&Visitor>) -> OwnedSemaphorePermit {
        let Some(visitor) = visitor else { return self.place().await };
        loop {
            visitor.until_worth_trying().await;
            let place = self.place().await;
            // Others may have found it down meanwhile: the place is for a name of another endpoint then.
            if visitor.confirm() {
                return place;
            }
        }
    }

    async fn place(&self) -> OwnedSemaphorePermit {
        let places = Arc::clone(&self.places);
        places.acquire_owned().await.expect("the places are never closed")
    }

    fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    fn endpoints(&self) -> MutexGuard<'_, Endpoints> {
        self.endpoints.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One attempt that goes to an endpoint, from its arrival until it is over.
struct Visitor {
    inner: Arc<Inner>,
    endpoint: Arc<str>,
    /// Wakes those who wait for the endpoint, one at a time.
    turn: Arc<Notify>,
    /// The leave that it has.
    visit: Mutex<Option<Visit>>,
}

impl Visitor {
    fn arrive(inner: &Arc<Inner>, endpoint: &str) -> Self {
        let (endpoint, turn, stale) = inner.endpoints().arrive(endpoint, inner.now());
        drop(stale);
        Self { inner: Arc::clone(inner), endpoint, turn, visit: Mutex::new(None) }
    }

    /// Until the endpoint is up or this is the prober and may begin.
    async fn until_worth_trying(&self) {
        let mut has_waited = false;
        loop {
            // Made first, so that a turn which comes between the answer and the wait is not lost.
            let turn = self.turn.notified();
            let pause = match self.ask() {
                Admit::Wait => {
                    turn.await;
                    has_waited = true;
                    continue;
                }
                Admit::Probe { at, .. } => at.saturating_sub(self.inner.now()),
                Admit::Go(_) if has_waited => {
                    self.turn.notify_one();
                    RAMP.mul_f64(fastrand::f64())
                }
                Admit::Go(_) => Duration::ZERO,
            };
            has_waited = false;
            if pause.is_zero() {
                return;
            }
            sleep(pause).await;
            if self.confirm() {
                return;
            }
        }
    }

    fn ask(&self) -> Admit {
        let admit = self.known(Endpoint::ask);
        if let Admit::Go(visit) | Admit::Probe { visit, .. } = admit {
            *self.visit() = Some(visit);
        }
        admit
    }

    /// Whether the leave that it got still holds.
    fn confirm(&self) -> bool {
        let Some(visit) = *self.visit() else { return false };
        let confirmed = self.known(|endpoint| endpoint.confirm(visit));
        *self.visit() = confirmed;
        confirmed.is_some()
    }

    /// Gives up its leave. When it was the prober, the next one is.
    fn give_up(&self) {
        let Some(visit) = self.visit().take() else { return };
        if self.known(|endpoint| endpoint.leave(visit)) {
            self.turn.notify_one();
        }
    }

    fn reached(&self) {
        let past = self.known(Endpoint::reached);
        if past.is_some() {
            self.turn.notify_one();
        }
    }

    fn unreached(&self, failure: Error, backoff: &Backoff) {
        let Some(visit) = self.visit().take() else { return };
        let now = self.inner.now();
        let (was_prober, past) = self.known(|endpoint| {
            (endpoint.is_prober(visit), endpoint.unreached(visit, now, failure, backoff, fastrand::f64()))
        });
        if was_prober {
            self.turn.notify_one();
        }
        drop(past);
    }

    fn known<T>(&self, use_it: impl FnOnce(&mut Endpoint<Error>) -> T) -> T {
        let mut endpoints = self.inner.endpoints();
        let known = endpoints.known.get_mut(&self.endpoint).expect("an endpoint is known as long as it has visitors");
        use_it(&mut known.state)
    }

    fn visit(&self) -> MutexGuard<'_, Option<Visit>> {
        self.visit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.give_up();
        let forgotten = self.inner.endpoints().depart(&self.endpoint);
        drop(forgotten);
    }
}

/// The endpoints that have visitors or are down.
#[derive(Default)]
struct Endpoints {
    known: HashMap<Arc<str>, Known>,
    /// When there are so many, those are looked for that may be forgotten.
    sweep_at: usize,
}

struct Known {
    state: Endpoint<Error>,
    visitors: usize,
    turn: Arc<Notify>,
}

impl Endpoints {
    /// Counts a visitor. What it also gives is forgotten, and dropped outside the lock: an error's drop may be anybody's
    /// code.
    fn arrive(&mut self, endpoint: &str, now: Duration) -> (Arc<str>, Arc<Notify>, Vec<Known>) {
        if let Some((name, _)) = self.known.get_key_value(endpoint) {
            let name = Arc::clone(name);
            let known = self.known.get_mut(endpoint).expect("it was found under the same lock");
            known.visitors += 1;
            return (name, Arc::clone(&known.turn), Vec::new());
        }
        let stale = self.sweep(now);
        let (name, turn): (Arc<str>, _) = (endpoint.into(), Arc::new(Notify::new()));
        let known = Known { state: Endpoint::new(), visitors: 1, turn: Arc::clone(&turn) };
        self.known.insert(Arc::clone(&name), known);
        (name, turn, stale)
    }

    /// One visitor less; gives what need not be known any more.
    fn depart(&mut self, endpoint: &str) -> Option<Known> {
        let known = self.known.get_mut(endpoint)?;
        known.visitors -= 1;
        let is_needed = known.visitors > 0 || known.state.failure().is_some();
        if is_needed { None } else { self.known.remove(endpoint) }
    }

    /// Forgets endpoints that are down and that nobody has asked for in a long time. Costs little for each new one, since
    /// it looks through all of them only when they are twice as many as it left.
    fn sweep(&mut self, now: Duration) -> Vec<Known> {
        if self.known.len() < self.sweep_at {
            return Vec::new();
        }
        let is_stale = |known: &Known| {
            known.visitors == 0 && known.state.retry_at().is_some_and(|at| at.saturating_add(REMEMBERED) < now)
        };
        let stale = self.known.extract_if(|_, known| is_stale(known)).map(|(_, known)| known).collect();
        self.sweep_at = (2 * self.known.len()).max(SWEEP_AT_LEAST);
        stale
    }
}

/// Over how long those who waited for an endpoint are let go once it is up.
const RAMP: Duration = Duration::from_secs(2);

/// How long after its next probe was due an endpoint is still known to be down.
const REMEMBERED: Duration = Duration::from_secs(60);

/// Fewer endpoints than this are not worth looking through.
const SWEEP_AT_LEAST: usize = 64;

#[cfg(test)]
mod tests;
