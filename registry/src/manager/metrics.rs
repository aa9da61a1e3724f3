//! Figures for operators, by the facade `metrics`: feature `metrics`. The table of all of them is in the documentation of
//! [`ConnectionManager::record_metrics`].

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ::metrics::{SharedString, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use super::{
    connections::ConnectionManager,
    events::Change,
    labels::{kind_word, label, result_word},
    shared::Shared,
};
use crate::{
    error::ErrorKind,
    registry::{ConnectionState, EntryState},
};

impl ConnectionManager {
    /// Writes the gauges of all connections to the recorder of the crate `metrics` that is installed, and describes all
    /// metrics. Needs the feature `metrics`.
    ///
    /// | name | kind | labels beside `connection` | what it is |
    /// |---|---|---|---|
    /// | `connection_up` | gauge | | 1 when there is a client to hand out, else 0 |
    /// | `connection_state` | gauge | `state` | 1 for the state in which it is, 0 for one in which it was |
    /// | `connection_generation` | gauge | | how many clients it has had |
    /// | `connection_guards` | gauge | | how many guards of its client are out |
    /// | `connection_last_check_age_seconds` | gauge | | how long ago its last health check ended |
    /// | `connection_attempts_total` | counter | | calls of `connect` that ended |
    /// | `connection_failures_total` | counter | `kind` | calls of `connect`, `check` and `disconnect` that failed |
    /// | `connection_connect_seconds` | histogram | `result` | how long a call of `connect` took |
    /// | `connection_check_seconds` | histogram | `result` | how long a call of `check` took |
    ///
    /// Counters and histograms are written when it happens, and so are the first three gauges. Call this before each
    /// scrape, or every few seconds: how many guards are out and how old the last check is are written by it alone, as are
    /// the gauges of names that share a label. It does no I/O, and takes a few milliseconds for 10 000 names. The gauges
    /// of a name that is gone are set to 0.
    ///
    /// `state` and `kind` are the words of [`ConnectionState`](crate::ConnectionState) and [`ErrorKind`](crate::ErrorKind)
    /// in JSON, `result` is `ok` or `failed`. No label holds an error, or anything else that is not in this table. There
    /// are no more series than the configuration has names: all instances of a template share its name, and all clients
    /// that were inserted under names of their own share `(inserted)`. Their gauges are sums, but for generation and age,
    /// which are the highest.
    ///
    /// The feature `status-page` has the same figures for Prometheus, without a recorder.
    ///
    /// ```
    /// # fn main() -> Result<(), connection_registry::BoxError> {
    /// use connection_registry::ConnectionManager;
    ///
    /// let connections = ConnectionManager::builder().build()?;
    /// connections.record_metrics(); // then let the exporter render
    /// # Ok(()) }
    /// ```
    pub fn record_metrics(&self) {
        record(&self.shared);
    }
}

/// A call of `connect` ended.
pub(super) fn tried(shared: &Shared, name: &str, took: Duration, result: Result<(), ErrorKind>) {
    let label = label(&shared.configuration(), name);
    counter!(ATTEMPTS, CONNECTION => label.clone()).increment(1);
    ended(CONNECT_SECONDS, label, took, result);
}

/// A call of `check` ended.
pub(super) fn checked(shared: &Shared, name: &str, took: Duration, result: Result<(), ErrorKind>) {
    ended(CHECK_SECONDS, label(&shared.configuration(), name), took, result);
}

/// Something failed that took no time worth telling.
pub(super) fn failed(shared: &Shared, name: &str, kind: ErrorKind) {
    count_failure(label(&shared.configuration(), name), kind);
}

/// A connection is in another state, or has another client. What is written late, after news that came later, is set right
/// by the next [`record`].
pub(super) fn changed(recorded: &Recorded, change: &Change) {
    let name = &change.connection;
    let is_alone = change.configuration.declaration(name).is_some_and(|declared| declared.name == *name);
    if change.removed {
        // It may not be declared any more: what was written for it says whether it had a label for itself.
        let before = recorded.lock().remove(name);
        before.into_iter().for_each(|before| Gauges::default().write(name, &before));
    } else if is_alone {
        let before = recorded.lock().get(name).cloned().unwrap_or_default();
        let mut gauges = Gauges { states: Default::default(), generation: change.generation, ..before.clone() };
        gauges.states[change.state as usize] = 1;
        recorded.lock().insert(Arc::clone(name), gauges.clone());
        gauges.write_state(name, &before);
    }
}

fn record(shared: &Shared) {
    let (configuration, now) = (shared.configuration(), shared.now());
    let mut gauges: HashMap<Arc<str>, Gauges> = HashMap::new();
    for entry in shared.registry.entries() {
        let label = label(&configuration, entry.name());
        gauges.entry(label).or_default().add(&entry.lock(), now);
    }
    let before = std::mem::replace(&mut *shared.teller.recorded().lock(), gauges.clone());
    // No lock is held any more: a recorder is the user's code.
    describe();
    for (label, before) in before.iter().filter(|(label, _)| !gauges.contains_key(*label)) {
        Gauges::default().write(label, before);
    }
    for (label, gauges) in &gauges {
        gauges.write(label, before.get(label).unwrap_or(&Gauges::default()));
    }
}

/// What was written last, by label: so that what is gone is set to 0.
#[derive(Default)]
pub(super) struct Recorded(Mutex<HashMap<Arc<str>, Gauges>>);

impl Recorded {
    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Gauges>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The gauges of one label.
#[derive(Clone, Default)]
struct Gauges {
    /// How many connections are in each state.
    states: [u32; ConnectionState::ALL.len()],
    generation: u64,
    guards: usize,
    last_check_age: Option<Duration>,
}

impl Gauges {
    fn add(&mut self, state: &EntryState, now: Duration) {
        self.states[state.slot.state() as usize] += 1;
        self.generation = self.generation.max(state.slot.generation());
        self.guards += state.guards();
        let age = state.last_check.map(|check| now.saturating_sub(check.at));
        self.last_check_age = self.last_check_age.max(age);
    }

    fn write(&self, label: &Arc<str>, before: &Self) {
        self.write_state(label, before);
        set(GUARDS, label, figure(self.guards as u64));
        if let Some(age) = self.last_check_age.or(before.last_check_age.map(|_| Duration::ZERO)) {
            set(LAST_CHECK_AGE, label, age.as_secs_f64());
        }
    }

    /// Of the states in which none is, only those are written in which one was: the others have no series.
    fn write_state(&self, label: &Arc<str>, before: &Self) {
        let up: u32 = ConnectionState::ALL
            .iter()
            .zip(self.states)
            .filter(|(state, _)| state.is_up())
            .map(|(_, count)| count)
            .sum();
        set(UP, label, up.into());
        set(GENERATION, label, figure(self.generation));
        for (at, state) in ConnectionState::ALL.iter().enumerate() {
            if self.states[at] > 0 || before.states[at] > 0 {
                let connection = SharedString::from(Arc::clone(label));
                gauge!(STATE, CONNECTION => connection, "state" => state.as_str()).set(self.states[at]);
            }
        }
    }
}

fn ended(histogram: &'static str, label: Arc<str>, took: Duration, result: Result<(), ErrorKind>) {
    histogram!(histogram, CONNECTION => label.clone(), "result" => result_word(result)).record(took.as_secs_f64());
    if let Err(kind) = result {
        count_failure(label, kind);
    }
}

fn count_failure(label: Arc<str>, kind: ErrorKind) {
    counter!(FAILURES, CONNECTION => label, "kind" => kind_word(kind)).increment(1);
}

fn set(name: &'static str, label: &Arc<str>, value: f64) {
    gauge!(name, CONNECTION => Arc::clone(label)).set(value);
}

fn describe() {
    describe_gauge!(UP, "Whether there is a client to hand out");
    describe_gauge!(STATE, "1 for the state in which the connection is");
    describe_gauge!(GENERATION, "How many clients the connection has had");
    describe_gauge!(GUARDS, "How many guards of the client are out");
    describe_gauge!(LAST_CHECK_AGE, Unit::Seconds, "How long ago the last health check ended");
    describe_counter!(ATTEMPTS, "Calls of connect that ended");
    describe_counter!(FAILURES, "Calls of connect, check and disconnect that failed");
    describe_histogram!(CONNECT_SECONDS, Unit::Seconds, "How long a call of connect took");
    describe_histogram!(CHECK_SECONDS, Unit::Seconds, "How long a call of check took");
}

/// Exact below 2^53.
fn figure(count: u64) -> f64 {
    count as f64
}

const UP: &str = "connection_up";
const STATE: &str = "connection_state";
const GENERATION: &str = "connection_generation";
const GUARDS: &str = "connection_guards";
const LAST_CHECK_AGE: &str = "connection_last_check_age_seconds";
const ATTEMPTS: &str = "connection_attempts_total";
const FAILURES: &str = "connection_failures_total";
const CONNECT_SECONDS: &str = "connection_connect_seconds";
const CHECK_SECONDS: &str = "connection_check_seconds";

const CONNECTION: &str = "connection";
