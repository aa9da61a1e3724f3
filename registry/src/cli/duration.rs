//! Durations: as they are typed, and as they are shown.

use std::time::Duration;

/// Reads "1m 30s". Zero is refused: nothing can be done in no time.
pub(super) fn positive_duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("it must be longer than zero".to_owned()),
        Ok(duration) => Ok(duration),
        Err(_) => Err("it is no duration; write it as in 500ms, 10s or 1m 30s".to_owned()),
    }
}

/// To whole milliseconds, upwards, below ten seconds; else the whole seconds.
pub(super) fn short(time: Duration) -> String {
    let milliseconds = || u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX);
    let shown = if time < FINE { Duration::from_millis(milliseconds()) } else { Duration::from_secs(time.as_secs()) };
    humantime::format_duration(shown).to_string()
}

/// Below it, milliseconds are shown.
const FINE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_typed_with_their_units() {
        assert_eq!(positive_duration("1m 30s"), Ok(Duration::from_secs(90)));
        for wrong in ["0s", "", "10", "soon", "-1s"] {
            assert!(positive_duration(wrong).is_err(), "{wrong}");
        }
    }

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
