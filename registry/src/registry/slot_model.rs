//! The state machine of a slot against a model of it: whatever happens in whatever order, one attempt counts.

use std::time::Duration;

use proptest::{prelude::*, sample::Index};

use super::{
    backoff::Backoff,
    health::HealthChange,
    slot::{Ask, AttemptId, Closed, Failure, Finished, LetGo, Slot},
    state::ConnectionState,
};

/// What a slot can be told. An index picks one of all attempts and goodbyes there ever were, late ones included.
#[derive(Clone, Debug)]
enum Event {
    Wait(u64),
    Ask,
    BeginBeside,
    Tried(Index),
    Succeed(Index),
    Fail(Index, bool),
    Forget(Index),
    /// A check of the client that came so many before the present one ended, well or not.
    Check(u64, bool),
    Renew,
    Seal,
    Unseal,
    Insert,
    Close,
    Discard,
    Closed(Index),
    Remove,
}

/// What is expected of a slot; what callers wait on is the number of the event that began it.
#[derive(Clone, Debug, PartialEq)]
enum Phase {
    Declared,
    Connecting(AttemptId, usize),
    Connected(Up),
    Failed { event: usize, retry_at: Duration, permanent: bool },
    Closing(AttemptId, usize),
    Closed,
    Removed,
}

/// What is expected of a slot with a client.
#[derive(Clone, Debug, PartialEq)]
struct Up {
    client: usize,
    /// All checks of this client.
    checks: Vec<bool>,
    trouble: Option<usize>,
    replacing: Option<(AttemptId, usize)>,
}

struct Model {
    slot: Slot<usize, usize, usize>,
    phase: Phase,
    sealed: bool,
    now: Duration,
    failures: u32,
    ids: Vec<AttemptId>,
    /// Each client that the slot was given, and whether it gave it back.
    clients: Vec<(usize, bool)>,
}

impl Model {
    fn new() -> Self {
        let (slot, phase) = (Slot::new(), Phase::Declared);
        Self { slot, phase, sealed: false, now: Duration::ZERO, failures: 0, ids: Vec::new(), clients: Vec::new() }
    }

    /// Tells slot and model of one event and compares what comes of it.
    fn apply(&mut self, number: usize, event: &Event) {
        match event {
            Event::Wait(milliseconds) => self.now += Duration::from_millis(*milliseconds),
            Event::Ask => self.ask(number),
            Event::BeginBeside => self.begin_beside(number),
            Event::Tried(index) => self.tried(index),
            Event::Succeed(index) => self.finish(index, Ok(number)),
            Event::Fail(index, permanent) => {
                self.finish(index, Err(Failure { failure: number, permanent: *permanent }));
            }
            Event::Forget(index) => self.forget(index),
            Event::Check(ago, passed) => self.check(*ago, passed.then_some(()).ok_or(number)),
            Event::Renew => self.renew(),
            Event::Seal => {
                self.slot.seal();
                self.sealed = true;
            }
            Event::Unseal => {
                self.slot.unseal();
                self.sealed = false;
            }
            Event::Insert if self.phase != Phase::Removed => {
                self.clients.push((number, false));
                let let_go = self.slot.insert(number);
                self.replaced(&let_go, Phase::Connected(Up::new(number)));
            }
            Event::Insert => {}
            Event::Close => self.close(number),
            Event::Discard => self.discard(),
            Event::Closed(index) => self.closed(index),
            Event::Remove => {
                let let_go = self.slot.remove();
                self.replaced(&let_go, Phase::Removed);
            }
        }
        self.holds();
    }

    fn ask(&mut self, number: usize) {
        let asked = self.slot.ask(self.now);
        assert_eq!(asked, self.answer());
        if asked == Ask::Start {
            let id = self.slot.begin(number);
            self.is_new(id);
            self.phase = Phase::Connecting(id, number);
        }
    }

    /// What a caller gets now.
    fn answer(&self) -> Ask<'_, usize, usize, usize> {
        match &self.phase {
            Phase::Removed => Ask::Removed,
            _ if self.sealed => Ask::Sealed,
            Phase::Connected(up) => Ask::Ready(&up.client),
            Phase::Connecting(_, waiting) | Phase::Closing(_, waiting) => Ask::Wait(waiting),
            Phase::Failed { event, retry_at, .. } if *retry_at > self.now => {
                Ask::Refused { failure: event, retry_in: *retry_at - self.now }
            }
            Phase::Declared | Phase::Closed | Phase::Failed { .. } => Ask::Start,
        }
    }

    fn begin_beside(&mut self, number: usize) {
        let begun = self.slot.begin_beside(number);
        let Phase::Connected(up) = &mut self.phase else {
            return assert_eq!(begun, None, "there is nothing to replace");
        };
        if self.sealed {
            return assert_eq!(begun, None, "nothing begins in a sealed slot");
        }
        let (id, outdated) = begun.expect("there is a client to replace");
        let earlier = up.replacing.replace((id, number));
        assert_eq!(outdated, earlier.map(|(_, waiting)| waiting), "an earlier attempt is given back");
        self.is_new(id);
    }

    fn tried(&mut self, index: &Index) {
        let Some(id) = self.pick(index) else { return };
        self.slot.tried(id);
        self.failures += u32::from(self.phase.attempt() == Some(id));
    }

    fn finish(&mut self, index: &Index, result: Result<usize, Failure<usize>>) {
        let Some(id) = self.pick(index) else { return };
        let finished = self.slot.finish(id, self.now, result.clone(), &BACKOFF, 1.0);
        if self.phase.attempt() != Some(id) {
            assert_eq!(finished, Finished::Outdated(result.ok()), "a late client comes back");
            return;
        }
        match result {
            Ok(client) => self.connected(client, &finished),
            Err(failure) => self.failed(failure, &finished),
        }
    }

    fn connected(&mut self, client: usize, finished: &Finished<usize>) {
        self.clients.push((client, false));
        self.failures = 0;
        match std::mem::replace(&mut self.phase, Phase::Connected(Up::new(client))) {
            Phase::Connected(old) => {
                assert_eq!(finished, &Finished::Replaced(old.client));
                self.give_back(old.client);
            }
            _ => assert_eq!(finished, &Finished::Current),
        }
    }

    fn failed(&mut self, Failure { failure, permanent }: Failure<usize>, finished: &Finished<usize>) {
        self.failures += 1;
        if let Phase::Connected(up) = &mut self.phase {
            assert_eq!(finished, &Finished::Kept, "the client stays");
            (up.trouble, up.replacing) = (Some(failure), None);
            return;
        }
        assert_eq!(finished, &Finished::Current);
        let retry_at = self.now + BACKOFF.pause(self.failures, permanent, 1.0);
        self.phase = Phase::Failed { event: failure, retry_at, permanent };
    }

    fn forget(&mut self, index: &Index) {
        let Some(id) = self.pick(index) else { return };
        let is_current = self.phase.attempt() == Some(id);
        let expected = if is_current { Finished::Current } else { Finished::Outdated(None) };
        assert_eq!(self.slot.forget(id), expected);
        match &mut self.phase {
            Phase::Connected(up) if is_current => up.replacing = None,
            phase if is_current => *phase = Phase::Declared,
            _ => {}
        }
    }

    fn check(&mut self, ago: u64, result: Result<(), usize>) {
        let generation = self.slot.generation().wrapping_sub(ago);
        let change = self.slot.checked(generation, result, FALL, RISE);
        let Phase::Connected(up) = &mut self.phase else { return assert_eq!(change, None) };
        if ago > 0 {
            return assert_eq!(change, None, "it was another client");
        }
        let was_degraded = up.is_degraded();
        up.checks.push(result.is_ok());
        let expected = match (was_degraded, up.is_degraded()) {
            (false, true) => Some(HealthChange::Degraded),
            (true, false) => Some(HealthChange::Recovered),
            _ => None,
        };
        assert_eq!(change, expected);
        if result.is_err() || !up.is_degraded() {
            up.trouble = result.err();
        }
    }

    fn renew(&mut self) {
        let outdated = self.slot.renew();
        let attempt = self.phase.waiting();
        self.failures = 0;
        match &mut self.phase {
            Phase::Connected(up) => up.replacing = None,
            phase @ (Phase::Connecting(..) | Phase::Failed { .. }) => *phase = Phase::Declared,
            _ => {}
        }
        assert_eq!(outdated, attempt, "whoever waits is told");
    }

    fn close(&mut self, number: usize) {
        let closed = self.slot.close(number);
        self.failures = 0;
        match (self.phase.clone(), closed) {
            (Phase::Connected(up), Closed::Client { client, id, outdated }) => {
                assert_eq!((client, outdated), (up.client, up.replacing.map(|(_, waiting)| waiting)));
                self.give_back(client);
                self.is_new(id);
                self.phase = Phase::Closing(id, number);
            }
            (Phase::Connecting(_, expected), Closed::Attempt(waiting)) => {
                assert_eq!(waiting, expected);
                self.phase = Phase::Closed;
            }
            (Phase::Closing(_, expected), Closed::Closing(waiting)) => assert_eq!(waiting, expected),
            (Phase::Failed { .. }, Closed::Nothing) => self.phase = Phase::Closed,
            (Phase::Declared | Phase::Closed | Phase::Removed, Closed::Nothing) => {}
            (phase, closed) => panic!("{phase:?} was closed as {closed:?}"),
        }
    }

    fn discard(&mut self) {
        let discarded = self.slot.discard();
        let Phase::Connected(up) = self.phase.clone() else { return assert_eq!(discarded, None) };
        assert_eq!(discarded, Some(up.client));
        self.give_back(up.client);
        self.phase = up.replacing.map_or(Phase::Closed, |(id, waiting)| Phase::Connecting(id, waiting));
    }

    fn closed(&mut self, index: &Index) {
        let Some(id) = self.pick(index) else { return };
        self.slot.closed(id);
        if matches!(self.phase, Phase::Closing(current, _) if current == id) {
            self.phase = Phase::Closed;
        }
    }

    fn replaced(&mut self, let_go: &LetGo<usize, usize>, next: Phase) {
        let expected = LetGo { client: self.phase.client(), outdated: self.phase.waiting() };
        assert_eq!(let_go, &expected);
        let_go.client.into_iter().for_each(|client| self.give_back(client));
        (self.phase, self.failures) = (next, 0);
    }

    fn is_new(&mut self, id: AttemptId) {
        assert!(!self.ids.contains(&id), "an id is used once");
        self.ids.push(id);
    }

    fn give_back(&mut self, client: usize) {
        let known = self.clients.iter_mut().find(|(known, _)| *known == client).expect("it was given");
        assert!(!std::mem::replace(&mut known.1, true), "a client comes back once");
    }

    fn pick(&self, index: &Index) -> Option<AttemptId> {
        (!self.ids.is_empty()).then(|| *index.get(&self.ids))
    }

    /// What holds after every event.
    fn holds(&self) {
        let (slot, phase) = (&self.slot, &self.phase);
        let current: Vec<_> = self.ids.iter().copied().filter(|id| slot.is_current(*id)).collect();
        assert_eq!(current, Vec::from_iter(phase.attempt()), "one attempt counts, and no goodbye");
        let held: Vec<_> = self.clients.iter().filter(|(_, back)| !back).map(|(client, _)| *client).collect();
        assert_eq!(held, Vec::from_iter(slot.client().copied()), "it holds what it did not give back");
        assert_eq!(slot.client().copied(), phase.client());
        assert_eq!(slot.generation(), self.clients.len() as u64, "a generation for each client");
        assert_eq!(slot.ask(self.now), self.answer());
        assert_eq!(slot.is_sealed(), self.sealed);
        assert_eq!(slot.is_connecting(), matches!(phase, Phase::Connecting(..)));
        assert_eq!(slot.replacing().copied(), phase.client().and(phase.waiting()));
        assert_eq!(slot.state(), phase.state());
        assert_eq!(slot.failure().copied(), phase.failure());
        assert_eq!(slot.retry_at(), phase.retry_at());
        assert_eq!(slot.failures(), self.failures);
    }
}

impl Phase {
    /// The one attempt that counts.
    fn attempt(&self) -> Option<AttemptId> {
        match self {
            Self::Connecting(id, _) => Some(*id),
            Self::Connected(up) => up.replacing.map(|(id, _)| id),
            _ => None,
        }
    }

    /// What the callers of that attempt wait on.
    fn waiting(&self) -> Option<usize> {
        match self {
            Self::Connecting(_, waiting) => Some(*waiting),
            Self::Connected(up) => up.replacing.map(|(_, waiting)| waiting),
            _ => None,
        }
    }

    fn client(&self) -> Option<usize> {
        match self {
            Self::Connected(up) => Some(up.client),
            _ => None,
        }
    }

    fn failure(&self) -> Option<usize> {
        match self {
            Self::Connected(up) => up.trouble,
            Self::Failed { event, .. } => Some(*event),
            _ => None,
        }
    }

    fn retry_at(&self) -> Option<(Duration, bool)> {
        match self {
            Self::Failed { retry_at, permanent, .. } => Some((*retry_at, *permanent)),
            _ => None,
        }
    }

    fn state(&self) -> ConnectionState {
        match self {
            Self::Declared => ConnectionState::Declared,
            Self::Connecting(..) => ConnectionState::Connecting,
            Self::Connected(up) if up.is_degraded() => ConnectionState::Degraded,
            Self::Connected(_) => ConnectionState::Connected,
            Self::Failed { .. } => ConnectionState::Failed,
            Self::Closing(..) => ConnectionState::Draining,
            Self::Closed | Self::Removed => ConnectionState::Closed,
        }
    }
}

impl Up {
    fn new(client: usize) -> Self {
        Self { client, checks: Vec::new(), trouble: None, replacing: None }
    }

    /// What all checks together say: so many of one kind in a row, none of which has counted before, turn the verdict.
    fn is_degraded(&self) -> bool {
        let (mut degraded, mut rest) = (false, &self.checks[..]);
        loop {
            let row = vec![degraded; if degraded { RISE } else { FALL } as usize];
            let Some(turn) = rest.windows(row.len()).position(|window| window == row) else { return degraded };
            (degraded, rest) = (!degraded, &rest[turn + row.len()..]);
        }
    }
}

fn event() -> impl Strategy<Value = Event> {
    let index = any::<Index>;
    let seldom =
        |event: Event| prop::bool::weighted(0.1).prop_map(move |it| if it { event.clone() } else { Event::Ask });
    prop_oneof![
        2 => (0_u64..3000).prop_map(Event::Wait),
        6 => Just(Event::Ask),
        4 => Just(Event::BeginBeside),
        2 => index().prop_map(Event::Tried),
        5 => index().prop_map(Event::Succeed),
        4 => (index(), any::<bool>()).prop_map(|(index, permanent)| Event::Fail(index, permanent)),
        1 => index().prop_map(Event::Forget),
        6 => (prop_oneof![4 => Just(0), 1 => 1..3_u64], any::<bool>()).prop_map(|(ago, passed)| Event::Check(ago, passed)),
        2 => Just(Event::Renew),
        1 => Just(Event::Seal),
        2 => Just(Event::Unseal),
        1 => Just(Event::Insert),
        2 => Just(Event::Close),
        2 => Just(Event::Discard),
        2 => index().prop_map(Event::Closed),
        1 => seldom(Event::Remove),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_slot_does_what_its_model_does(events in prop::collection::vec(event(), 0..80)) {
        let mut model = Model::new();
        for (number, event) in events.iter().enumerate() {
            model.apply(number, event);
        }
    }
}

const BACKOFF: Backoff =
    Backoff { base: Duration::from_millis(100), max: Duration::from_secs(2), permanent: Duration::from_secs(30) };

const FALL: u32 = 3;

const RISE: u32 = 2;
