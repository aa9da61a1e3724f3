//! Durations as they are written: "1h 30m".

use std::time::Duration;

/// Reads a duration such as "5s", "1h 30m" or "1.5h". The units are ns, us, ms, s, m, h, d and w; a month and a
/// year have no fixed length, and `M` is too near to `m`.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let mut units = text.split(|c: char| !c.is_alphabetic()).filter(|unit| !unit.is_empty()).peekable();
    units.peek()?;
    if !units.all(|unit| UNITS.contains(&unit)) {
        return None;
    }
    humantime::parse_duration(text).ok()
}

pub(super) const DURATION_EXAMPLE: &str = "\"5s\" or \"1h 30m\"";

const UNITS: [&str; 8] = ["ns", "us", "ms", "s", "m", "h", "d", "w"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<Duration>) {
        assert_eq!(parse_duration(text), expected, "{text:?}");
    }

    #[test]
    fn reads_numbers_with_fixed_units() {
        check("5s", Some(Duration::from_secs(5)));
        check("1h 30m", Some(Duration::from_secs(5400)));
        check("1h30m", Some(Duration::from_secs(5400)));
        check("1.5h", Some(Duration::from_secs(5400)));
        check("250ms", Some(Duration::from_millis(250)));
        check("7us", Some(Duration::from_micros(7)));
        check("9ns", Some(Duration::from_nanos(9)));
        check("2d", Some(Duration::from_secs(172_800)));
        check("1w", Some(Duration::from_secs(604_800)));
        check("0s", Some(Duration::ZERO));
    }

    #[test]
    fn refuses_what_has_no_fixed_length_or_no_unit() {
        for text in ["", " ", "0", "10", "1M", "1month", "1y", "1 year", "-5s", "s", "5 seconds", "5S", "1µs", "inf"] {
            check(text, None);
        }
        check("99999999999999999999w", None);
    }
}
