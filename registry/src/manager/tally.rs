//! What was counted and measured since the manager was built, for the status page: feature `status-page`. What is so at a
//! moment, such as states and guards, is not counted here: the status has it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use prometheus_client::metrics::histogram::Histogram;

use super::{
    connections::ConnectionManager,
    labels::{UNDECLARED, kind_word, result_word},
    shared::Declarations,
};
use crate::error::ErrorKind;

/// By label: there are no more than the configuration has names, and one.
#[derive(Default)]
pub(super) struct Tally(Mutex<HashMap<Arc<str>, Counts>>);

/// What was counted of one label. A clone goes on measuring the same times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// How many calls of `connect` ended.
    pub(crate) attempts: u64,
    /// How many calls failed, by the word of their kind.
    pub(crate) failures: BTreeMap<&'static str, u64>,
    /// How long calls of `connect` took, by the word of their result.
    pub(crate) connects: BTreeMap<&'static str, Histogram>,
    /// How long calls of `check` took, likewise.
    pub(crate) checks: BTreeMap<&'static str, Histogram>,
}

impl ConnectionManager {
    /// What was counted, by label.
    pub(crate) fn counts(&self) -> BTreeMap<Arc<str>, Counts> {
        self.shared.tally.lock().iter().map(|(label, counts)| (Arc::clone(label), counts.clone())).collect()
    }
}

impl Tally {
    pub(super) fn tried(&self, label: Arc<str>, took: Duration, result: Result<(), ErrorKind>) {
        self.count(label, |counts| {
            counts.attempts += 1;
            observe(&mut counts.connects, took, result);
            result.map_or_else(|kind| counts.failed(kind), |()| ());
        });
    }

    pub(super) fn checked(&self, label: Arc<str>, took: Duration, result: Result<(), ErrorKind>) {
        self.count(label, |counts| {
            observe(&mut counts.checks, took, result);
            result.map_or_else(|kind| counts.failed(kind), |()| ());
        });
    }

    pub(super) fn failed(&self, label: Arc<str>, kind: ErrorKind) {
        self.count(label, |counts| counts.failed(kind));
    }

    /// Another configuration is to be in force: names without end that come and go would fill the memory.
    pub(super) fn forget_all_but(&self, configuration: &Declarations) {
        self.lock().retain(|label, _| configuration.find(label).is_some() || **label == *UNDECLARED);
    }

    fn count(&self, label: Arc<str>, count: impl FnOnce(&mut Counts)) {
        count(self.lock().entry(label).or_default());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Counts>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn failed(&mut self, kind: ErrorKind) {
        *self.failures.entry(kind_word(kind)).or_default() += 1;
    }
}

fn observe(times: &mut BTreeMap<&'static str, Histogram>, took: Duration, result: Result<(), ErrorKind>) {
    let histogram = times.entry(result_word(result)).or_insert_with(|| Histogram::new(BUCKETS));
    histogram.observe(took.as_secs_f64());
}

/// Upper bounds in seconds: from a pool that has a connection to a `connect_timeout` that somebody raised.
const BUCKETS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
