//! Durations as they are typed.

use std::time::Duration;

/// Reads "1m 30s". Zero is refused: nothing can be done in no time.
pub(super) fn positive_duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("it must be longer than zero".to_owned()),
        Ok(duration) => Ok(duration),
        Err(_) => Err("it is no duration; write it as in 500ms, 10s or 1m 30s".to_owned()),
    }
}

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
}
