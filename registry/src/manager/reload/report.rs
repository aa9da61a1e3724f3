//! What came of a reload.

use std::{fmt, sync::Arc, time::Duration};

use serde::{Serialize, Serializer};
use tokio::time::Instant;

use crate::{
    error::{Error, Result},
    manager::times::seconds,
};

/// What a reload did: every connection that is enabled, or was, is in exactly one of the lists.
///
/// Its `Display` is one line of counts and one for each failure. Serialized, `took_secs` is in seconds and an error is its
/// text. There is no secret of the configuration in it, and no value. A clone shares the lists.
#[derive(Clone, Default)]
pub struct ReloadReport(Arc<Lists>);

/// What came of each name, sorted once the reload is over.
#[derive(Debug, Default, Serialize)]
pub(super) struct Lists {
    unchanged: Vec<String>,
    rebuilt: Vec<String>,
    updated: Vec<String>,
    added: Vec<String>,
    removed: Vec<String>,
    failed: Vec<ReloadFailure>,
    #[serde(rename = "took_secs", serialize_with = "seconds")]
    took: Duration,
}

impl ReloadReport {
    /// Those that nothing was done to: what they say is what it was.
    pub fn unchanged(&self) -> &[String] {
        &self.0.unchanged
    }

    /// Those that have a new client, because they have changed or because a connection that they refer to was rebuilt.
    pub fn rebuilt(&self) -> &[String] {
        &self.0.rebuilt
    }

    /// Those that have changed without a new client: it took the change in place, only `lifecycle` has changed, or there
    /// was no client and the next one will be made by the new declaration.
    pub fn updated(&self) -> &[String] {
        &self.0.updated
    }

    /// Those that are new, or are enabled again.
    pub fn added(&self) -> &[String] {
        &self.0.added
    }

    /// Those that are gone, or are disabled now.
    pub fn removed(&self) -> &[String] {
        &self.0.removed
    }

    /// Those that could not be brought in line. They keep the client that they have, which goes on serving, unless
    /// `lifecycle.replace` is `"break-first"`.
    pub fn failed(&self) -> &[ReloadFailure] {
        &self.0.failed
    }

    /// Whether nothing failed.
    pub fn is_clean(&self) -> bool {
        self.0.failed.is_empty()
    }

    /// How long it took.
    pub fn took(&self) -> Duration {
        self.0.took
    }

    /// One line of counts.
    pub(super) fn summary(&self) -> String {
        self.0.summary()
    }
}

impl Lists {
    /// The name `name` came out as `fate`.
    pub(super) fn add(&mut self, name: &str, fate: Fate) {
        let list = match fate {
            Fate::Unchanged => &mut self.unchanged,
            Fate::Rebuilt => &mut self.rebuilt,
            Fate::Updated => &mut self.updated,
            Fate::Added => &mut self.added,
            Fate::Removed => &mut self.removed,
            Fate::Failed(error) => return self.failed.push(ReloadFailure { name: name.to_owned(), error }),
        };
        list.push(name.to_owned());
    }

    /// Takes those out of which more is known now.
    pub(super) fn take_out(&mut self, is_known: impl Fn(&str) -> bool) {
        for list in [&mut self.unchanged, &mut self.rebuilt, &mut self.updated, &mut self.added, &mut self.removed] {
            list.retain(|name| !is_known(name));
        }
        self.failed.retain(|failure| !is_known(&failure.name));
    }

    pub(super) fn complete(mut self, took: Duration) -> ReloadReport {
        for list in [&mut self.unchanged, &mut self.rebuilt, &mut self.updated, &mut self.added, &mut self.removed] {
            list.sort_unstable();
        }
        self.failed.sort_by(|a, b| a.name.cmp(&b.name));
        self.took = took;
        ReloadReport(Arc::new(self))
    }

    fn summary(&self) -> String {
        let Self { unchanged, rebuilt, updated, added, removed, failed, took } = self;
        let counts = [
            (rebuilt.len(), "rebuilt"),
            (updated.len(), "updated"),
            (added.len(), "added"),
            (removed.len(), "removed"),
            (failed.len(), "failed"),
            (unchanged.len(), "unchanged"),
        ];
        let mut shown: Vec<_> =
            counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        if shown.is_empty() {
            shown.push("no connections".to_owned());
        }
        let took = humantime::format_duration(Duration::from_millis(took.as_millis().try_into().unwrap_or(u64::MAX)));
        format!("reloaded in {took}: {}", shown.join(", "))
    }
}

impl fmt::Display for ReloadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())?;
        self.failed().iter().try_for_each(|failure| write!(f, "\n{}", failure.error))
    }
}

impl fmt::Debug for ReloadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lists { unchanged, rebuilt, updated, added, removed, failed, took } = &*self.0;
        f.debug_struct("ReloadReport")
            .field("unchanged", unchanged)
            .field("rebuilt", rebuilt)
            .field("updated", updated)
            .field("added", added)
            .field("removed", removed)
            .field("failed", failed)
            .field("took", took)
            .finish()
    }
}

impl Serialize for ReloadReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// A connection that could not be brought in line with the configuration, and why.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ReloadFailure {
    name: String,
    #[serde(serialize_with = "text")]
    error: Error,
}

impl ReloadFailure {
    /// The name of the connection.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why its client is still the one of before.
    pub fn error(&self) -> &Error {
        &self.error
    }
}

/// The last reload: what [`ConnectionManager::last_reload`](crate::ConnectionManager::last_reload) gives.
#[derive(Clone, Debug)]
pub struct LastReload {
    ended: Instant,
    result: Arc<Result<ReloadReport>>,
}

impl LastReload {
    pub(super) fn new(result: Result<ReloadReport>) -> Self {
        Self { ended: Instant::now(), result: Arc::new(result) }
    }

    /// How long ago it ended.
    pub fn age(&self) -> Duration {
        self.ended.elapsed()
    }

    /// What it did; `None` when the configuration was invalid.
    pub fn report(&self) -> Option<&ReloadReport> {
        (*self.result).as_ref().ok()
    }

    /// Why the configuration of before is still in force; `None` when it is not.
    pub fn error(&self) -> Option<&Error> {
        (*self.result).as_ref().err()
    }
}

/// What came of one name.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    Unchanged,
    Rebuilt,
    Updated,
    Added,
    Removed,
    Failed(Error),
}

fn text<S: Serializer>(error: &Error, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_report_is_sorted_and_reads_as_counts_and_failures() {
        let mut report = Lists::default();
        report.add("b", Fate::Unchanged);
        report.add("a", Fate::Unchanged);
        report.add("c", Fate::Rebuilt);
        report.add("d", Fate::Failed(Error::new(ErrorKind::ConnectFailed, "connection `d` failed to connect")));
        let report = report.complete(Duration::from_micros(12_345));
        assert_eq!(report.unchanged(), ["a", "b"]);
        assert!(!report.is_clean());
        let text = "reloaded in 12ms: 1 rebuilt, 1 failed, 2 unchanged\nconnection `d` failed to connect";
        assert_eq!(report.to_string(), text);
        assert_eq!(ReloadReport::default().to_string(), "reloaded in 0s: no connections");
    }
}
