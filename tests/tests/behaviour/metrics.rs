//! Metrics: what is counted, that labels are bounded, and that no output of any kind has a secret in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use connection_registry::{BoxError, ConnectContext, Connection, ConnectionManager, connection_type};
use connection_registry_tests::{CANARY, ProbeClient, canary_forms, manager};
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

use crate::spans::Collector;

static FAILURES: AtomicUsize = AtomicUsize::new(0);

/// Fails each time with another text.
#[connection_type("inventive")]
struct Inventive {
    /// Repeated in every error.
    token: String,
}

impl Connection for Inventive {
    type Client = u8;

    async fn connect(&self, cx: &ConnectContext) -> Result<u8, BoxError> {
        let number = FAILURES.fetch_add(1, Ordering::Relaxed);
        Err(format!("failure {number} of {} with {}", cx.name(), self.token).into())
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_failures_and_states_are_counted() {
    let recorder = Memory::default();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let connections = manager(
        "[connections.a]\ntype = 'probe'\nrecord = 'counted'\ndelay = '2s'\nconnect = ['fail', 'ok', 'fail-for-good']\n\
         disconnect = 'fail'",
    );
    let guard = connections.get::<ProbeClient>("a").await.unwrap();
    assert_eq!(recorder.value("connection_attempts_total{connection=a}"), 2.0);
    assert_eq!(recorder.value("connection_failures_total{connection=a,kind=connect_failed}"), 1.0);
    assert_eq!(recorder.values("connection_connect_seconds{connection=a,result=ok}"), [2.0]);
    assert_eq!(recorder.values("connection_connect_seconds{connection=a,result=failed}"), [2.0]);
    assert_eq!(recorder.value("connection_up{connection=a}"), 1.0);
    assert_eq!(recorder.value("connection_state{connection=a,state=connected}"), 1.0);
    assert_eq!(recorder.value("connection_state{connection=a,state=connecting}"), 0.0);
    assert_eq!(recorder.value("connection_generation{connection=a}"), 1.0);
    connections.record_metrics();
    assert_eq!(recorder.value("connection_guards{connection=a}"), 1.0);
    drop(guard);
    connections.disconnect("a").await.unwrap_err();
    assert_eq!(recorder.value("connection_failures_total{connection=a,kind=disconnect_failed}"), 1.0);
    connections.get::<ProbeClient>("a").await.unwrap_err();
    connections.record_metrics();
    assert_eq!(recorder.value("connection_up{connection=a}"), 0.0);
    assert_eq!(recorder.value("connection_guards{connection=a}"), 0.0);
    assert_eq!(recorder.states("a"), ["failed"]);
    assert!(recorder.described().contains("connection_check_seconds"));
}

#[tokio::test(start_paused = true)]
async fn the_gauges_of_a_name_that_is_gone_are_zero() {
    let recorder = Memory::default();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let connections = manager(
        "connections.a = { type = 'probe', record = 'gone' }\n\
         connections.b = { type = 'probe', record = 'gone' }",
    );
    let _held =
        (connections.get::<ProbeClient>("a").await.unwrap(), connections.get::<ProbeClient>("b").await.unwrap());
    connections.registry().remove("a");
    assert_eq!(recorder.states("a"), [""; 0], "at once");
    connections.record_metrics();
    assert_eq!(recorder.states("b"), ["connected"]);
    connections.insert("c", 5_u8).unwrap();
    connections.record_metrics();
    connections.registry().remove("b");
    connections.registry().remove("c");
    connections.record_metrics();
    let left: Vec<_> = recorder.gauges().into_iter().filter(|(_, value)| *value != 0.0).collect();
    assert_eq!(left, []);
}

#[tokio::test(start_paused = true)]
async fn labels_are_bounded_by_the_names_of_the_configuration() {
    let recorder = Memory::default();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let names: BTreeSet<_> = (0..1000).map(|at| format!("n{at}")).collect();
    let toml: String = names
        .iter()
        .map(|name| {
            format!(
                "[connections.{name}]\ntype = 'inventive'\ntoken = 'c4nary'\n\
                 lifecycle = {{ connect_timeout = '2ms', retry = {{ base = '1ms', max = '1ms' }} }}\n"
            )
        })
        .collect();
    let connections = manager(&toml);
    let mut errors = BTreeSet::new();
    for round in 0..100 {
        for name in names.iter().skip(round % 10).step_by(10) {
            errors.insert(connections.get::<u8>(name).await.unwrap_err().to_string());
        }
        connections.insert(&format!("tenant {round}"), 5_u8).unwrap();
        tokio::time::advance(Duration::from_millis(10)).await;
    }
    connections.record_metrics();
    assert!(errors.len() >= 100, "{} different errors", errors.len());
    let labels = recorder.labels();
    let keys: BTreeSet<_> = labels.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(keys, BTreeSet::from(["connection", "kind", "result", "state"]));
    let connection: BTreeSet<_> = values_of(&labels, "connection");
    assert_eq!(connection, names.iter().map(String::as_str).chain(["(inserted)"]).collect());
    assert!(values_of(&labels, "kind").is_subset(&BTreeSet::from(["connect_failed", "connect_timeout"])));
    assert_eq!(values_of(&labels, "result"), BTreeSet::from(["failed"]));
    assert_eq!(recorder.value("connection_up{connection=(inserted)}"), 100.0, "those that share a label are summed");
    assert!(recorder.series() <= 1001 * 9, "{} series", recorder.series());
}

#[tokio::test(start_paused = true)]
async fn no_span_event_status_or_metric_has_a_secret_in_it() {
    let (recorder, log) = (Memory::default(), Collector::default());
    let _recording = metrics::set_default_local_recorder(&recorder);
    let _logging = tracing::subscriber::set_default(log.clone());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), CANARY).unwrap();
    let mut toml =
        format!("connections.off = {{ type = 'probe', record = 'c4nary', url = '{CANARY}', enabled = false }}\n");
    for (name, connect) in [("leak", "leak"), ("good", "ok"), ("permanent", "fail-for-good"), ("late", "never")] {
        for (source, password) in [("text", CANARY), ("variable", "${env:CANARY}"), ("file", "${file:secret}")] {
            toml += &format!(
                "[connections.{name}-{source}]\ntype = 'probe'\nrecord = 'c4nary {name} {source}'\n\
                 password = '{password}'\nurl = 'probe://user:{CANARY}@host/path'\nconnect = ['{connect}']\n\
                 disconnect = 'leak'\n",
            );
        }
    }
    toml +=
        "[connections.unset]\ntype = 'probe'\nrecord = 'c4nary'\npassword = '${env:UNSET:-}'\nurl = '${file:none}'\n";
    let environment = [("CANARY", CANARY)];
    let connections =
        ConnectionManager::builder().toml(toml).config_dir(folder.path()).environment(environment).build().unwrap();
    let mut events = connections.subscribe();
    let mut outputs = vec![statuses(&connections)];
    for name in connections.names() {
        let got = connections.get::<ProbeClient>(&name).await;
        connections.record_metrics();
        outputs.push(statuses(&connections));
        assert_eq!(got.is_ok(), name.starts_with("good"), "{name}");
    }
    connections.insert("double", 5_u8).unwrap();
    connections.disconnect_all().await.unwrap_err();
    connections.registry().clear();
    connections.record_metrics();
    outputs.push(statuses(&connections));
    let told = std::iter::from_fn(|| events.try_next());
    outputs.extend(told.map(|event| format!("{event} {event:?} {}", serde_json::to_string(&event).unwrap())));
    let (logged, recorded) = (log.texts(), recorder.texts());
    assert!(outputs.len() > 40 && logged.len() > 40 && recorded.len() > 40, "there is much to look into");
    assert!(outputs.iter().chain(&logged).any(|output| output.contains("no login at")), "{logged:#?}");
    outputs.extend(logged.into_iter().chain(recorded));
    for output in &outputs {
        for form in canary_forms() {
            assert!(!output.contains(&form), "`{form}` is in: {output}");
        }
    }
}

fn statuses(connections: &ConnectionManager) -> String {
    let status = connections.status();
    format!("{status} {status:?} {}", serde_json::to_string(&status).unwrap())
}

fn values_of<'l>(labels: &'l BTreeSet<(String, String)>, key: &str) -> BTreeSet<&'l str> {
    labels.iter().filter(|(found, _)| found == key).map(|(_, value)| value.as_str()).collect()
}

/// Remembers everything, by the text `name{key=value,…}`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory(Arc<Mutex<Recorded>>);

#[derive(Debug, Default)]
struct Recorded {
    counters: BTreeMap<String, u64>,
    gauges: BTreeMap<String, f64>,
    histograms: BTreeMap<String, Vec<f64>>,
    labels: BTreeSet<(String, String)>,
    described: BTreeSet<String>,
}

struct Series {
    memory: Memory,
    name: String,
}

impl Memory {
    pub(crate) fn value(&self, series: &str) -> f64 {
        let recorded = self.lock();
        let counter = recorded.counters.get(series).map(|count| *count as f64);
        let value = counter.or_else(|| recorded.gauges.get(series).copied());
        value.unwrap_or_else(|| panic!("{series} was not written: {recorded:#?}"))
    }

    fn values(&self, series: &str) -> Vec<f64> {
        self.lock().histograms.get(series).cloned().unwrap_or_default()
    }

    /// The states whose gauge is not zero.
    fn states(&self, connection: &str) -> Vec<String> {
        let prefix = format!("connection_state{{connection={connection},state=");
        let gauges = self.gauges().into_iter().filter(|(_, value)| *value != 0.0);
        gauges.filter_map(|(name, _)| Some(name.strip_prefix(&prefix)?.trim_end_matches('}').to_owned())).collect()
    }

    fn gauges(&self) -> BTreeMap<String, f64> {
        self.lock().gauges.clone()
    }

    fn labels(&self) -> BTreeSet<(String, String)> {
        self.lock().labels.clone()
    }

    pub(crate) fn described(&self) -> BTreeSet<String> {
        self.lock().described.clone()
    }

    fn series(&self) -> usize {
        let recorded = self.lock();
        recorded.counters.len() + recorded.gauges.len() + recorded.histograms.len()
    }

    fn texts(&self) -> Vec<String> {
        let recorded = self.lock();
        let counters = recorded.counters.iter().map(|counter| format!("{counter:?}"));
        let gauges = recorded.gauges.iter().map(|gauge| format!("{gauge:?}"));
        counters.chain(gauges).chain(recorded.described.iter().cloned()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn of(&self, key: &Key) -> Arc<Series> {
        let labels: Vec<_> = key.labels().map(|label| (label.key().to_owned(), label.value().to_owned())).collect();
        let listed: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        self.lock().labels.extend(labels);
        Arc::new(Series { memory: self.clone(), name: format!("{}{{{}}}", key.name(), listed.join(",")) })
    }

    fn describe(&self, name: &KeyName) {
        self.lock().described.insert(name.as_str().to_owned());
    }
}

impl Recorder for Memory {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.of(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.of(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.of(key))
    }
}

impl CounterFn for Series {
    fn increment(&self, by: u64) {
        *self.memory.lock().counters.entry(self.name.clone()).or_default() += by;
    }

    fn absolute(&self, value: u64) {
        self.memory.lock().counters.insert(self.name.clone(), value);
    }
}

impl GaugeFn for Series {
    fn increment(&self, by: f64) {
        *self.memory.lock().gauges.entry(self.name.clone()).or_default() += by;
    }

    fn decrement(&self, by: f64) {
        *self.memory.lock().gauges.entry(self.name.clone()).or_default() -= by;
    }

    fn set(&self, value: f64) {
        self.memory.lock().gauges.insert(self.name.clone(), value);
    }
}

impl HistogramFn for Series {
    fn record(&self, value: f64) {
        self.memory.lock().histograms.entry(self.name.clone()).or_default().push(value);
    }
}
