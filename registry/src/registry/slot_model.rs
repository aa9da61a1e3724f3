//! The state machine of a slot against a model of it: whatever happens in whatever order, one attempt counts.

use std::time::Duration;

use proptest::{prelude::*, sample::Index};

use super::{
    backoff::Backoff,
    slot::{Ask, AttemptId, Closed, Failure, Finished, LetGo, Slot},
};

/// What a slot can be told. An index picks one of all attempts and goodbyes there ever were, late ones included.
#[derive(Clone, Debug)]
enum Event {
    Wait(u64),
    Ask,
    Succeed(Index),
    Fail(Index, bool),
    Forget(Index),
    Insert,
    Close,
    Discard,
    Closed(Index),
    Remove,
}

/// What is expected of a slot; what callers wait on is the number of the event that began it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Phase {
    Idle,
    Connecting(AttemptId, usize),
    Connected(usize),
    Failed { event: usize, retry_at: Duration },
    Closing(AttemptId, usize),
    Removed,
}

struct Model {
    slot: Slot<usize, usize, usize>,
    phase: Phase,
    now: Duration,
    failures: u32,
    ids: Vec<AttemptId>,
    /// Each client that the slot was given, and whether it gave it back.
    clients: Vec<(usize, bool)>,
}

impl Model {
    fn new() -> Self {
        let (slot, phase) = (Slot::new(), Phase::Idle);
        Self { slot, phase, now: Duration::ZERO, failures: 0, ids: Vec::new(), clients: Vec::new() }
    }

    /// Tells slot and model of one event and compares what comes of it.
    fn apply(&mut self, number: usize, event: &Event) {
        match event {
            Event::Wait(milliseconds) => self.now += Duration::from_millis(*milliseconds),
            Event::Ask => self.ask(number),
            Event::Succeed(index) => self.finish(index, Ok(number)),
            Event::Fail(index, permanent) => {
                self.finish(index, Err(Failure { failure: number, permanent: *permanent }));
            }
            Event::Forget(index) => self.forget(index),
            Event::Insert if self.phase != Phase::Removed => {
                self.clients.push((number, false));
                let let_go = self.slot.insert(number);
                self.replaced(let_go, Phase::Connected(number));
            }
            Event::Insert => {}
            Event::Close => self.close(number),
            Event::Discard => self.discard(),
            Event::Closed(index) => self.closed(index),
            Event::Remove => {
                let let_go = self.slot.remove();
                self.replaced(let_go, Phase::Removed);
            }
        }
        self.check();
    }

    fn ask(&mut self, number: usize) {
        let expected = match &self.phase {
            Phase::Connected(client) => Ask::Ready(client),
            Phase::Connecting(_, waiting) | Phase::Closing(_, waiting) => Ask::Wait(waiting),
            Phase::Failed { event, retry_at } if *retry_at > self.now => {
                Ask::Refused { failure: event, retry_in: *retry_at - self.now }
            }
            Phase::Idle | Phase::Failed { .. } => Ask::Start,
            Phase::Removed => Ask::Removed,
        };
        let asked = self.slot.ask(self.now);
        assert_eq!(asked, expected);
        if asked == Ask::Start {
            let id = self.slot.begin(number);
            assert!(!self.ids.contains(&id), "an id is used once");
            self.ids.push(id);
            self.phase = Phase::Connecting(id, number);
        }
    }

    fn finish(&mut self, index: &Index, result: Result<usize, Failure<usize>>) {
        let Some(id) = self.pick(index) else { return };
        let finished = self.slot.finish(id, self.now, result.clone(), &BACKOFF, 1.0);
        if !matches!(self.phase, Phase::Connecting(current, _) if current == id) {
            assert_eq!(finished, Finished::Outdated(result.ok()), "a late client comes back");
            return;
        }
        assert_eq!(finished, Finished::Current);
        self.phase = match result {
            Ok(client) => {
                self.failures = 0;
                self.clients.push((client, false));
                Phase::Connected(client)
            }
            Err(Failure { failure, permanent }) => {
                self.failures += 1;
                let retry_at = self.now + BACKOFF.pause(self.failures, permanent, 1.0);
                Phase::Failed { event: failure, retry_at }
            }
        };
    }

    fn forget(&mut self, index: &Index) {
        let Some(id) = self.pick(index) else { return };
        let is_current = matches!(self.phase, Phase::Connecting(current, _) if current == id);
        let expected = if is_current { Finished::Current } else { Finished::Outdated(None) };
        assert_eq!(self.slot.forget(id), expected);
        if is_current {
            self.phase = Phase::Idle;
        }
    }

    fn close(&mut self, number: usize) {
        let closed = self.slot.close(number);
        self.failures = 0;
        match (self.phase, closed) {
            (Phase::Connected(expected), Closed::Client { client, id, outdated: None }) => {
                assert_eq!(client, expected);
                self.give_back(client);
                self.ids.push(id);
                self.phase = Phase::Closing(id, number);
            }
            (Phase::Connecting(_, expected), Closed::Attempt(waiting)) => {
                assert_eq!(waiting, expected);
                self.phase = Phase::Idle;
            }
            (Phase::Closing(_, expected), Closed::Closing(waiting)) => assert_eq!(waiting, expected),
            (Phase::Idle | Phase::Failed { .. }, Closed::Nothing) => self.phase = Phase::Idle,
            (Phase::Removed, Closed::Nothing) => {}
            (phase, closed) => panic!("{phase:?} was closed as {closed:?}"),
        }
    }

    fn discard(&mut self) {
        let discarded = self.slot.discard();
        match self.phase {
            Phase::Connected(client) => {
                assert_eq!(discarded, Some(client));
                self.give_back(client);
                self.phase = Phase::Idle;
            }
            _ => assert_eq!(discarded, None),
        }
    }

    fn closed(&mut self, index: &Index) {
        let Some(id) = self.pick(index) else { return };
        self.slot.closed(id);
        if matches!(self.phase, Phase::Closing(current, _) if current == id) {
            self.phase = Phase::Idle;
        }
    }

    fn replaced(&mut self, LetGo { client, outdated: waiting }: LetGo<usize, usize>, next: Phase) {
        let expected = match self.phase {
            Phase::Connected(client) => (Some(client), None),
            Phase::Connecting(_, waiting) => (None, Some(waiting)),
            _ => (None, None),
        };
        assert_eq!((client, waiting), expected);
        client.into_iter().for_each(|client| self.give_back(client));
        (self.phase, self.failures) = (next, 0);
    }

    fn give_back(&mut self, client: usize) {
        let known = self.clients.iter_mut().find(|(known, _)| *known == client).expect("it was given");
        assert!(!std::mem::replace(&mut known.1, true), "a client comes back once");
    }

    fn pick(&self, index: &Index) -> Option<AttemptId> {
        (!self.ids.is_empty()).then(|| *index.get(&self.ids))
    }

    /// What holds after every event.
    fn check(&self) {
        let current = self.ids.iter().filter(|id| self.slot.is_current(**id)).count();
        assert_eq!(current == 1, self.slot.is_connecting(), "one attempt counts");
        assert_eq!(self.slot.is_connecting(), matches!(self.phase, Phase::Connecting(..)));
        let held: Vec<_> = self.clients.iter().filter(|(_, back)| !back).map(|(client, _)| client).collect();
        assert_eq!(held, self.slot.client().into_iter().collect::<Vec<_>>(), "it holds what it did not give back");
        assert_eq!(self.slot.failure().is_some(), matches!(self.phase, Phase::Failed { .. }));
        assert_eq!(self.slot.failures(), self.failures);
    }
}

fn event() -> impl Strategy<Value = Event> {
    let index = any::<Index>;
    prop_oneof![
        2 => (0_u64..3000).prop_map(Event::Wait),
        6 => Just(Event::Ask),
        4 => index().prop_map(Event::Succeed),
        4 => (index(), any::<bool>()).prop_map(|(index, permanent)| Event::Fail(index, permanent)),
        1 => index().prop_map(Event::Forget),
        1 => Just(Event::Insert),
        3 => Just(Event::Close),
        1 => Just(Event::Discard),
        3 => index().prop_map(Event::Closed),
        1 => prop::bool::weighted(0.1).prop_map(|remove| if remove { Event::Remove } else { Event::Ask }),
    ]
}

proptest! {
    #[test]
    fn a_slot_does_what_its_model_does(events in prop::collection::vec(event(), 0..60)) {
        let mut model = Model::new();
        for (number, event) in events.iter().enumerate() {
            model.apply(number, event);
        }
    }
}

const BACKOFF: Backoff =
    Backoff { base: Duration::from_millis(100), max: Duration::from_secs(2), permanent: Duration::from_secs(30) };
