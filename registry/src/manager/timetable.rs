//! How the time of a shutdown is divided, and waiting by it.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// The time of a shutdown. Ranks close one after the other, dependents first.
///
/// Each rank has a reserve for its goodbyes: the longest `disconnect_timeout` in it. All reserves together are at most
/// half of the time; where they were more, each is shortened alike. What is not reserved is for guards to be given back,
/// and it is the same time for all ranks: nobody gets a new guard from the start on. So a guard that is held for ever
/// costs the later ranks none of their reserves, and what one rank does not use falls to the next.
#[derive(Clone, Debug)]
pub(super) struct Timetable {
    from: Instant,
    until: Instant,
    /// The rank that was closing at `from`: those before it need no time any more.
    first: usize,
    current: usize,
    reserves: Vec<Duration>,
}

/// Whose turn it is to close.
#[derive(Clone, Copy, Debug)]
pub(super) enum Turn {
    /// One rank of a shutdown, counted from zero.
    Rank(usize),
    /// No rank: its place was taken before the shutdown, or somebody closes it alone.
    Apart,
}

/// The latest moments of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    /// Until then it waits for its guards.
    pub(super) guards: Instant,
    /// Then its goodbye is over.
    pub(super) goodbye: Instant,
}

impl Timetable {
    pub(super) fn new(from: Instant, until: Instant) -> Self {
        Self { from, until, first: 0, current: 0, reserves: Vec::new() }
    }

    /// The ranks are known: what each would like to have for its goodbyes.
    pub(super) fn reserve(&mut self, reserves: Vec<Duration>) {
        self.reserves = reserves;
    }

    /// It is the turn of this rank.
    pub(super) fn begin_rank(&mut self, rank: usize) {
        self.current = rank;
    }

    /// Ends earlier. Never later: true when this is a change.
    pub(super) fn hurry(&mut self, now: Instant, until: Instant) -> bool {
        let is_earlier = until < self.until;
        if is_earlier {
            (self.from, self.until, self.first) = (now, until, self.current);
        }
        is_earlier
    }

    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// The latest moments of a client whose goodbye may take `goodbye`.
    pub(super) fn window(&self, turn: Turn, goodbye: Duration) -> Window {
        let room = self.until.saturating_duration_since(self.from) / 2;
        let (own, later) = match turn {
            Turn::Apart => (goodbye.min(room), Duration::ZERO),
            Turn::Rank(rank) => {
                let wanted = self.reserves_from(self.first);
                let after = self.reserves_from(rank + 1);
                (scaled(self.reserves_from(rank) - after, wanted, room), scaled(after, wanted, room))
            }
        };
        let before = |time: Duration| self.until.checked_sub(time).unwrap_or(self.from);
        Window { guards: before(own.saturating_add(later)), goodbye: before(later) }
    }

    fn reserves_from(&self, rank: usize) -> Duration {
        self.reserves.iter().skip(rank).fold(Duration::ZERO, |sum, reserve| sum.saturating_add(*reserve))
    }
}

/// The timetable of a manager: none before its shutdown.
pub(super) type Timetables = watch::Receiver<Option<Timetable>>;

/// What comes of `work`; `None` when the moment passes that `limit` gives. It is asked again whenever the timetable changes.
pub(super) async fn within<T>(
    work: impl Future<Output = T>,
    mut timetables: Timetables,
    limit: impl Fn(Option<&Timetable>) -> Instant,
) -> Option<T> {
    let mut work = pin!(work);
    loop {
        let until = limit(timetables.borrow_and_update().as_ref());
        let mut changed = pin!(timetables.changed());
        let next = poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending => changed.as_mut().poll(cx).map(|_| None),
        });
        match timeout_at(until, next).await {
            Ok(Some(result)) => return Some(result),
            Ok(None) => {}
            Err(_) => return None,
        }
    }
}

/// The moment `time` after `from`; one that no clock can tell is as good as none.
pub(super) fn after(from: Instant, time: Duration) -> Instant {
    from.checked_add(time).unwrap_or_else(|| from + FAR)
}

/// `part` of `whole`, when only `room` is there for the whole.
fn scaled(part: Duration, whole: Duration, room: Duration) -> Duration {
    if whole <= room { part } else { room.mul_f64((part.as_secs_f64() / whole.as_secs_f64()).min(1.0)) }
}

/// Thirty years.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The windows of all ranks, in seconds from the start: until when each waits for guards and says goodbye.
    #[track_caller]
    fn check(time: u32, reserves: &[u32], expected: &[(f64, f64)]) {
        let start = Instant::now();
        let mut timetable = Timetable::new(start, start + SECOND * time);
        timetable.reserve(reserves.iter().map(|reserve| SECOND * *reserve).collect());
        let seconds = |moment: Instant| (moment - start).as_secs_f64();
        for (rank, (guards, goodbye)) in expected.iter().enumerate() {
            let window = timetable.window(Turn::Rank(rank), SECOND);
            let is_near = |is: f64, should: f64| (is - should).abs() < 1e-6;
            let found = (seconds(window.guards), seconds(window.goodbye));
            assert!(is_near(found.0, *guards) && is_near(found.1, *goodbye), "rank {rank}: {found:?}");
        }
    }

    #[test]
    fn what_is_not_reserved_for_goodbyes_is_for_guards() {
        check(30, &[5], &[(25.0, 30.0)]);
        check(30, &[5, 2, 3], &[(20.0, 25.0), (25.0, 27.0), (27.0, 30.0)]);
        check(30, &[5, 0, 3], &[(22.0, 27.0), (27.0, 27.0), (27.0, 30.0)]);
    }

    #[test]
    fn the_reserves_take_half_of_the_time_at_most() {
        check(10, &[60], &[(5.0, 10.0)]);
        check(10, &[10, 30], &[(5.0, 6.25), (6.25, 10.0)]);
        check(0, &[5, 5], &[(0.0, 0.0), (0.0, 0.0)]);
    }

    #[test]
    fn a_rank_that_nobody_knows_may_take_until_the_end() {
        check(10, &[], &[(10.0, 10.0)]);
    }

    #[test]
    fn who_is_in_no_rank_has_until_the_end_and_keeps_some_for_the_goodbye() {
        let start = Instant::now();
        let timetable = Timetable::new(start, start + 10 * SECOND);
        let window = timetable.window(Turn::Apart, 2 * SECOND);
        assert_eq!(window, Window { guards: start + 8 * SECOND, goodbye: start + 10 * SECOND });
        let window = timetable.window(Turn::Apart, Duration::MAX);
        assert_eq!(window, Window { guards: start + 5 * SECOND, goodbye: start + 10 * SECOND });
    }

    #[test]
    fn a_timetable_is_shortened_and_never_lengthened() {
        let start = Instant::now();
        let mut timetable = Timetable::new(start, start + 60 * SECOND);
        timetable.reserve(vec![10 * SECOND, 2 * SECOND, 2 * SECOND]);
        timetable.begin_rank(1);
        assert!(!timetable.hurry(start + SECOND, start + 61 * SECOND));
        assert_eq!(timetable.until(), start + 60 * SECOND);
        // The first rank is closed: the others share what is left.
        assert!(timetable.hurry(start + 10 * SECOND, start + 20 * SECOND));
        let window = timetable.window(Turn::Rank(1), SECOND);
        assert_eq!(window, Window { guards: start + 16 * SECOND, goodbye: start + 18 * SECOND });
    }

    #[test]
    fn times_that_no_clock_can_tell_do_no_harm() {
        let start = Instant::now();
        let mut timetable = Timetable::new(start, after(start, Duration::MAX));
        timetable.reserve(vec![Duration::MAX, Duration::MAX]);
        for turn in [Turn::Rank(0), Turn::Rank(1), Turn::Apart] {
            let window = timetable.window(turn, Duration::MAX);
            assert!(start <= window.guards && window.guards <= window.goodbye, "{turn:?}: {window:?}");
        }
    }
}
