//! Whether a client passes its checks: rise and fall.

/// What the checks of one client say, as a plain state machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// Checks in a row that went the other way than the verdict.
    against: u32,
    degraded: bool,
}

/// What a check changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HealthChange {
    /// It failed once too often.
    Degraded,
    /// It passed often enough again.
    Recovered,
}

impl Health {
    pub(crate) fn is_degraded(self) -> bool {
        self.degraded
    }

    /// A check passed or failed. `fall` failures in a row make it degraded, `rise` passes in a row healthy again.
    pub(crate) fn checked(&mut self, passed: bool, fall: u32, rise: u32) -> Option<HealthChange> {
        if passed != self.degraded {
            self.against = 0;
            return None;
        }
        self.against = self.against.saturating_add(1);
        let enough = if passed { rise } else { fall };
        if self.against < enough {
            return None;
        }
        *self = Self { against: 0, degraded: !passed };
        Some(if passed { HealthChange::Recovered } else { HealthChange::Degraded })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `.` is a passed check, `x` a failed one; the answer has a letter for each: `-` nothing, `D`, `R`.
    #[track_caller]
    fn check(fall: u32, rise: u32, checks: &str, expected: &str) {
        let mut health = Health::default();
        let changes = checks.chars().map(|check| match health.checked(check == '.', fall, rise) {
            None => '-',
            Some(HealthChange::Degraded) => 'D',
            Some(HealthChange::Recovered) => 'R',
        });
        assert_eq!(changes.collect::<String>(), expected);
    }

    #[test]
    fn so_many_failures_in_a_row_degrade_and_so_many_passes_recover() {
        check(3, 2, "xx.xxx..", "-----D-R");
        check(3, 2, "xxxx.x..", "--D----R");
        check(1, 1, "x.x.", "DRDR");
        check(3, 2, "......", "------");
    }
}
