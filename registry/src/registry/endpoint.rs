//! Whether a server is worth trying, as a plain state machine: no runtime, no clock, no I/O.
//!
//! Many names may share one endpoint. While it is up all of them try it. Once it was found down one visitor at a time is
//! its prober and the others wait for that one. `F` is the failure that visitors get who waited in vain.

use std::time::Duration;

use super::backoff::Backoff;

/// One endpoint: `host:port`.
#[derive(Debug)]
pub(crate) struct Endpoint<F> {
    state: State<F>,
    /// Counts everything that outdates what a visitor knows: the endpoint came up, another prober was named.
    era: u64,
}

#[derive(Debug)]
enum State<F> {
    /// It answered, or nobody knows better.
    Up,
    Down {
        /// Failures in a row: the one that found it down, and those of its probers.
        failures: u32,
        failure: F,
        /// When the next probe may begin.
        retry_at: Duration,
        /// Who makes the next probe, or is at it.
        prober: Option<Visit>,
    },
}

/// Names one visitor's leave to try the endpoint: that of all who came while it was up, or that of one prober.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Visit(u64);

/// The answer to a visitor who wants to try the endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admit {
    /// It is up.
    Go(Visit),
    /// It is down, and this visitor is its prober from now on. The probe may begin at the moment `at`, and whoever gives
    /// it up calls [`Endpoint::leave`].
    Probe { visit: Visit, at: Duration },
    /// It is down, and somebody is its prober: ask again when that one is done.
    Wait,
}

impl<F> Endpoint<F> {
    pub(crate) fn new() -> Self {
        Self { state: State::Up, era: 0 }
    }

    /// A visitor wants to try it.
    pub(crate) fn ask(&mut self) -> Admit {
        match &mut self.state {
            State::Up => Admit::Go(Visit(self.era)),
            State::Down { prober: Some(_), .. } => Admit::Wait,
            State::Down { prober, retry_at, .. } => {
                self.era += 1;
                let visit = Visit(self.era);
                *prober = Some(visit);
                Admit::Probe { visit, at: *retry_at }
            }
        }
    }

    /// The leave that a visitor has now who got `visit` some time ago; `None` when it must ask again.
    pub(crate) fn confirm(&self, visit: Visit) -> Option<Visit> {
        match &self.state {
            State::Up => Some(Visit(self.era)),
            State::Down { .. } => self.is_prober(visit).then_some(visit),
        }
    }

    /// It answered somebody, well or not. Gives back the failure that is past.
    pub(crate) fn reached(&mut self) -> Option<F> {
        match std::mem::replace(&mut self.state, State::Up) {
            State::Up => None,
            State::Down { failure, .. } => {
                self.era += 1;
                Some(failure)
            }
        }
    }

    /// The visitor of `visit` got no answer. What it knows counts unless something newer is known: that others found it
    /// down before, or that it came up meanwhile. Gives back the failure that is not needed any more.
    pub(crate) fn unreached(
        &mut self,
        visit: Visit,
        now: Duration,
        failure: F,
        backoff: &Backoff,
        jitter: f64,
    ) -> Option<F> {
        let failures = match &self.state {
            State::Up if visit.0 == self.era => 1,
            State::Down { failures, .. } if self.is_prober(visit) => failures.saturating_add(1),
            _ => return Some(failure),
        };
        let retry_at = now.saturating_add(backoff.pause(failures, false, jitter));
        match std::mem::replace(&mut self.state, State::Down { failures, failure, retry_at, prober: None }) {
            State::Up => None,
            State::Down { failure, .. } => Some(failure),
        }
    }

    /// The visitor of `visit` goes without a word. When it was the prober, as the answer says, the next who asks is.
    pub(crate) fn leave(&mut self, visit: Visit) -> bool {
        let was_prober = self.is_prober(visit);
        if let State::Down { prober, .. } = &mut self.state
            && was_prober
        {
            *prober = None;
        }
        was_prober
    }

    /// Whether the others wait for the visitor of `visit`.
    pub(crate) fn is_prober(&self, visit: Visit) -> bool {
        matches!(&self.state, State::Down { prober, .. } if *prober == Some(visit))
    }

    /// Why it is down.
    pub(crate) fn failure(&self) -> Option<&F> {
        match &self.state {
            State::Up => None,
            State::Down { failure, .. } => Some(failure),
        }
    }

    /// Since when a probe would be due; `None` while it is up.
    pub(crate) fn retry_at(&self) -> Option<Duration> {
        match &self.state {
            State::Up => None,
            State::Down { retry_at, .. } => Some(*retry_at),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::Index};

    use super::*;

    const BACKOFF: Backoff =
        Backoff { base: Duration::from_millis(100), max: Duration::from_secs(2), permanent: Duration::from_secs(30) };

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[track_caller]
    fn go(endpoint: &mut Endpoint<u32>) -> Visit {
        match endpoint.ask() {
            Admit::Go(visit) => visit,
            other => panic!("not up: {other:?}"),
        }
    }

    #[track_caller]
    fn probe(endpoint: &mut Endpoint<u32>, expected_at: Duration) -> Visit {
        match endpoint.ask() {
            Admit::Probe { visit, at } if at == expected_at => visit,
            other => panic!("no probe at {expected_at:?}: {other:?}"),
        }
    }

    fn fail(endpoint: &mut Endpoint<u32>, visit: Visit, now: Duration, failure: u32) -> Option<u32> {
        endpoint.unreached(visit, now, failure, &BACKOFF, 1.0)
    }

    #[test]
    fn the_pause_between_probes_doubles_and_failures_of_earlier_visitors_do_not_count() {
        let mut endpoint = Endpoint::new();
        let (first, second) = (go(&mut endpoint), go(&mut endpoint));
        assert_eq!(fail(&mut endpoint, first, ms(0), 1), None);
        assert_eq!(fail(&mut endpoint, second, ms(50), 2), Some(2), "it is known to be down already");
        let prober = probe(&mut endpoint, ms(100));
        assert_eq!(fail(&mut endpoint, second, ms(60), 3), Some(3), "nor does it take the role of the prober");
        assert_eq!(endpoint.ask(), Admit::Wait);
        assert_eq!(fail(&mut endpoint, prober, ms(100), 4), Some(1), "the last failure is the one that is told");
        assert_eq!(endpoint.failure(), Some(&4));
        probe(&mut endpoint, ms(300));
    }

    #[test]
    fn a_failure_from_before_the_endpoint_came_up_does_not_take_it_down() {
        let mut endpoint = Endpoint::new();
        let (first, slow) = (go(&mut endpoint), go(&mut endpoint));
        fail(&mut endpoint, first, ms(0), 1);
        let prober = probe(&mut endpoint, ms(100));
        assert_eq!(endpoint.reached(), Some(1));
        assert_eq!(fail(&mut endpoint, slow, ms(9000), 2), Some(2), "its packets were sent while it was down");
        assert_eq!(fail(&mut endpoint, prober, ms(9000), 3), Some(3), "the answer to another one is newer");
        let visit = go(&mut endpoint);
        assert_eq!(fail(&mut endpoint, visit, ms(9000), 4), None);
        assert_eq!(endpoint.retry_at(), Some(ms(9100)), "the count began anew");
    }

    #[test]
    fn a_prober_that_goes_makes_room_for_the_next() {
        let mut endpoint = Endpoint::new();
        let visit = go(&mut endpoint);
        fail(&mut endpoint, visit, ms(0), 1);
        let gone = probe(&mut endpoint, ms(100));
        assert!(!endpoint.leave(visit), "somebody else went");
        assert_eq!(endpoint.ask(), Admit::Wait, "the prober is there");
        assert!(endpoint.leave(gone));
        let next = probe(&mut endpoint, ms(100));
        assert_eq!((endpoint.confirm(gone), endpoint.confirm(next)), (None, Some(next)));
        assert!(!endpoint.leave(gone), "a prober goes once");
    }

    /// What an endpoint can be told. An index picks one of all visits there ever were.
    #[derive(Clone, Debug)]
    enum Event {
        Pass(u64),
        Ask,
        Reached,
        Unreached(Index),
        Leave(Index),
    }

    /// What is expected of an endpoint.
    #[derive(Default)]
    struct Model {
        now: Duration,
        /// Each visit, and the number of the up-time in which it was given; `None` for a probe.
        visits: Vec<(Visit, Option<u32>)>,
        up_time: u32,
        /// While it is down: the failures, and when the next probe is due.
        down: Option<(u32, Duration)>,
        prober: Option<Visit>,
    }

    impl Model {
        fn apply(&mut self, endpoint: &mut Endpoint<usize>, number: usize, event: &Event) {
            match event {
                Event::Pass(milliseconds) => self.now += ms(*milliseconds),
                Event::Ask => self.ask(endpoint),
                Event::Reached => {
                    assert_eq!(endpoint.reached().is_some(), self.down.is_some());
                    self.up_time += u32::from(self.down.is_some());
                    (self.down, self.prober) = (None, None);
                }
                Event::Unreached(index) => self.unreached(endpoint, number, index),
                Event::Leave(index) => {
                    let Some((visit, _)) = self.pick(index) else { return };
                    assert_eq!(endpoint.leave(visit), self.prober == Some(visit));
                    self.prober = self.prober.filter(|prober| *prober != visit);
                }
            }
        }

        fn ask(&mut self, endpoint: &mut Endpoint<usize>) {
            match (endpoint.ask(), self.down, self.prober) {
                (Admit::Go(visit), None, None) => self.visits.push((visit, Some(self.up_time))),
                (Admit::Wait, Some(_), Some(_)) => {}
                (Admit::Probe { visit, at }, Some((_, retry_at)), None) => {
                    assert_eq!(at, retry_at);
                    assert!(self.visits.iter().all(|(known, _)| *known != visit), "a leave to probe is one visitor's");
                    self.visits.push((visit, None));
                    self.prober = Some(visit);
                }
                (admit, down, prober) => panic!("{admit:?} while {down:?} with the prober {prober:?}"),
            }
        }

        fn unreached(&mut self, endpoint: &mut Endpoint<usize>, number: usize, index: &Index) {
            let Some((visit, up_time)) = self.pick(index) else { return };
            let back = endpoint.unreached(visit, self.now, number, &BACKOFF, 1.0);
            let failures = match self.down {
                None if up_time == Some(self.up_time) => 1,
                Some((failures, _)) if self.prober == Some(visit) => failures + 1,
                _ => return assert_eq!(back, Some(number), "it says nothing new"),
            };
            assert_ne!(back, Some(number));
            self.down = Some((failures, self.now + BACKOFF.pause(failures, false, 1.0)));
            self.prober = None;
        }

        fn pick(&self, index: &Index) -> Option<(Visit, Option<u32>)> {
            (!self.visits.is_empty()).then(|| *index.get(&self.visits))
        }

        /// What holds after every event.
        fn check(&self, endpoint: &Endpoint<usize>) {
            assert_eq!(endpoint.failure().is_some(), self.down.is_some());
            assert_eq!(endpoint.retry_at(), self.down.map(|(_, retry_at)| retry_at));
            let may_go = self.visits.iter().filter(|(visit, _)| endpoint.confirm(*visit).is_some());
            let expected = if self.down.is_some() { usize::from(self.prober.is_some()) } else { self.visits.len() };
            assert_eq!(may_go.count(), expected, "all go while it is up, and the prober alone while it is down");
        }
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            2 => (0_u64..3000).prop_map(Event::Pass),
            6 => Just(Event::Ask),
            1 => Just(Event::Reached),
            5 => any::<Index>().prop_map(Event::Unreached),
            3 => any::<Index>().prop_map(Event::Leave),
        ]
    }

    proptest! {
        #[test]
        fn an_endpoint_does_what_its_model_does(events in prop::collection::vec(event(), 0..80)) {
            let (mut endpoint, mut model) = (Endpoint::new(), Model::default());
            for (number, event) in events.iter().enumerate() {
                model.apply(&mut endpoint, number, event);
                model.check(&endpoint);
            }
        }
    }
}
