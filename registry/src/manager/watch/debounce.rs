//! When to look at the files, as a plain state machine: moments in, decisions out.

use std::time::Duration;

/// Turns a storm of events into few looks: one after quiet, some while a storm lasts, and one now and then without any.
///
/// Moments are counted from any fixed one.
#[derive(Debug)]
pub(super) struct Debounce {
    storm: Option<Storm>,
    looked_at: Duration,
    /// How long to go without a look when there are no events.
    period: Duration,
}

/// Events that nobody has looked after yet.
#[derive(Clone, Copy, Debug)]
struct Storm {
    first: Duration,
    last: Duration,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Nothing before this moment, unless something happens.
    Wait(Duration),
    Look(Occasion),
}

/// Why it is time to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// Something happened, and it is quiet again.
    Quiet,
    /// Events go on and on. When they end there is another look.
    Storm,
    /// Nothing was heard for a while.
    Silence,
}

impl Debounce {
    /// The files were looked at just now.
    pub(super) fn new(now: Duration, period: Duration) -> Self {
        Self { storm: None, looked_at: now, period }
    }

    /// There was an event.
    pub(super) fn happened(&mut self, now: Duration) {
        let first = self.storm.map_or(now, |storm| storm.first);
        self.storm = Some(Storm { first, last: now });
    }

    /// A look begins, and sees all that has happened up to now.
    pub(super) fn looked(&mut self, now: Duration, occasion: Occasion) {
        self.storm = (occasion == Occasion::Storm).then_some(Storm { first: now, last: now });
        self.looked_at = now;
    }

    pub(super) fn decide(&self, now: Duration) -> Decision {
        let (due, occasion) = match self.storm {
            Some(Storm { first, last }) if last + QUIET <= first + LONGEST => (last + QUIET, Occasion::Quiet),
            Some(Storm { first, .. }) => (first + LONGEST, Occasion::Storm),
            None => (self.looked_at + self.period, Occasion::Silence),
        };
        if now < due { Decision::Wait(due) } else { Decision::Look(occasion) }
    }

    /// Whether something happened since the last look.
    pub(super) fn is_open(&self) -> bool {
        self.storm.is_some()
    }
}

/// How long there must be no event before a change counts as whole: editors and deployment tools write in several steps.
const QUIET: Duration = Duration::from_millis(200);

/// How long a storm may put off a look.
const LONGEST: Duration = Duration::from_millis(800);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Events at these moments; the decision at `now`.
    #[track_caller]
    fn check(events: &[u64], now: u64, expected: Decision) {
        let mut debounce = Debounce::new(at(1_000), at(10_000));
        events.iter().for_each(|&event| debounce.happened(at(event)));
        assert_eq!(debounce.decide(at(now)), expected);
    }

    #[test]
    fn looks_after_200_ms_of_quiet() {
        check(&[2_000], 2_000, Decision::Wait(at(2_200)));
        check(&[2_000], 2_199, Decision::Wait(at(2_200)));
        check(&[2_000], 2_200, Decision::Look(Occasion::Quiet));
        check(&[2_000, 2_150], 2_200, Decision::Wait(at(2_350)));
        check(&[2_000, 2_150], 2_350, Decision::Look(Occasion::Quiet));
    }

    #[test]
    fn a_storm_puts_a_look_off_for_800_ms_at_most() {
        let storm: Vec<_> = (2_000..2_799).collect();
        check(&storm, 2_799, Decision::Wait(at(2_800)));
        check(&storm, 2_800, Decision::Look(Occasion::Storm));
    }

    #[test]
    fn looks_without_events_when_the_period_is_over() {
        check(&[], 1_000, Decision::Wait(at(11_000)));
        check(&[], 11_000, Decision::Look(Occasion::Silence));
        check(&[10_999], 11_000, Decision::Wait(at(11_199)));
    }

    #[test]
    fn a_look_sees_what_was_before_it_and_not_what_comes_after() {
        let mut debounce = Debounce::new(at(0), at(10_000));
        debounce.happened(at(100));
        debounce.looked(at(300), Occasion::Quiet);
        assert!(!debounce.is_open());
        assert_eq!(debounce.decide(at(300)), Decision::Wait(at(10_300)));
        debounce.happened(at(301));
        assert!(debounce.is_open());
        assert_eq!(debounce.decide(at(301)), Decision::Wait(at(501)));
    }

    #[test]
    fn a_storm_of_a_minute_is_looked_at_every_800_ms_and_once_it_is_over() {
        let mut debounce = Debounce::new(at(0), at(10_000));
        let mut looks = Vec::new();
        for now in (0..60_000).map(at) {
            debounce.happened(now);
            if debounce.decide(now) == Decision::Look(Occasion::Storm) {
                debounce.looked(now, Occasion::Storm);
                looks.push(now);
            }
        }
        assert_eq!(looks.len(), 74);
        assert!(looks.windows(2).all(|pair| pair[1] - pair[0] == LONGEST));
        let end = looks[73];
        assert!(debounce.is_open(), "a look in quiet is still to come");
        debounce.looked(end, Occasion::Storm);
        assert_eq!(debounce.decide(end + QUIET), Decision::Look(Occasion::Quiet));
    }
}
