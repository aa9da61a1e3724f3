//! The state of one name, as a plain state machine: no runtime, no clock, no I/O.
//!
//! It is told what happened and at what moment, and answers what to do. `C` is a connected client, `F` the
//! failure that callers get, `W` what callers wait on while an attempt or a goodbye is under way.

use std::time::Duration;

use super::backoff::Backoff;

/// What a name is doing, and what comes next.
#[derive(Debug)]
pub(crate) struct Slot<C, F, W> {
    state: State<C, F, W>,
    /// Counts everything that may outdate an attempt, so that a late result is known as late.
    era: u64,
    /// Failures in a row.
    failures: u32,
}

#[derive(Debug)]
enum State<C, F, W> {
    Declared,
    Connecting {
        attempt: AttemptId,
        waiting: W,
    },
    Connected {
        client: C,
    },
    Failed {
        failure: F,
        retry_at: Duration,
    },
    Closing {
        attempt: AttemptId,
        waiting: W,
    },
    /// For good: nothing changes it.
    Removed,
}

/// Names one attempt to connect or to close; never used twice in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AttemptId(u64);

/// The answer to a caller who wants the client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ask<'a, C, F, W> {
    /// Here it is.
    Ready(&'a C),
    /// Somebody is at it: wait with the others, then ask again.
    Wait(&'a W),
    /// It failed a moment ago and is not tried again before `retry_in` has passed.
    Refused { failure: &'a F, retry_in: Duration },
    /// Nobody is at it: call [`Slot::begin`], then connect.
    Start,
    /// The name was taken out: there may be another slot of that name, or none.
    Removed,
}

/// How an attempt failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure<F> {
    pub(crate) failure: F,
    /// The type says that trying again cannot help.
    pub(crate) permanent: bool,
}

/// What to do with the result of an attempt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Finished<C> {
    /// It is now the state of the slot.
    Current,
    /// The slot moved on meanwhile. A client that came of it must be closed.
    Outdated(Option<C>),
}

/// What a slot held when it was closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Closed<C, W> {
    /// Nothing: there is nothing to do.
    Nothing,
    /// A client: the slot is closing until [`Slot::closed`] is called with the id.
    Client(C, AttemptId),
    /// An attempt, now outdated: abort it.
    Attempt(W),
    /// Another call is closing it: wait for that one.
    Closing(W),
}

impl<C, F, W: Clone> Slot<C, F, W> {
    pub(crate) fn new() -> Self {
        Self { state: State::Declared, era: 0, failures: 0 }
    }

    /// A caller wants the client at the moment `now`.
    pub(crate) fn ask(&self, now: Duration) -> Ask<'_, C, F, W> {
        match &self.state {
            State::Connected { client } => Ask::Ready(client),
            State::Connecting { waiting, .. } | State::Closing { waiting, .. } => Ask::Wait(waiting),
            State::Failed { failure, retry_at } if now < *retry_at => {
                Ask::Refused { failure, retry_in: *retry_at - now }
            }
            State::Declared | State::Failed { .. } => Ask::Start,
            State::Removed => Ask::Removed,
        }
    }

    /// The client, when there is one.
    pub(crate) fn client(&self) -> Option<&C> {
        match &self.state {
            State::Connected { client } => Some(client),
            _ => None,
        }
    }

    /// The failure that is remembered. A caller that changes the slot under a lock keeps a copy of it until the lock is
    /// free: the drop of the last one may be anybody's code.
    pub(crate) fn failure(&self) -> Option<&F> {
        match &self.state {
            State::Failed { failure, .. } => Some(failure),
            _ => None,
        }
    }

    /// Whether an attempt is under way.
    pub(crate) fn is_connecting(&self) -> bool {
        matches!(&self.state, State::Connecting { .. })
    }

    /// Whether the attempt `id` is still the one that counts.
    pub(crate) fn is_current(&self, id: AttemptId) -> bool {
        matches!(&self.state, State::Connecting { attempt, .. } if *attempt == id)
    }

    /// The number of the current or next attempt, counted from 1 since the last success.
    pub(crate) fn attempt_number(&self) -> u32 {
        self.failures.saturating_add(1)
    }

    /// An attempt begins, after [`Ask::Start`].
    pub(crate) fn begin(&mut self, waiting: W) -> AttemptId {
        let attempt = self.next_era();
        self.state = State::Connecting { attempt, waiting };
        attempt
    }

    /// The attempt `id` ended. A failure is remembered for its pause.
    pub(crate) fn finish(
        &mut self,
        id: AttemptId,
        now: Duration,
        result: Result<C, Failure<F>>,
        backoff: &Backoff,
        jitter: f64,
    ) -> Finished<C> {
        if !self.is_current(id) {
            return Finished::Outdated(result.ok());
        }
        self.state = match result {
            Ok(client) => {
                self.failures = 0;
                State::Connected { client }
            }
            Err(Failure { failure, permanent }) => {
                self.failures = self.failures.saturating_add(1);
                let retry_at = now.saturating_add(backoff.pause(self.failures, permanent, jitter));
                State::Failed { failure, retry_at }
            }
        };
        Finished::Current
    }

    /// The attempt `id` came to nothing, without an answer from the other side: as if it never was.
    pub(crate) fn forget(&mut self, id: AttemptId) -> Finished<C> {
        if !self.is_current(id) {
            return Finished::Outdated(None);
        }
        self.state = State::Declared;
        Finished::Current
    }

    /// A ready-made client takes the place of whatever there is; gives back the client it replaces and what an
    /// outdated attempt's callers wait on.
    pub(crate) fn insert(&mut self, client: C) -> (Option<C>, Option<W>) {
        self.replace(State::Connected { client })
    }

    /// The name is taken out: gives back what [`insert`](Self::insert) does. Nobody may insert or begin afterwards.
    pub(crate) fn remove(&mut self) -> (Option<C>, Option<W>) {
        self.replace(State::Removed)
    }

    /// Closes whatever there is and forgets failures.
    pub(crate) fn close(&mut self, waiting: W) -> Closed<C, W> {
        let attempt = self.next_era();
        self.failures = 0;
        match std::mem::replace(&mut self.state, State::Declared) {
            State::Declared | State::Failed { .. } => Closed::Nothing,
            State::Removed => {
                self.state = State::Removed;
                Closed::Nothing
            }
            State::Connecting { waiting, .. } => Closed::Attempt(waiting),
            State::Connected { client } => {
                self.state = State::Closing { attempt, waiting };
                Closed::Client(client, attempt)
            }
            State::Closing { attempt, waiting } => {
                let same = waiting.clone();
                self.state = State::Closing { attempt, waiting };
                Closed::Closing(same)
            }
        }
    }

    /// The goodbye `id` is over, well or not: the next caller connects anew.
    pub(crate) fn closed(&mut self, id: AttemptId) {
        if matches!(&self.state, State::Closing { attempt, .. } if *attempt == id) {
            self.state = State::Declared;
        }
    }

    fn replace(&mut self, state: State<C, F, W>) -> (Option<C>, Option<W>) {
        self.next_era();
        self.failures = 0;
        match std::mem::replace(&mut self.state, state) {
            State::Connected { client } => (Some(client), None),
            State::Connecting { waiting, .. } => (None, Some(waiting)),
            State::Declared | State::Failed { .. } | State::Closing { .. } | State::Removed => (None, None),
        }
    }

    fn next_era(&mut self) -> AttemptId {
        self.era += 1;
        AttemptId(self.era)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type TestSlot = Slot<u32, &'static str, char>;

    const BACKOFF: Backoff =
        Backoff { base: Duration::from_millis(100), max: Duration::from_secs(2), permanent: Duration::from_secs(30) };
    const NOW: Duration = Duration::from_secs(1);

    fn failure(failure: &'static str) -> Result<u32, Failure<&'static str>> {
        Err(Failure { failure, permanent: false })
    }

    #[test]
    fn the_first_caller_starts_and_the_others_wait() {
        let mut slot = TestSlot::new();
        assert_eq!(slot.ask(NOW), Ask::Start);
        slot.begin('w');
        assert_eq!(slot.ask(NOW), Ask::Wait(&'w'));
    }

    #[test]
    fn a_connected_client_is_handed_out() {
        let mut slot = TestSlot::new();
        let id = slot.begin('w');
        assert_eq!(slot.finish(id, NOW, Ok(7), &BACKOFF, 1.0), Finished::Current);
        assert_eq!(slot.ask(NOW), Ask::Ready(&7));
    }

    #[test]
    fn a_failure_is_remembered_for_its_pause_and_the_pause_doubles() {
        let mut slot = TestSlot::new();
        let id = slot.begin('w');
        slot.finish(id, NOW, failure("refused"), &BACKOFF, 1.0);
        let early = NOW + Duration::from_millis(99);
        assert_eq!(slot.ask(early), Ask::Refused { failure: &"refused", retry_in: Duration::from_millis(1) });
        let later = NOW + Duration::from_millis(100);
        assert_eq!(slot.ask(later), Ask::Start);
        let id = slot.begin('w');
        slot.finish(id, later, failure("refused"), &BACKOFF, 1.0);
        assert!(matches!(slot.ask(later + Duration::from_millis(199)), Ask::Refused { .. }));
        assert_eq!(slot.attempt_number(), 3);
    }

    #[test]
    fn a_late_result_never_replaces_a_newer_one() {
        let mut slot = TestSlot::new();
        let old = slot.begin('a');
        assert_eq!(slot.close('c'), Closed::Attempt('a'));
        let new = slot.begin('b');
        assert_eq!(slot.finish(old, NOW, Ok(1), &BACKOFF, 1.0), Finished::Outdated(Some(1)));
        assert_eq!(slot.finish(new, NOW, Ok(2), &BACKOFF, 1.0), Finished::Current);
        assert_eq!(slot.ask(NOW), Ask::Ready(&2));
    }

    #[test]
    fn callers_wait_for_a_goodbye_and_then_connect_anew() {
        let mut slot = TestSlot::new();
        let id = slot.begin('a');
        slot.finish(id, NOW, Ok(1), &BACKOFF, 1.0);
        let Closed::Client(1, goodbye) = slot.close('c') else { panic!("there is a client to close") };
        assert_eq!(slot.ask(NOW), Ask::Wait(&'c'));
        assert_eq!(slot.close('d'), Closed::Closing('c'));
        slot.closed(goodbye);
        assert_eq!(slot.ask(NOW), Ask::Start);
    }

    #[test]
    fn an_inserted_client_outdates_the_attempt_under_way() {
        let mut slot = TestSlot::new();
        let id = slot.begin('a');
        assert_eq!(slot.insert(9), (None, Some('a')));
        assert_eq!(slot.finish(id, NOW, Ok(1), &BACKOFF, 1.0), Finished::Outdated(Some(1)));
        assert_eq!(slot.ask(NOW), Ask::Ready(&9));
    }

    #[test]
    fn closing_forgets_a_failure() {
        let mut slot = TestSlot::new();
        let id = slot.begin('a');
        slot.finish(id, NOW, failure("refused"), &BACKOFF, 1.0);
        assert_eq!(slot.close('c'), Closed::Nothing);
        assert_eq!(slot.ask(NOW), Ask::Start);
    }

    #[test]
    fn an_attempt_that_came_to_nothing_is_forgotten() {
        let mut slot = TestSlot::new();
        let id = slot.begin('a');
        assert_eq!(slot.forget(id), Finished::Current);
        assert_eq!(slot.ask(NOW), Ask::Start);
    }
}
