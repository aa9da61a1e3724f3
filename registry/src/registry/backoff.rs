//! How long a failure is remembered.

use std::time::Duration;

/// A doubling pause with equal jitter: half of it is fixed, half is random, so that many names that failed
/// together do not come back together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backoff {
    /// The pause after the first failure.
    pub(crate) base: Duration,
    /// The longest pause.
    pub(crate) max: Duration,
    /// The pause after a failure that the type calls permanent.
    pub(crate) permanent: Duration,
}

impl Backoff {
    /// The pause after `failures` failures in a row (at least one). `jitter` is from 0 to 1.
    pub(crate) fn pause(&self, failures: u32, permanent: bool, jitter: f64) -> Duration {
        let doubled = self.base.saturating_mul(1 << failures.saturating_sub(1).min(20));
        let full = if permanent { self.permanent } else { doubled.min(self.max) };
        full / 2 + (full / 2).mul_f64(jitter.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(failures: u32, permanent: bool, jitter: f64, expected_ms: u64) {
        let backoff = Backoff {
            base: Duration::from_millis(100),
            max: Duration::from_secs(2),
            permanent: Duration::from_secs(30),
        };
        assert_eq!(backoff.pause(failures, permanent, jitter), Duration::from_millis(expected_ms));
    }

    #[test]
    fn doubles_up_to_the_longest_pause_and_is_half_random() {
        check(1, false, 1.0, 100);
        check(1, false, 0.0, 50);
        check(2, false, 1.0, 200);
        check(5, false, 1.0, 1600);
        check(6, false, 1.0, 2000);
        check(u32::MAX, false, 1.0, 2000);
        check(1, true, 1.0, 30_000);
        check(1, true, 0.5, 22_500);
    }
}
