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

/// To whole milliseconds, upwards, below ten seconds; else the whole seconds.
pub(crate) fn short(time: Duration) -> String {
    let shown = if time < FINE { rounded(time) } else { Duration::from_secs(time.as_secs()) };
    humantime::format_duration(shown).to_string()
}

/// As a number of seconds.
pub(super) fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

/// As [`seconds`], or null.
pub(super) fn maybe_seconds<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs_f64()).serialize(serializer)
}

/// Below it, milliseconds are shown.
const FINE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_as_short_as_they_are_of_use() {
        for (nanoseconds, shown) in [
            (0, "0s"),
            (1, "1ms"),
            (12_000_000, "12ms"),
            (1_020_000_001, "1s 21ms"),
            (10_999_000_000, "10s"),
            (90_000_000_000, "1m 30s"),
        ] {
            assert_eq!(short(Duration::from_nanos(nanoseconds)), shown);
        }
    }
}
