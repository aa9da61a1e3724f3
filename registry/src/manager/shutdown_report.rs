//! [`ShutdownReport`]: what a shutdown closed, and what it did not.

use std::{fmt, sync::Arc, time::Duration};

use serde::{Serialize, Serializer};

use super::{
    disconnect::failures_of_all,
    times::{maybe_seconds, readable, seconds},
};
use crate::error::{Error, ErrorKind, Result};

/// What [`ConnectionManager::shutdown`](crate::ConnectionManager::shutdown) did: what is closed, and what lags behind.
///
/// `Display` is for people, a line for each laggard. As JSON, durations are seconds:
///
/// ```json
/// {
///   "clean": false, "took_secs": 5.0, "closed": ["cache"],
///   "laggards": [{ "name": "primary_db", "guards": 2, "age_secs": 61.5, "error": null }]
/// }
/// ```
#[derive(Clone)]
pub struct ShutdownReport(Arc<Inner>);

/// A client that is not gone, or not gone well.
#[derive(Clone, Serialize)]
pub struct Laggard {
    name: String,
    guards: usize,
    #[serde(rename = "age_secs", serialize_with = "maybe_seconds")]
    age: Option<Duration>,
    #[serde(serialize_with = "text_if_any")]
    error: Option<Error>,
}

#[derive(Serialize)]
struct Inner {
    clean: bool,
    #[serde(rename = "took_secs", serialize_with = "seconds")]
    took: Duration,
    closed: Vec<String>,
    laggards: Vec<Laggard>,
}

impl ShutdownReport {
    /// `names` are those of all clients; one with a laggard does not count as closed.
    pub(super) fn new(took: Duration, names: Vec<String>, mut laggards: Vec<Laggard>) -> Self {
        laggards.sort_by(|a, b| (&a.name, a.age).cmp(&(&b.name, b.age)));
        let lags = |name: &String| laggards.binary_search_by(|laggard| laggard.name.cmp(name)).is_ok();
        let mut closed: Vec<_> = names.into_iter().filter(|name| !lags(name)).collect();
        closed.sort_unstable();
        closed.dedup();
        Self(Arc::new(Inner { clean: laggards.is_empty(), took, closed, laggards }))
    }

    /// Whether every client was told goodbye without an error, and no guard was left.
    pub fn is_clean(&self) -> bool {
        self.0.clean
    }

    /// How long it took.
    pub fn took(&self) -> Duration {
        self.0.took
    }

    /// The names of the connections that were up, or on their way out, and closed well, sorted.
    pub fn closed(&self) -> &[String] {
        &self.0.closed
    }

    /// The clients that did not close well or in time, and those whose guards are still out, sorted by name. A name can
    /// be here more than once: for its current client, and for those that were replaced before.
    pub fn laggards(&self) -> &[Laggard] {
        &self.0.laggards
    }

    /// For programs that end with an error unless all closed well.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DisconnectFailed`], with one error for each laggard in [`Error::errors`].
    pub fn into_result(self) -> Result<()> {
        failures_of_all(self.laggards().iter().map(Laggard::to_error).collect())
    }

    pub(super) fn log(&self) {
        for Laggard { name, guards, age, error } in self.laggards() {
            let error = error.as_ref().map(ToString::to_string);
            tracing::warn!(connection = %name, guards, ?age, error, "the connection did not close well");
        }
        let (closed, laggards) = (self.closed().len(), self.laggards().len());
        tracing::info!(closed, laggards, took = ?self.took(), "all connections are shut down");
    }
}

impl Laggard {
    pub(super) fn new(name: &str, guards: usize, age: Option<Duration>, error: Option<Error>) -> Self {
        Self { name: name.to_owned(), guards, age, error }
    }

    /// The name of the connection.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many guards still hold the client.
    pub fn guards(&self) -> usize {
        self.guards
    }

    /// How long ago the client was connected; no guard of it is older. `None` for a client that was inserted.
    pub fn age(&self) -> Option<Duration> {
        self.age
    }

    /// What went wrong with the goodbye. `None` when it was said well, and only guards are left.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    fn to_error(&self) -> Error {
        self.error
            .clone()
            .unwrap_or_else(|| Error::new(ErrorKind::DisconnectFailed, format!("{self}")).for_connection(&self.name))
    }
}

impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connections = if self.closed().len() == 1 { "connection" } else { "connections" };
        write!(f, "{} {connections} closed in {}", self.closed().len(), readable(self.took()))?;
        match self.laggards().len() {
            0 => Ok(()),
            lagging => {
                write!(f, ", {lagging} did not close well:")?;
                self.laggards().iter().try_for_each(|laggard| write!(f, "\n  {laggard}"))
            }
        }
    }
}

impl fmt::Display for Laggard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, guards, age, error } = self;
        match error {
            // It names the connection.
            Some(error) => write!(f, "{error}")?,
            None => write!(f, "connection `{name}` is closed")?,
        }
        if *guards > 0 {
            let but = if error.is_some() { ";" } else { ", but" };
            let are = if *guards == 1 { "guard is" } else { "guards are" };
            write!(f, "{but} {guards} {are} still out")?;
        }
        age.iter().try_for_each(|age| write!(f, " (connected {} ago)", readable(*age)))
    }
}

impl fmt::Debug for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Laggard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ShutdownReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

fn text_if_any<S: Serializer>(error: &Option<Error>, serializer: S) -> Result<S::Ok, S::Error> {
    error.as_ref().map(ToString::to_string).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> ShutdownReport {
        let names = ["a", "b", "held", "b", "failed"].map(str::to_owned).to_vec();
        let error = Error::new(ErrorKind::DisconnectFailed, "connection `failed` failed").for_connection("failed");
        let held = Laggard::new("held", 2, Some(Duration::from_micros(1_500_100)), None);
        ShutdownReport::new(
            Duration::from_millis(2500),
            names,
            vec![held, Laggard::new("failed", 1, None, Some(error))],
        )
    }

    #[test]
    fn a_report_is_a_line_for_each_laggard() {
        let text = "2 connections closed in 2s 500ms, 2 did not close well:\n  \
                    connection `failed` failed; 1 guard is still out\n  \
                    connection `held` is closed, but 2 guards are still out (connected 1s 501ms ago)";
        assert_eq!(report().to_string(), text);
        let clean = ShutdownReport::new(Duration::from_secs(1), vec!["a".to_owned()], Vec::new());
        assert_eq!(clean.to_string(), "1 connection closed in 1s");
    }

    #[test]
    fn a_report_becomes_an_error_with_one_for_each_laggard() {
        let error = report().into_result().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DisconnectFailed);
        let names: Vec<_> = error.errors().iter().filter_map(Error::connection).collect();
        assert_eq!(names, ["failed", "held"]);
        assert!(error.to_string().contains("2 guards are still out"), "{error}");
        assert!(ShutdownReport::new(Duration::ZERO, Vec::new(), Vec::new()).into_result().is_ok());
    }

    #[cfg(feature = "diagnostics")]
    #[test]
    fn a_report_is_plain_data_as_json() {
        let json = serde_json::to_string(&report()).unwrap();
        let expected = "{\"clean\":false,\"took_secs\":2.5,\"closed\":[\"a\",\"b\"],\"laggards\":[\
            {\"name\":\"failed\",\"guards\":1,\"age_secs\":null,\"error\":\"connection `failed` failed\"},\
            {\"name\":\"held\",\"guards\":2,\"age_secs\":1.5001,\"error\":null}]}";
        assert_eq!(json, expected);
    }
}
