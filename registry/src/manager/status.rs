//! What all connections do at this moment, as plain data.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use serde::Serialize;

use super::{
    connections::ConnectionManager,
    events::OneLine,
    shared::Shared,
    start::blocks_readiness,
    times::{maybe_seconds, seconds, short},
};
use crate::{
    config::Declared,
    error::Error,
    registry::{ConnectionState, Entry, LastCheck},
};

/// What all connections do at one moment: what [`ConnectionManager::status`] gives.
///
/// It holds names, words of this crate and times, and no value of the configuration. In JSON all times are seconds, and
/// their keys end in `_secs`. Its `Display` is a table for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// How long the manager has been there.
    #[serde(rename = "uptime_secs", serialize_with = "seconds")]
    pub uptime: Duration,
    /// Whether the application can do its work: as [`ConnectionManager::ready`] says it, at this moment.
    pub ready: bool,
    /// Whether nothing is given out, because all connections are being closed, or were for good.
    pub closing: bool,
    /// All connections, disabled ones included, sorted by name.
    pub connections: Vec<ConnectionStatus>,
}

/// What one connection does.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConnectionStatus {
    /// Its name.
    pub name: String,
    /// The type that the configuration gives it; `None` for a name that is not declared.
    pub connection_type: Option<String>,
    /// The template that it was made from; `None` for one that is declared by its name, and for one that is not declared.
    pub template: Option<String>,
    /// The Rust type of its client; `None` when the type is not linked.
    pub client_type: Option<&'static str>,
    /// `file:line:column` of its name in the configuration; `None` for a name that is not declared.
    pub declared_at: Option<String>,
    /// False for one that is declared with `enabled = false`.
    pub enabled: bool,
    /// Whether the present client was put in by [`insert`](ConnectionManager::insert).
    pub inserted: bool,
    /// What it does.
    pub state: ConnectionState,
    /// How long it has been in that state.
    #[serde(rename = "since_secs", serialize_with = "seconds")]
    pub since: Duration,
    /// How many clients it has had, the present one included.
    pub generation: u64,
    /// How old the present client is.
    #[serde(rename = "age_secs", serialize_with = "maybe_seconds")]
    pub age: Option<Duration>,
    /// How many guards of the present client are out.
    pub guards: usize,
    /// How many attempts in a row have failed.
    pub failures: u32,
    /// Why the last attempt failed, or what speaks against the present client: the text of the [`Error`](crate::Error).
    pub cause: Option<String>,
    /// In how long the next attempt may be made, after one that failed. Zero: the next `get` makes one. `None` while there
    /// is nothing to try, and when the failure is [`permanent`](Self::permanent).
    #[serde(rename = "next_retry_secs", serialize_with = "maybe_seconds")]
    pub next_retry: Option<Duration>,
    /// The connection type says that another attempt cannot help: none is made before a reload, a
    /// [`disconnect`](ConnectionManager::disconnect), or a `get` for which a placeholder stands for something else.
    pub permanent: bool,
    /// The last health check.
    pub last_check: Option<CheckStatus>,
    /// `lifecycle.start`: `lazy` or `eager`; `None` for a name that is not declared.
    pub start: Option<&'static str>,
    /// `lifecycle.required`; false for a name that is not declared.
    pub required: bool,
    /// Whether it is why the application is not [`ready`](ConnectionManager::ready).
    pub blocks_readiness: bool,
    /// The names of the connections that it refers to, as far as they are known; sorted.
    pub depends_on: Vec<String>,
    /// Whether an attempt is under way to make the next client beside the present one.
    pub replacing: bool,
    /// How many earlier clients still wait for their guards.
    pub draining: usize,
}

/// One health check.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CheckStatus {
    /// How long ago it ended.
    #[serde(rename = "age_secs", serialize_with = "seconds")]
    pub age: Duration,
    /// How long it took.
    #[serde(rename = "took_secs", serialize_with = "seconds")]
    pub took: Duration,
    /// Whether the client passed it.
    pub passed: bool,
}

impl ConnectionManager {
    /// What all connections do at this moment. Does no I/O and waits for nothing; takes some milliseconds for 10 000 names.
    ///
    /// Each connection is looked at by itself: what it says of one is right, while two may be a moment apart.
    ///
    /// ```
    /// # fn main() -> Result<(), connection_registry::BoxError> {
    /// use connection_registry::{ConnectionManager, ConnectionState};
    ///
    /// let connections = ConnectionManager::builder().build()?;
    /// connections.insert("greeting", String::from("hello"))?;
    /// let status = connections.status();
    /// let greeting = status.get("greeting").ok_or("it was inserted")?;
    /// assert_eq!((greeting.state, greeting.guards), (ConnectionState::Connected, 0));
    /// assert_eq!(greeting.client_type, Some("alloc::string::String"));
    /// println!("{status}"); // or any serializer of serde
    /// # Ok(()) }
    /// ```
    pub fn status(&self) -> Status {
        self.shared.status()
    }
}

impl Status {
    /// The connection called `name`.
    pub fn get(&self, name: &str) -> Option<&ConnectionStatus> {
        let found = self.connections.binary_search_by(|connection| connection.name.as_str().cmp(name));
        found.ok().map(|at| &self.connections[at])
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<_> = self.connections.iter().map(ConnectionStatus::cells).collect();
        let header = HEADER.map(str::to_owned);
        let rows: Vec<_> = std::iter::once(&header).chain(&rows).collect();
        let widths: [usize; COLUMNS] =
            std::array::from_fn(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or_default());
        for (number, row) in rows.iter().enumerate() {
            let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            write!(f, "{}{}", if number == 0 { "" } else { "\n" }, line.trim_end())?;
        }
        Ok(())
    }
}

impl ConnectionStatus {
    /// A row of the table.
    fn cells(&self) -> [String; COLUMNS] {
        let retry = match self.next_retry {
            _ if self.permanent => "(not tried again) ".to_owned(),
            Some(pause) if !pause.is_zero() => format!("(next attempt in {}) ", short(pause)),
            _ => String::new(),
        };
        let cause = self.cause.as_ref().map(|cause| format!("{retry}{}", OneLine(cause)));
        [
            self.name.clone(),
            self.connection_type.clone().unwrap_or_else(|| "-".to_owned()),
            if self.enabled { self.state.as_str() } else { "disabled" }.to_owned(),
            short(self.since),
            self.generation.to_string(),
            self.guards.to_string(),
            cause.unwrap_or_default(),
        ]
    }
}

impl Shared {
    fn status(&self) -> Status {
        let (configuration, now) = (self.configuration(), self.now());
        let mut draining: HashMap<Arc<str>, usize> = HashMap::new();
        self.drains.list().into_iter().for_each(|drain| *draining.entry(drain.name).or_default() += 1);
        let mut connections: Vec<_> = self
            .registry
            .entries()
            .iter()
            .map(|entry| {
                let draining = draining.get(entry.name()).copied().unwrap_or_default();
                of_entry(entry, configuration.declaration(entry.name()), draining, now)
            })
            .collect();
        let disabled = configuration.connections().iter().filter(|declared| !declared.enabled);
        let disabled = disabled.filter(|declared| !self.registry.contains(&declared.name));
        let disabled: Vec<_> = disabled.map(|declared| of_disabled(declared, now)).collect();
        connections.extend(disabled);
        connections.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        // What was inserted between the two looks.
        connections.dedup_by(|a, b| a.name == b.name);
        let closing = self.registry.is_sealed();
        let ready = !closing && !connections.iter().any(|connection| connection.blocks_readiness);
        Status { uptime: now, ready, closing, connections }
    }
}

/// The texts are made once the lock is free.
fn of_entry(entry: &Entry, declared: Option<&Declared>, draining: usize, now: Duration) -> ConnectionStatus {
    let state = entry.lock();
    let (client, retry_at) = (state.slot.client(), state.slot.retry_at());
    let looks = Looks {
        state: state.slot.state(),
        since: now.saturating_sub(state.told.since),
        generation: state.slot.generation(),
        age: client.map(|client| now.saturating_sub(client.connected_at)),
        inserted: client.is_some_and(|client| client.origin.is_none()),
        client_type: client.map(|client| client.client_type.name),
        guards: state.guards(),
        failures: state.slot.failures(),
        failure: state.slot.failure().cloned(),
        retry_at,
        last_check: state.last_check,
        replacing: state.slot.replacing().is_some(),
        draining,
        blocks_readiness: declared.is_some_and(|declared| blocks_readiness(declared, &state)),
    };
    drop(state);
    let mut depends_on: Vec<_> = entry.dependencies().iter().map(ToString::to_string).collect();
    depends_on.sort_unstable();
    looks.status(entry.name(), declared, depends_on, now)
}

fn of_disabled(declared: &Declared, now: Duration) -> ConnectionStatus {
    let mut depends_on: Vec<_> = declared.references.iter().map(|reference| reference.target.to_string()).collect();
    depends_on.sort_unstable();
    let looks = Looks { since: now, ..Looks::default() };
    looks.status(&declared.name, Some(declared), depends_on, now)
}

/// What is copied under the lock of an entry. The default is what nothing has happened to.
struct Looks {
    state: ConnectionState,
    since: Duration,
    generation: u64,
    age: Option<Duration>,
    inserted: bool,
    client_type: Option<&'static str>,
    guards: usize,
    failures: u32,
    failure: Option<Error>,
    retry_at: Option<(Duration, bool)>,
    last_check: Option<LastCheck>,
    replacing: bool,
    draining: usize,
    blocks_readiness: bool,
}

impl Default for Looks {
    fn default() -> Self {
        Self {
            state: ConnectionState::Declared,
            since: Duration::ZERO,
            generation: 0,
            age: None,
            inserted: false,
            client_type: None,
            guards: 0,
            failures: 0,
            failure: None,
            retry_at: None,
            last_check: None,
            replacing: false,
            draining: 0,
            blocks_readiness: false,
        }
    }
}

impl Looks {
    fn status(
        self,
        name: &Arc<str>,
        declared: Option<&Declared>,
        depends_on: Vec<String>,
        now: Duration,
    ) -> ConnectionStatus {
        let permanent = self.retry_at.is_some_and(|(_, permanent)| permanent);
        ConnectionStatus {
            name: name.to_string(),
            connection_type: declared.map(|declared| declared.type_name.to_string()),
            template: declared.filter(|declared| declared.is_template()).map(|declared| declared.name.to_string()),
            client_type: self.client_type.or_else(|| declared.and_then(|declared| declared.client_type_name)),
            declared_at: declared.map(Declared::declared_at),
            enabled: declared.is_none_or(|declared| declared.enabled),
            inserted: self.inserted,
            state: self.state,
            since: self.since,
            generation: self.generation,
            age: self.age,
            guards: self.guards,
            failures: self.failures,
            cause: self.failure.as_ref().map(ToString::to_string),
            next_retry: self.retry_at.filter(|_| !permanent).map(|(at, _)| at.saturating_sub(now)),
            permanent,
            last_check: self.last_check.map(|check| CheckStatus {
                age: now.saturating_sub(check.at),
                took: check.took,
                passed: check.passed,
            }),
            start: declared.map(|declared| declared.lifecycle.start.as_str()),
            required: declared.is_some_and(|declared| declared.lifecycle.required),
            blocks_readiness: self.blocks_readiness,
            depends_on,
            replacing: self.replacing,
            draining: self.draining,
        }
    }
}

const COLUMNS: usize = 7;
const HEADER: [&str; COLUMNS] = ["CONNECTION", "TYPE", "STATE", "FOR", "CLIENTS", "GUARDS", "CAUSE"];
