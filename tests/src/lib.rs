//! What the behaviour tests share: a connection type that does what its configuration says, and remembers it.

pub mod proof;
pub mod proxy;
#[cfg(target_os = "linux")]
pub mod service;

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use connection_registry::{
    BoxError, ConnectContext, ConnectError, Connection, ConnectionManager, ConnectionRef, Secret, connection_type,
};

/// A connection that follows a script.
#[connection_type("probe")]
#[derive(Debug)]
pub struct Probe {
    /// Names the record that the test reads.
    record: String,
    /// What each attempt does, in turn; the last one goes on for ever.
    #[serde(default = "succeed")]
    connect: Vec<Step>,
    /// What the goodbye does.
    #[serde(default = "Step::default")]
    disconnect: Step,
    /// How long each step takes before it acts.
    #[serde(default)]
    delay: Duration,
    /// Another connection that this one needs.
    needs: Option<ConnectionRef<ProbeClient>>,
    /// And another.
    also_needs: Option<ConnectionRef<ProbeClient>>,
    /// Held and never shown.
    #[serde(default)]
    password: Secret,
    /// Repeated by a failing connect, as careless drivers do.
    #[serde(default)]
    url: String,
}

/// What a step of a script does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, connection_registry::serde::Deserialize)]
#[serde(crate = "connection_registry::serde", rename_all = "kebab-case")]
pub enum Step {
    /// Succeeds.
    #[default]
    Ok,
    /// Fails, and may succeed later.
    Fail,
    /// Fails, and says that trying again cannot help.
    FailForGood,
    /// Panics.
    Panic,
    /// Never ends.
    Never,
    /// Blocks its thread for a while, and succeeds.
    Block,
    /// Fails with an error that repeats password and URL.
    Leak,
}

/// What a probe's connect gives.
#[derive(Debug)]
pub struct ProbeClient {
    /// The attempt that made it, from 1.
    pub attempt: usize,
    record: Arc<Record>,
}

/// What happened to the probes of one record.
#[derive(Default)]
pub struct Record {
    attempts: AtomicUsize,
    dropped: AtomicUsize,
    events: Mutex<Vec<String>>,
}

impl Connection for Probe {
    type Client = ProbeClient;

    async fn connect(&self, cx: &ConnectContext) -> Result<ProbeClient, BoxError> {
        let record = Record::of(&self.record);
        let attempt = record.attempts.fetch_add(1, Ordering::SeqCst) + 1;
        for reference in self.needs.iter().chain(&self.also_needs) {
            cx.get(reference).await?;
        }
        tokio::time::sleep(self.delay).await;
        let step = self.connect.get(attempt - 1).or(self.connect.last()).copied().unwrap_or_default();
        self.act(step).await?;
        record.note(format!("connected {}", cx.name()));
        Ok(ProbeClient { attempt, record })
    }

    async fn disconnect(&self, client: &ProbeClient) -> Result<(), BoxError> {
        tokio::time::sleep(self.delay).await;
        client.record.note(format!("disconnecting {}", self.record));
        self.act(self.disconnect).await
    }
}

impl Probe {
    async fn act(&self, step: Step) -> Result<(), BoxError> {
        match step {
            Step::Ok => Ok(()),
            Step::Fail => Err("the other side said no".into()),
            Step::FailForGood => Err(ConnectError::permanent("the password is wrong").into()),
            Step::Panic => panic!("a panic of the probe {}", self.record),
            Step::Never => std::future::pending().await,
            Step::Block => {
                std::thread::sleep(Duration::from_secs(3));
                Ok(())
            }
            Step::Leak => Err(format!("no login at {} with {}", self.url, self.password.expose()).into()),
        }
    }
}

impl Drop for ProbeClient {
    fn drop(&mut self) {
        self.record.dropped.fetch_add(1, Ordering::SeqCst);
    }
}

impl Record {
    /// The record called `name`; use a name of the test's own.
    pub fn of(name: &str) -> Arc<Self> {
        let mut records = RECORDS.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(records.entry(name.to_owned()).or_default())
    }

    /// How often a connect was begun.
    pub fn attempts(&self) -> usize {
        self.attempts.load(Ordering::SeqCst)
    }

    /// How many clients were dropped.
    pub fn dropped(&self) -> usize {
        self.dropped.load(Ordering::SeqCst)
    }

    /// What happened, in order.
    pub fn events(&self) -> Vec<String> {
        self.lock().clone()
    }

    fn note(&self, event: String) {
        self.lock().push(event);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("attempts", &self.attempts()).field("events", &self.events()).finish()
    }
}

/// A secret that is searched for in outputs: every character in it is written otherwise somewhere.
pub const CANARY: &str = "c4nary/P@ss w0rd?#";

/// A manager of the connections in `toml`, with no environment.
///
/// # Panics
///
/// When the configuration is invalid.
pub fn manager(toml: &str) -> ConnectionManager {
    let nothing: [(&str, &str); 0] = [];
    let built = ConnectionManager::builder().toml(toml).environment(nothing).build();
    built.unwrap_or_else(|error| panic!("{}", error.render()))
}

/// The error of a configuration that must not load.
///
/// # Panics
///
/// When it loads.
pub fn refused(toml: &str) -> connection_registry::Error {
    let nothing: [(&str, &str); 0] = [];
    match ConnectionManager::builder().toml(toml).environment(nothing).build() {
        Ok(_) => panic!("the configuration was accepted"),
        Err(error) => error,
    }
}

/// [`CANARY`] as it is, percent-encoded, in base64, and the longest word of it.
pub fn canary_forms() -> [String; 4] {
    let encoded: String = CANARY
        .bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect();
    [CANARY.to_owned(), encoded, "YzRuYXJ5L1BAc3MgdzByZD8j".to_owned(), "c4nary".to_owned()]
}

fn succeed() -> Vec<Step> {
    vec![Step::Ok]
}

static RECORDS: LazyLock<Mutex<HashMap<String, Arc<Record>>>> = LazyLock::new(Mutex::default);
