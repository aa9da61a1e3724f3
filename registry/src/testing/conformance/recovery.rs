//! When a connection has returned, and how many uses failed after that: a state machine without clock and I/O.

use std::time::Duration;

use tokio::time::Instant;

use super::load::Use;

/// Judges the uses of one worker after the restart of the server.
///
/// The connection has returned at the first moment after the restart at which a use succeeds, or at which the manager says
/// that it is connected, having known of the fall. From then on at most one use may fail until so many succeed in a row.
/// A use counts when it began after the return. The status alone, of a manager that has not noticed anything, is no return:
/// it was true when it was said.
pub(super) struct Recovery {
    /// The client before the fall.
    generation: u64,
    /// The manager was seen to know of it.
    is_known: bool,
    has_returned: bool,
    first_success: Option<Instant>,
    failed: Vec<String>,
    in_a_row: usize,
}

/// What is known after a use.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    NotYet,
    /// It works again, for the first time so long after the restart.
    Healed(Duration),
    Broken(String),
}

impl Recovery {
    /// The client in use, before the server is killed, is number `generation`.
    pub(super) fn of(generation: u64) -> Self {
        let (is_known, has_returned, first_success) = (false, false, None);
        Self { generation, is_known, has_returned, first_success, failed: Vec::new(), in_a_row: 0 }
    }

    /// A use ended before the server was started again. Gives whether it shows that the server is gone.
    pub(super) fn fallen(&mut self, one: &Use) -> bool {
        self.is_known |= !one.is_connected || one.generation > self.generation;
        self.is_known || one.result.is_err()
    }

    pub(super) fn has_returned(&self) -> bool {
        self.has_returned
    }

    /// A use ended after the server was started again at `restarted`, or was under way then.
    pub(super) fn used(&mut self, one: &Use, restarted: Instant) -> Progress {
        self.fallen(one);
        if one.ended < restarted {
            return Progress::NotYet;
        }
        let is_told = self.is_known && one.is_connected && one.began >= restarted;
        self.has_returned |= is_told || one.result.is_ok();
        match &one.result {
            Ok(()) => self.succeeded(one.ended, restarted),
            Err(why) if self.has_returned => self.failed_again(why),
            Err(_) => Progress::NotYet,
        }
    }

    fn succeeded(&mut self, at: Instant, restarted: Instant) -> Progress {
        let first = *self.first_success.get_or_insert(at);
        self.in_a_row += 1;
        if self.in_a_row < IN_A_ROW { Progress::NotYet } else { Progress::Healed(first - restarted) }
    }

    fn failed_again(&mut self, why: &str) -> Progress {
        self.in_a_row = 0;
        self.failed.push(why.to_owned());
        if self.failed.len() <= FORGIVEN {
            return Progress::NotYet;
        }
        Progress::Broken(format!("{} uses failed after its return: {}", self.failed.len(), self.failed.join("; ")))
    }
}

/// How many uses may fail after the return.
const FORGIVEN: usize = 1;

/// After so many successes it is taken for sure that it works.
const IN_A_ROW: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;

    /// One use each 10 ms: `c` when the manager says that it is connected and `d` when not, upper case when it succeeds.
    /// Those before the `|` are before the restart.
    #[track_caller]
    fn check(uses: &str, expected: &str) {
        let (before, after) = uses.split_once('|').expect("there is a restart");
        let restarted = Instant::now();
        let mut recovery = Recovery::of(1);
        for kind in before.chars() {
            recovery.fallen(&one(kind, restarted));
        }
        let mut progress = Progress::NotYet;
        for (kind, number) in after.chars().zip(0..) {
            progress = recovery.used(&one(kind, restarted + Duration::from_millis(10) * number), restarted);
            if progress != Progress::NotYet {
                break;
            }
        }
        let told = match progress {
            Progress::NotYet => "not yet".to_owned(),
            Progress::Healed(after) => format!("healed after {after:?}"),
            Progress::Broken(why) => why,
        };
        assert!(told.starts_with(expected), "{uses}: {told}");
    }

    fn one(kind: char, began: Instant) -> Use {
        let result = if kind.is_uppercase() { Ok(()) } else { Err("broken".to_owned()) };
        Use { began, ended: began, is_connected: kind.eq_ignore_ascii_case(&'c'), generation: 1, result }
    }

    #[test]
    fn one_use_may_fail_after_the_return_and_not_two() {
        let twenty = "C".repeat(20);
        check(&format!("cd|ddd{twenty}"), "healed after 30ms");
        check(&format!("cd|dddDd{twenty}"), "healed after 30ms");
        check(&format!("cd|ddcC{twenty}"), "healed after 30ms");
        check("cd|ddccC", "2 uses failed after its return");
        check("cd|ddCcCCCc", "2 uses failed after its return");
        check("cd|ddCcCCC", "not yet");
    }

    #[test]
    fn a_status_of_before_the_fall_is_no_return() {
        check(&format!("c|ccccdd{}", "C".repeat(20)), "healed after 60ms");
        check("c|ccccddcc", "2 uses failed after its return");
        check("c|cccccccc", "not yet");
    }
}
