//! Loading and checking 10 000 connections, and `toml` reading the same text into the same structs.
//!
//! `toml` alone gives the structs. The manager gives them with the place of every value for its messages, defaults laid
//! under each connection, names and keys checked, and everything declared in its registry.

use std::{
    collections::HashMap,
    env,
    fmt::Write as _,
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use connection_registry::{BoxError, ConnectContext, Connection, ConnectionManager, Secret, connection_type};
use connection_registry_benches::{Comparison, timed};
use serde::{Deserialize, Deserializer};

const CONNECTIONS: usize = 10_000;
const ROUNDS: usize = 21;

fn main() -> Result<(), BoxError> {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("load.toml");
    if let Some(way) = env::args().nth(1).and_then(|name| Way::ALL.into_iter().find(|way| way.name() == name)) {
        return print_peak(way, &file);
    }
    let text = text();
    fs::write(&file, &text)?;
    compare_times(&text, &file);
    compare_peaks(text.len())
}

/// A way of loading the file.
#[derive(Clone, Copy)]
enum Way {
    Toml,
    Text,
    File,
}

impl Way {
    const ALL: [Self; 3] = [Self::Toml, Self::Text, Self::File];

    fn name(self) -> &'static str {
        match self {
            Self::Toml => "toml::from_str",
            Self::Text => "ConnectionManager::builder().toml(text)",
            Self::File => "ConnectionManager::builder().file(path)",
        }
    }

    /// The time of one load, without that of dropping what it gave.
    fn load(self, text: &str, file: &Path) -> Duration {
        match self {
            Self::Toml => {
                let mut document = None;
                let took = timed(|| document = toml::from_str::<Document>(black_box(text)).ok());
                assert_eq!(document.map(|document| document.connections.len()), Some(CONNECTIONS));
                took
            }
            Self::Text => timed_manager(|| ConnectionManager::builder().toml(black_box(text))),
            Self::File => timed_manager(|| ConnectionManager::builder().file(file)),
        }
    }
}

fn timed_manager(builder: impl FnOnce() -> connection_registry::ConnectionManagerBuilder) -> Duration {
    let mut manager = None;
    let took = timed(|| manager = builder().environment([("", ""); 0]).build().ok());
    assert_eq!(manager.map(|manager| manager.names().len()), Some(CONNECTIONS));
    took
}

/// What the manager makes of each connection.
#[connection_type("service")]
#[allow(dead_code)]
struct Service {
    url: String,
    user: Option<String>,
    password: Secret,
    port: u16,
    max_connections: u32,
    tls: bool,
    timeout: Duration,
    jitter: f64,
    hosts: Vec<String>,
    pool: Option<Pool>,
    batch: Option<u64>,
}

impl Connection for Service {
    type Client = String;

    async fn connect(&self, _cx: &ConnectContext) -> Result<String, BoxError> {
        Ok(self.url.clone())
    }
}

/// The whole file, for `toml` alone. As in the manager, unknown keys are errors and durations are read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Document {
    defaults: HashMap<String, toml::Table>,
    connections: HashMap<String, Plain>,
}

/// The same fields, and the type's name. The keys that come from the defaults are not laid under: they are absent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Plain {
    r#type: String,
    url: String,
    user: Option<String>,
    password: String,
    port: u16,
    #[serde(default)]
    max_connections: u32,
    tls: bool,
    #[serde(deserialize_with = "duration")]
    timeout: Duration,
    jitter: f64,
    hosts: Vec<String>,
    pool: Option<Pool>,
    batch: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Pool {
    min: u32,
    max: u32,
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text).map_err(serde::de::Error::custom)
}

/// A file of 2.6 MB with about ten keys for each connection.
fn text() -> String {
    let mut text = String::from("[defaults.service]\nmax_connections = 8\n");
    for number in 0..CONNECTIONS {
        let _ = write!(
            text,
            "\n[connections.service-{number:05}]\ntype = \"service\"\nurl = \"https://host-{number:05}.example.com/api\"\n\
             user = \"application\"\npassword = \"a password of {number}\"\nport = {}\ntls = {}\ntimeout = \"1m 30s\"\n\
             jitter = 0.25\nhosts = [\"a-{number}.example.com\", \"b-{number}.example.com\"]\n",
            1024 + number,
            number % 2 == 0,
        );
        if number % 3 == 0 {
            text.push_str("pool = { min = 1, max = 16 }\n");
        }
    }
    text
}

fn compare_times(text: &str, file: &Path) {
    let mut comparison = Comparison::new();
    for way in Way::ALL {
        comparison.add(way.name(), move |_| way.load(text, file));
    }
    let size = text.len() as f64 / 1e6;
    comparison.run(&format!("loading {CONNECTIONS} connections, {size:.1} MB of TOML"), ROUNDS, 1);
}

/// Each way in a process of its own, since a peak never goes down.
#[allow(clippy::print_stdout)]
fn compare_peaks(size: usize) -> Result<(), BoxError> {
    println!("\nthe peak of a process that loads once; the text alone is {} kB", size / 1024);
    for way in Way::ALL {
        let output = Command::new(env::current_exe()?).arg(way.name()).output()?;
        println!("  {:<58} {:>10}", way.name(), String::from_utf8_lossy(&output.stdout).trim());
    }
    Ok(())
}

#[allow(clippy::print_stdout)]
fn print_peak(way: Way, file: &Path) -> Result<(), BoxError> {
    // A manager that loads a file reads it itself.
    let text = if matches!(way, Way::File) { String::new() } else { fs::read_to_string(file)? };
    way.load(&text, file);
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!("{}", peak.map_or("(known on Linux alone)", str::trim));
    Ok(())
}
