//! What `/metrics` says: the figures of the feature `metrics`, in formats that Prometheus reads.

use std::{
    collections::BTreeMap,
    io::Write,
    process::{Command, Stdio},
    time::Duration,
};

use axum::{
    body::Body,
    http::{Request, header},
};
use connection_registry::{ConnectionManager, status_page, testing::FakeClient};
use connection_registry_tests::manager;
use serde_json::Value;

use super::{Answer, ask};
use crate::metrics::Memory;

/// A scrape with the header that Prometheus 3 sends when it is told of these formats.
async fn scrape(connections: &ConnectionManager, accept: &str) -> Answer {
    let request = Request::get("/metrics").header(header::ACCEPT, accept).body(Body::empty()).unwrap();
    ask(&status_page::router(connections), request).await
}

const PROMETHEUS: &str = "text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

/// All values of the text format, by `name{label="value",…}`.
fn values(text: &str) -> BTreeMap<&str, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap()).map(|(series, value)| (series, value.parse().unwrap())).collect()
}

/// A connection that failed once and is checked, one that is degraded, tenants, an inserted client, and a name that must be
/// escaped.
async fn busy(journal: &str) -> ConnectionManager {
    let connections = manager(&format!(
        "[connections.db]\ntype = 'fake'\ndelay = '2s'\nconnect = ['error', 'ok']\ndisconnect = ['error']\njournal = '{journal}'\n\
         lifecycle.check_interval = '1h'\n\
         [connections.pool]\ntype = 'fake-pool'\ncheck = ['error']\n\
         lifecycle = {{ check_interval = '1h', check_fall = 1 }}\n\
         [connections.'tenant/{{id}}']\ntype = 'fake'\n\
         [connections.'a\"b\\c <script>']\ntype = 'fake'\nconnect = ['permanent']\n\
         [connections.off]\ntype = 'fake'\nenabled = false",
    ));
    connections.get::<FakeClient>("db").await.unwrap();
    connections.check("db").await.unwrap();
    connections.get::<FakeClient>("pool").await.unwrap();
    connections.check("pool").await.unwrap_err();
    connections.get::<FakeClient>("tenant/1").await.unwrap();
    connections.get::<FakeClient>("tenant/2").await.unwrap();
    connections.get::<FakeClient>("a\"b\\c <script>").await.unwrap_err();
    connections.insert("double", 5_u8).unwrap();
    connections
}

#[tokio::test(start_paused = true)]
async fn figures_are_told_by_label() {
    let connections = busy("figures by label").await;
    let _guard = connections.get::<FakeClient>("tenant/2").await.unwrap();
    tokio::time::advance(Duration::from_secs(3)).await;
    let answer = scrape(&connections, PROMETHEUS).await;
    assert_eq!(answer.header(header::CONTENT_TYPE), "text/plain; version=0.0.4; charset=utf-8");
    let found = values(&answer.body);
    for (series, expected) in [
        (r#"connection_up{connection="db"}"#, 1.0),
        (r#"connection_up{connection="pool"}"#, 1.0),
        (r#"connection_up{connection="tenant/{id}"}"#, 2.0),
        (r#"connection_up{connection="(inserted)"}"#, 1.0),
        (r#"connection_up{connection="a\"b\\c <script>"}"#, 0.0),
        (r#"connection_state{connection="pool",state="degraded"}"#, 1.0),
        (r#"connection_state{connection="pool",state="connected"}"#, 0.0),
        (r#"connection_state{connection="tenant/{id}",state="connected"}"#, 2.0),
        (r#"connection_generation{connection="db"}"#, 1.0),
        (r#"connection_guards{connection="tenant/{id}"}"#, 1.0),
        (r#"connection_last_check_age_seconds{connection="pool"}"#, 3.0),
        (r#"connection_attempts_total{connection="db"}"#, 2.0),
        (r#"connection_failures_total{connection="db",kind="connect_failed"}"#, 1.0),
        (r#"connection_failures_total{connection="pool",kind="check_failed"}"#, 1.0),
        (r#"connection_connect_seconds_count{connection="db",result="ok"}"#, 1.0),
        (r#"connection_connect_seconds_sum{connection="db",result="failed"}"#, 2.0),
        (r#"connection_connect_seconds_bucket{connection="db",result="ok",le="1"}"#, 0.0),
        (r#"connection_connect_seconds_bucket{connection="db",result="ok",le="2.5"}"#, 1.0),
        (r#"connection_check_seconds_count{connection="pool",result="failed"}"#, 1.0),
    ] {
        assert_eq!(found.get(series), Some(&expected), "{series} in {}", answer.body);
    }
    assert!(!answer.body.contains("\"off\""), "what is disabled has no series");
    connections.disconnect("db").await.unwrap_err();
    let answer = scrape(&connections, PROMETHEUS).await;
    let failed = r#"connection_failures_total{connection="db",kind="disconnect_failed"}"#;
    assert_eq!(values(&answer.body).get(failed), Some(&1.0));
}

#[tokio::test(start_paused = true)]
async fn figures_and_names_are_those_of_the_feature_metrics() {
    let recorder = Memory::default();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let connections = busy("figures and the facade").await;
    connections.record_metrics();
    let answer = scrape(&connections, PROMETHEUS).await;
    let types = answer.body.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    assert_eq!(types.map(str::to_owned).collect::<std::collections::BTreeSet<_>>(), recorder.described());
    let mut compared = 0;
    for (series, value) in values(&answer.body) {
        // A state in which nothing was has no series there; histograms have other parts; escapes are the format's.
        let was_never_so = series.contains("connection_state") && value == 0.0;
        if !was_never_so && !series.contains("_seconds_") && !series.contains('\\') {
            assert_eq!(recorder.value(&series.replace('"', "")), value, "{series}");
            compared += 1;
        }
    }
    assert!(compared > 20, "{compared}");
}

#[tokio::test(start_paused = true)]
async fn names_that_are_gone_are_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("connections.toml");
    std::fs::write(&file, "connections.old = { type = 'fake' }").unwrap();
    let connections = ConnectionManager::from_file(&file).unwrap();
    connections.get::<FakeClient>("old").await.unwrap();
    assert!(scrape(&connections, PROMETHEUS).await.body.contains("\"old\""));
    std::fs::write(&file, "connections.new = { type = 'fake' }").unwrap();
    connections.reload().await.unwrap();
    connections.get::<FakeClient>("new").await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let text = scrape(&connections, PROMETHEUS).await.body;
    assert!(text.contains("\"new\"") && !text.contains("\"old\""), "{text}");
}

#[tokio::test(start_paused = true)]
async fn prometheus_own_parser_reads_both_formats() {
    let connections = busy("figures read by a parser").await;
    let prometheus = scrape(&connections, PROMETHEUS).await.body;
    let open_metrics = scrape(&connections, OPEN_METRICS).await;
    assert_eq!(open_metrics.header(header::CONTENT_TYPE), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(open_metrics.body.ends_with("# EOF\n"));
    for (module, text) in
        [("prometheus_client.parser", &prometheus), ("prometheus_client.openmetrics.parser", &open_metrics.body)]
    {
        let Some(samples) = parse(module, text) else { return };
        let value = |name: &str, labels: Value| {
            let sample = samples.iter().find(|sample| sample["name"] == name && sample["labels"] == labels);
            sample.unwrap_or_else(|| panic!("{module} found no {name} {labels} in {text}"))["value"].clone()
        };
        assert_eq!(value("connection_up", serde_json::json!({ "connection": "a\"b\\c <script>" })), 0.0);
        assert_eq!(value("connection_attempts_total", serde_json::json!({ "connection": "db" })), 2.0);
        let bucket = serde_json::json!({ "connection": "db", "result": "ok", "le": "+Inf" });
        assert_eq!(value("connection_connect_seconds_bucket", bucket), 1.0);
        assert!(samples.len() > 40, "{}", samples.len());
    }
}

/// What the parser of the PyPI package finds; `None` where it is not installed.
fn parse(module: &str, text: &str) -> Option<Vec<Value>> {
    let python = python()?;
    let mut command = Command::new(python);
    command.args(["-c", PARSER, module]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[cfg(target_os = "linux")]
fn python() -> Option<std::path::PathBuf> {
    use connection_registry_tests::service::{find, skip};

    let python = find("python3");
    let has_it = |python: &std::path::PathBuf| {
        Command::new(python).args(["-c", "import prometheus_client"]).output().is_ok_and(|done| done.status.success())
    };
    let found = python.filter(has_it);
    if found.is_none() {
        skip("the parser of Prometheus is not installed (PyPI package prometheus-client)");
    }
    found
}

#[cfg(not(target_os = "linux"))]
fn python() -> Option<std::path::PathBuf> {
    None
}

const PARSER: &str = "
import importlib, json, sys
parse = importlib.import_module(sys.argv[1]).text_string_to_metric_families
samples = [sample for family in parse(sys.stdin.read()) for sample in family.samples]
print(json.dumps([{'name': s.name, 'labels': s.labels, 'value': s.value} for s in samples]))
";
