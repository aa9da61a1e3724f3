//! What is remembered of a client while it is watched over.

use std::time::Duration;

/// When a client is checked and looked after next. It outlives the client: what was put on an agenda comes either way.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    /// Of the next check.
    pub(crate) check: Alarm,
    /// Of the next look whether it is idle.
    pub(crate) idle: Alarm,
    /// Since when no guard was seen and no use noted; `None` when a guard was out at the last look.
    pub(crate) idle_since: Option<Duration>,
    /// The stamp of the last use at the last look.
    pub(crate) used_at: u64,
}

/// One moment at which something is wanted, for an agenda from which nothing can be taken: however often the moment is
/// changed, hardly more than one errand waits for it there.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    wanted: Option<Duration>,
    /// The errand that counts; all others are of an earlier wish.
    set: Option<Duration>,
}

/// What an errand that has become due means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Rings {
    /// It is time.
    Now,
    /// It is wanted later by now: put it on the agenda again, for this moment.
    Later(Duration),
    /// Nothing is wanted, or another errand is on its way.
    Never,
}

impl Alarm {
    /// It is wanted at `at`. Gives the moment when that has to be put on the agenda.
    pub(crate) fn want(&mut self, at: Duration) -> Option<Duration> {
        self.wanted = Some(at);
        if self.set.is_some_and(|set| set <= at) {
            return None;
        }
        self.set = Some(at);
        self.set
    }

    /// It is not wanted any more.
    pub(crate) fn cancel(&mut self) {
        self.wanted = None;
    }

    /// The errand for the moment `at` is due.
    pub(crate) fn rings(&mut self, at: Duration) -> Rings {
        if self.set != Some(at) {
            return Rings::Never;
        }
        self.set = self.wanted.filter(|wanted| *wanted > at);
        match self.set {
            Some(later) => Rings::Later(later),
            None => self.wanted.take().map_or(Rings::Never, |_| Rings::Now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn second(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn an_alarm_rings_once_when_it_is_time() {
        let mut alarm = Alarm::default();
        assert_eq!(alarm.want(second(3)), Some(second(3)));
        assert_eq!(alarm.rings(second(2)), Rings::Never);
        assert_eq!(alarm.rings(second(3)), Rings::Now);
        assert_eq!(alarm.rings(second(3)), Rings::Never);
    }

    #[test]
    fn one_that_was_cancelled_does_not_ring() {
        let mut alarm = Alarm::default();
        alarm.want(second(3));
        alarm.cancel();
        assert_eq!(alarm.rings(second(3)), Rings::Never);
    }

    #[test]
    fn one_that_is_put_off_needs_no_second_errand() {
        let mut alarm = Alarm::default();
        alarm.want(second(3));
        alarm.cancel();
        assert_eq!(alarm.want(second(5)), None);
        assert_eq!(alarm.rings(second(3)), Rings::Later(second(5)));
        assert_eq!(alarm.rings(second(5)), Rings::Now);
    }

    #[test]
    fn one_that_is_wanted_earlier_leaves_the_later_errand_without_effect() {
        let mut alarm = Alarm::default();
        alarm.want(second(9));
        assert_eq!(alarm.want(second(4)), Some(second(4)));
        assert_eq!(alarm.rings(second(4)), Rings::Now);
        assert_eq!(alarm.want(second(12)), Some(second(12)));
        assert_eq!(alarm.rings(second(9)), Rings::Never);
        assert_eq!(alarm.rings(second(12)), Rings::Now);
    }

    #[test]
    fn any_number_of_clients_one_after_the_other_leave_few_errands() {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut alarm, mut errands) = (Alarm::default(), 0);
        for _ in 0..100_000 {
            errands += usize::from(alarm.want(second(30).mul_f64(random.f64())).is_some());
            alarm.cancel();
        }
        assert!(errands < 50, "{errands} errands");
    }
}
