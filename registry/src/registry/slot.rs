//! The state of one name, as a plain state machine: no runtime, no clock, no I/O.
//!
//! It is told what happened and at what moment, and answers what to do. `C` is a connected client, `F` the
//! failure that callers get, `W` what callers wait on while an attempt or a goodbye is under way.

use std::time::Duration;

use super::{
    backoff::Backoff,
    health::{Health, HealthChange},
    state::ConnectionState,
};

/// What a name is doing, and what comes next.
#[derive(Debug)]
pub(crate) struct Slot<C, F, W> {
    state: State<C, F, W>,
    /// Counts everything that may outdate an attempt, so that a late result is known as late.
    era: u64,
    /// How many clients it has had.
    generation: u64,
    /// Failures in a row.
    failures: u32,
    /// Shut for good: nobody gets a client any more, and none is made.
    sealed: bool,
}

#[derive(Debug)]
enum State<C, F, W> {
    Declared,
    Connecting {
        attempt: AttemptId,
        waiting: W,
    },
    Connected {
        /// Apart: most names of a large configuration have none.
        client: Box<C>,
        health: Health,
        /// What speaks against the client: the last failure of a check, or of an attempt to replace it.
        trouble: Option<F>,
        /// The attempt that makes the next client, beside this one.
        replacing: Option<(AttemptId, W)>,
    },
    Failed {
        failure: F,
        retry_at: Duration,
        permanent: bool,
    },
    Closing {
        attempt: AttemptId,
        waiting: W,
    },
    /// The next caller connects anew.
    Closed,
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
    /// It is shut for good.
    Sealed,
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
    /// The new client took the place of this one, which must be closed.
    Replaced(C),
    /// The new client could not be made: the old one stays.
    Kept,
    /// The slot moved on meanwhile. A client that came of it must be closed.
    Outdated(Option<C>),
}

/// What a slot let go of.
#[must_use = "a client is to be closed, an attempt to be aborted"]
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LetGo<C, W> {
    pub(crate) client: Option<C>,
    /// What the callers of an attempt wait on that is outdated now.
    pub(crate) outdated: Option<W>,
}

/// What a slot held when it was closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Closed<C, W> {
    /// Nothing: there is nothing to do.
    Nothing,
    /// A client: the slot is closing until [`Slot::closed`] is called with the id. An attempt to replace it is outdated.
    Client { client: C, id: AttemptId, outdated: Option<W> },
    /// An attempt, now outdated: abort it.
    Attempt(W),
    /// Another call is closing it: wait for that one.
    Closing(W),
}

impl<C, F, W: Clone> Slot<C, F, W> {
    pub(crate) fn new() -> Self {
        Self { state: State::Declared, era: 0, generation: 0, failures: 0, sealed: false }
    }

    /// A caller wants the client at the moment `now`.
    pub(crate) fn ask(&self, now: Duration) -> Ask<'_, C, F, W> {
        match &self.state {
            State::Removed => Ask::Removed,
            _ if self.sealed => Ask::Sealed,
            State::Connected { client, .. } => Ask::Ready(client),
            State::Connecting { waiting, .. } | State::Closing { waiting, .. } => Ask::Wait(waiting),
            State::Failed { failure, retry_at, .. } if now < *retry_at => {
                Ask::Refused { failure, retry_in: *retry_at - now }
            }
            State::Declared | State::Closed | State::Failed { .. } => Ask::Start,
        }
    }

    /// The client, when there is one.
    pub(crate) fn client(&self) -> Option<&C> {
        match &self.state {
            State::Connected { client, .. } => Some(client),
            _ => None,
        }
    }

    pub(crate) fn client_mut(&mut self) -> Option<&mut C> {
        match &mut self.state {
            State::Connected { client, .. } => Some(client),
            _ => None,
        }
    }

    /// The failure that is remembered: of the last attempt, or what speaks against the client. A caller that changes the
    /// slot under a lock keeps a copy of it until the lock is free: the drop of the last one may be anybody's code.
    pub(crate) fn failure(&self) -> Option<&F> {
        match &self.state {
            State::Failed { failure, .. } => Some(failure),
            State::Connected { trouble, .. } => trouble.as_ref(),
            _ => None,
        }
    }

    /// When the next attempt may be made, after one that failed; and whether the type says that it cannot help.
    pub(crate) fn retry_at(&self) -> Option<(Duration, bool)> {
        match &self.state {
            State::Failed { retry_at, permanent, .. } => Some((*retry_at, *permanent)),
            _ => None,
        }
    }

    /// What it is doing.
    pub(crate) fn state(&self) -> ConnectionState {
        match &self.state {
            State::Declared => ConnectionState::Declared,
            State::Connecting { .. } => ConnectionState::Connecting,
            State::Connected { health, .. } if health.is_degraded() => ConnectionState::Degraded,
            State::Connected { .. } => ConnectionState::Connected,
            State::Failed { .. } => ConnectionState::Failed,
            State::Closing { .. } => ConnectionState::Draining,
            State::Closed | State::Removed => ConnectionState::Closed,
        }
    }

    /// How many clients it has had: the number of the present one, while there is one.
    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// How many attempts in a row have failed.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether an attempt is under way that callers wait for.
    pub(crate) fn is_connecting(&self) -> bool {
        matches!(&self.state, State::Connecting { .. })
    }

    /// What callers of the attempt under way wait on, whether it is to replace the client or there is none yet.
    pub(crate) fn attempt(&self) -> Option<&W> {
        match &self.state {
            State::Connecting { waiting, .. } => Some(waiting),
            _ => self.replacing(),
        }
    }

    /// What callers of the attempt to replace the client wait on, when there is one.
    pub(crate) fn replacing(&self) -> Option<&W> {
        match &self.state {
            State::Connected { replacing: Some((_, waiting)), .. } => Some(waiting),
            _ => None,
        }
    }

    pub(crate) fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// Whether the attempt `id` is still one that counts.
    pub(crate) fn is_current(&self, id: AttemptId) -> bool {
        match &self.state {
            State::Connecting { attempt, .. } => *attempt == id,
            State::Connected { replacing: Some((attempt, _)), .. } => *attempt == id,
            _ => false,
        }
    }

    /// An attempt begins, after [`Ask::Start`].
    pub(crate) fn begin(&mut self, waiting: W) -> AttemptId {
        let attempt = self.next_era();
        self.state = State::Connecting { attempt, waiting };
        attempt
    }

    /// An attempt begins to make the next client beside the present one; gives also what an earlier one, which is outdated
    /// now, is waited on by. `None` without a client, or when the slot is sealed.
    pub(crate) fn begin_beside(&mut self, waiting: W) -> Option<(AttemptId, Option<W>)> {
        if self.sealed {
            return None;
        }
        let attempt = self.next_era();
        let State::Connected { replacing, .. } = &mut self.state else { return None };
        let earlier = replacing.replace((attempt, waiting));
        Some((attempt, earlier.map(|(_, waiting)| waiting)))
    }

    /// One try of the attempt `id` failed, and it goes on: for the count alone.
    pub(crate) fn tried(&mut self, id: AttemptId) {
        if self.is_current(id) {
            self.failures = self.failures.saturating_add(1);
        }
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
        match result {
            Ok(client) => self.connected(client).map_or(Finished::Current, Finished::Replaced),
            Err(Failure { failure, permanent }) => {
                self.failures = self.failures.saturating_add(1);
                if let State::Connected { trouble, replacing, .. } = &mut self.state {
                    (*trouble, *replacing) = (Some(failure), None);
                    return Finished::Kept;
                }
                let retry_at = now.saturating_add(backoff.pause(self.failures, permanent, jitter));
                self.state = State::Failed { failure, retry_at, permanent };
                Finished::Current
            }
        }
    }

    /// The attempt `id` came to nothing, without an answer from the other side: as if it never was.
    pub(crate) fn forget(&mut self, id: AttemptId) -> Finished<C> {
        if !self.is_current(id) {
            return Finished::Outdated(None);
        }
        match &mut self.state {
            State::Connected { replacing, .. } => *replacing = None,
            state => *state = State::Declared,
        }
        Finished::Current
    }

    /// A check of the client number `generation` ended; `trouble` when it failed.
    pub(crate) fn checked(
        &mut self,
        generation: u64,
        result: Result<(), F>,
        fall: u32,
        rise: u32,
    ) -> Option<HealthChange> {
        let is_same = self.generation == generation;
        let State::Connected { health, trouble, .. } = &mut self.state else { return None };
        if !is_same {
            return None;
        }
        let change = health.checked(result.is_ok(), fall, rise);
        match result {
            Err(failure) => *trouble = Some(failure),
            Ok(()) if !health.is_degraded() => *trouble = None,
            Ok(()) => {}
        }
        change
    }

    /// What was tried so far does not matter any more: an attempt under way is outdated, a failure forgotten. A client
    /// stays.
    pub(crate) fn renew(&mut self) -> Option<W> {
        self.next_era();
        self.failures = 0;
        match std::mem::replace(&mut self.state, State::Declared) {
            State::Connecting { waiting, .. } => Some(waiting),
            State::Declared | State::Failed { .. } => None,
            State::Connected { client, health, trouble, replacing } => {
                self.state = State::Connected { client, health, trouble, replacing: None };
                replacing.map(|(_, waiting)| waiting)
            }
            state @ (State::Closing { .. } | State::Closed | State::Removed) => {
                self.state = state;
                None
            }
        }
    }

    /// A ready-made client takes the place of whatever there is.
    pub(crate) fn insert(&mut self, client: C) -> LetGo<C, W> {
        let let_go = self.take(State::Declared);
        self.connected(client);
        let_go
    }

    /// The name is taken out. Nobody may insert or begin afterwards.
    pub(crate) fn remove(&mut self) -> LetGo<C, W> {
        self.take(State::Removed)
    }

    /// From now on nobody gets a client, and none is made; [`close`](Self::close) is still to be called.
    pub(crate) fn seal(&mut self) {
        self.sealed = true;
    }

    /// Takes back what [`seal`](Self::seal) did.
    pub(crate) fn unseal(&mut self) {
        self.sealed = false;
    }

    /// Closes whatever there is and forgets failures.
    pub(crate) fn close(&mut self, waiting: W) -> Closed<C, W> {
        let attempt = self.next_era();
        self.failures = 0;
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Closed | State::Failed { .. } => Closed::Nothing,
            state @ (State::Declared | State::Removed) => {
                self.state = state;
                Closed::Nothing
            }
            State::Connecting { waiting, .. } => Closed::Attempt(waiting),
            State::Connected { client, replacing, .. } => {
                self.state = State::Closing { attempt, waiting };
                let outdated = replacing.map(|(_, waiting)| waiting);
                Closed::Client { client: *client, id: attempt, outdated }
            }
            State::Closing { attempt, waiting } => {
                let same = waiting.clone();
                self.state = State::Closing { attempt, waiting };
                Closed::Closing(same)
            }
        }
    }

    /// The client must not be given out any more; the next caller connects anew. An attempt to replace it goes on, and callers
    /// wait for it from now on.
    pub(crate) fn discard(&mut self) -> Option<C> {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Connected { client, replacing, .. } => {
                if let Some((attempt, waiting)) = replacing {
                    self.state = State::Connecting { attempt, waiting };
                }
                Some(*client)
            }
            state => {
                self.state = state;
                None
            }
        }
    }

    /// The goodbye `id` is over, well or not: the next caller connects anew.
    pub(crate) fn closed(&mut self, id: AttemptId) {
        if matches!(&self.state, State::Closing { attempt, .. } if *attempt == id) {
            self.state = State::Closed;
        }
    }

    /// A new client is the current one; gives back the one whose place it takes.
    fn connected(&mut self, client: C) -> Option<C> {
        self.failures = 0;
        self.generation += 1;
        let client = Box::new(client);
        let new = State::Connected { client, health: Health::default(), trouble: None, replacing: None };
        match std::mem::replace(&mut self.state, new) {
            State::Connected { client, .. } => Some(*client),
            _ => None,
        }
    }

    fn take(&mut self, state: State<C, F, W>) -> LetGo<C, W> {
        self.next_era();
        self.failures = 0;
        match std::mem::replace(&mut self.state, state) {
            State::Connected { client, replacing, .. } => {
                LetGo { client: Some(*client), outdated: replacing.map(|(_, waiting)| waiting) }
            }
            State::Connecting { waiting, .. } => LetGo { client: None, outdated: Some(waiting) },
            _ => LetGo { client: None, outdated: None },
        }
    }

    fn next_era(&mut self) -> AttemptId {
        self.era += 1;
        AttemptId(self.era)
    }
}
