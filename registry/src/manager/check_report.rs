//! [`CheckReport`]: what came of checking all connections.

use std::{fmt, time::Duration};

use serde::{Serialize, Serializer, ser::SerializeStruct};

use super::times::readable;
use crate::error::{Error, ErrorKind, Result};

/// What [`check_all`](crate::ConnectionManager::check_all) found: a result for each connection, sorted by name.
///
/// `Display` is a line for each. Serialized it is `{ "ok": false, "results": [ … ] }`.
#[derive(Clone, Debug)]
#[must_use = "it says which connections failed"]
pub struct CheckReport {
    results: Vec<CheckResult>,
}

/// What came of checking one connection.
///
/// Serialized it is `{ "name": "primary_db", "took_secs": 0.012, "error": null }`: seconds, and the text of the error.
#[derive(Clone, Debug)]
pub struct CheckResult {
    name: String,
    took: Duration,
    error: Option<Error>,
}

impl CheckReport {
    pub(super) fn new(results: Vec<CheckResult>) -> Self {
        Self { results }
    }

    /// Whether all connections passed. True when there are none.
    pub fn is_ok(&self) -> bool {
        self.results.iter().all(|result| result.error.is_none())
    }

    /// One for each connection, sorted by name.
    pub fn results(&self) -> &[CheckResult] {
        &self.results
    }

    /// The failures as one error.
    ///
    /// # Errors
    ///
    /// [`CheckFailed`](ErrorKind::CheckFailed) when a connection did not pass, with the error of each in
    /// [`Error::errors`]. It is retryable when all of them are.
    pub fn into_result(self) -> Result<()> {
        let checked = self.results.len();
        let failures: Vec<Error> = self.results.into_iter().filter_map(|result| result.error).collect();
        if failures.is_empty() {
            return Ok(());
        }
        let message = format!("{} of {checked} connections did not pass their check", failures.len());
        let retryable = failures.iter().all(Error::is_retryable);
        Err(Error::new(ErrorKind::CheckFailed, message).retryable(retryable).related(failures))
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, result) in self.results.iter().enumerate() {
            let line_end = if number == 0 { "" } else { "\n" };
            write!(f, "{line_end}{result}")?;
        }
        Ok(())
    }
}

impl Serialize for CheckReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("CheckReport", 2)?;
        report.serialize_field("ok", &self.is_ok())?;
        report.serialize_field("results", &self.results)?;
        report.end()
    }
}

impl<'r> IntoIterator for &'r CheckReport {
    type Item = &'r CheckResult;
    type IntoIter = std::slice::Iter<'r, CheckResult>;

    fn into_iter(self) -> Self::IntoIter {
        self.results().iter()
    }
}

impl CheckResult {
    pub(super) fn new(name: String, took: Duration, error: Option<Error>) -> Self {
        Self { name, took, error }
    }

    /// The name of the connection.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long it took, connecting included.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Why it did not pass.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }
}

impl fmt::Display for CheckResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, took) = (&self.name, readable(self.took));
        match &self.error {
            None => write!(f, "{name}: ok ({took})"),
            Some(error) => write!(f, "{name}: {error} ({took})"),
        }
    }
}

impl Serialize for CheckResult {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut result = serializer.serialize_struct("CheckResult", 3)?;
        result.serialize_field("name", &self.name)?;
        result.serialize_field("took_secs", &self.took.as_secs_f64())?;
        result.serialize_field("error", &self.error.as_ref().map(ToString::to_string))?;
        result.end()
    }
}
