//! How times are shown: to people, and as data.

use std::time::Duration;

use serde::{Serialize, Serializer};

/// To whole milliseconds, upwards: what a person wants to read.
pub(super) fn rounded(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX))
}

/// As "1s 20ms", to whole milliseconds.
pub(super) fn readable(time: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(rounded(time))
}

/// As a number of seconds.
pub(super) fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

/// As [`seconds`], or null.
pub(super) fn maybe_seconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64()).serialize(serializer)
}
