//! Clients on their way out: each waits for its guards, then is told goodbye.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{
    shared::Shared,
    timetable::{Timetable, Turn, after, within},
};
use crate::{
    config::Lifecycle,
    error::{Error, Result},
    registry::{Client, Holders, Retired},
};

/// The clients that are on their way out. One is here for as long as its task lives, and no longer.
#[derive(Default)]
pub(super) struct Drains {
    state: Mutex<State>,
    /// How many there are.
    count: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    by_number: BTreeMap<u64, Arc<Drain>>,
    /// Those that were told goodbye while guards were out, for as long as these are.
    held: Vec<Arc<Drain>>,
    next: u64,
    /// What a shutdown reports of: from its begin on, also those that are over.
    record: Option<Vec<Arc<Drain>>>,
}

/// One client on its way out.
pub(super) struct Drain {
    pub(super) name: Arc<str>,
    generation: Option<u64>,
    /// When it was let go of, since the manager was built.
    since: Duration,
    /// When it was connected; `None` for one that was inserted.
    pub(super) connected_at: Option<Duration>,
    pub(super) lifecycle: Lifecycle,
    holders: Holders,
    /// Held by the goodbye for as long as it has the client.
    in_goodbye: Arc<()>,
    phase: Mutex<Phase>,
}

#[derive(Default)]
struct Phase {
    /// Until it is told goodbye.
    waiting: Option<Retired>,
    /// How that ended.
    result: Option<Result<()>>,
}

/// What operators may know of a client on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DrainInfo {
    pub(super) name: Arc<str>,
    /// Which client of its name it is, where that is known.
    pub(super) generation: Option<u64>,
    /// When it was let go of, since the manager was built.
    pub(super) since: Duration,
    /// How many guards are still out.
    pub(super) guards: usize,
}

impl Drains {
    /// All that are on their way out now, and those that guards still hold after their goodbye: by name, the oldest first.
    pub(super) fn list(&self) -> Vec<DrainInfo> {
        let state = self.lock();
        let drains: Vec<_> = state.held.iter().chain(state.by_number.values()).cloned().collect();
        let on_their_way = state.by_number.len();
        drop(state);
        let first = drains.len() - on_their_way;
        let is_there = |(at, info): (usize, DrainInfo)| (at >= first || info.guards > 0).then_some(info);
        let mut list: Vec<_> = drains.iter().map(|drain| drain.info()).enumerate().filter_map(is_there).collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        list
    }

    /// From now on all are remembered, those of this moment included.
    pub(super) fn record(&self) {
        let mut state = self.lock();
        let held = state.held.iter().filter(|drain| drain.guards() > 0);
        let now = held.chain(state.by_number.values()).cloned().collect();
        state.record.get_or_insert(now);
    }

    /// What was remembered since [`record`](Self::record).
    pub(super) fn recorded(&self) -> Vec<Arc<Drain>> {
        self.lock().record.clone().unwrap_or_default()
    }

    /// Remembers no longer.
    pub(super) fn forget(&self) {
        let forgotten = self.lock().record.take();
        // Outside the lock: the drop of an error may be anybody's code.
        drop(forgotten);
    }

    /// Waits until there are none.
    pub(super) async fn are_over(&self) {
        // The sender is in `self`: it does not go away meanwhile.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }

    fn add(&self, drain: &Arc<Drain>) -> u64 {
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        state.by_number.insert(number, Arc::clone(drain));
        if let Some(record) = &mut state.record {
            record.push(Arc::clone(drain));
        }
        self.count.send_replace(state.by_number.len());
        number
    }

    fn take_out(&self, number: u64) {
        let mut state = self.lock();
        let drain = state.by_number.remove(&number);
        self.count.send_replace(state.by_number.len());
        let mut gone = Vec::new();
        if let Some(drain) = drain {
            let (held, free) = std::mem::take(&mut state.held).into_iter().partition(|drain| drain.guards() > 0);
            (state.held, gone) = (held, free);
            if drain.guards() > 0 { &mut state.held } else { &mut gone }.push(drain);
        }
        // Outside the lock: the drop of an error may be anybody's code.
        drop(state);
        drop(gone);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drain {
    fn new(shared: &Shared, name: &Arc<str>, retired: Retired) -> Self {
        Self {
            name: Arc::clone(name),
            generation: retired.generation(),
            since: shared.now(),
            lifecycle: shared.limits(name, &retired.client).unwrap_or_default(),
            connected_at: retired.client.origin.as_ref().map(|_| retired.client.connected_at),
            holders: retired.holders(),
            in_goodbye: Arc::new(()),
            phase: Mutex::new(Phase { waiting: Some(retired), result: None }),
        }
    }

    /// How many guards are still out.
    pub(super) fn guards(&self) -> usize {
        match &self.lock().waiting {
            Some(retired) => retired.guards(),
            None => self.holders.guards().saturating_sub(Arc::strong_count(&self.in_goodbye) - 1),
        }
    }

    /// How the goodbye ended; `None` while it has not.
    pub(super) fn result(&self) -> Option<Result<()>> {
        self.lock().result.clone()
    }

    fn info(&self) -> DrainInfo {
        let Self { name, generation, since, .. } = self;
        DrainInfo { name: Arc::clone(name), generation: *generation, since: *since, guards: self.guards() }
    }

    /// Waits until no guard is out.
    async fn guards_are_gone(&self) {
        let mut pause = Duration::from_millis(1);
        while self.guards() > 0 {
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task of a client on its way out. When it is dropped, with its runtime, the client is let go of as well.
pub(super) struct Draining {
    pub(super) shared: Arc<Shared>,
    pub(super) drain: Arc<Drain>,
    number: u64,
}

/// A client whose guards may still be out, on its way into its goodbye.
pub(super) struct Leaving {
    pub(super) client: Client,
    /// To be dropped after the client.
    pub(super) in_goodbye: Arc<()>,
}

impl Draining {
    /// Waits for the guards for no longer than `limit`, where there is one, then says goodbye.
    pub(super) async fn run(&self, limit: Option<Duration>, turn: Turn) -> Result<()> {
        let Self { shared, drain, .. } = self;
        if let Some(limit) = limit {
            let (until, goodbye) = (after(Instant::now(), limit), drain.lifecycle.disconnect_timeout);
            let earliest = |timetable: Option<&Timetable>| {
                timetable.map_or(until, |timetable| until.min(timetable.window(turn, goodbye).guards))
            };
            within(drain.guards_are_gone(), shared.closing.timetables(), earliest).await;
        }
        let Some(retired) = self.take() else { return Ok(()) };
        let leaving = Leaving { client: retired.into_client(), in_goodbye: Arc::clone(&drain.in_goodbye) };
        let result = shared.say_goodbye(&drain.name, leaving, turn).await;
        self.end(result.clone());
        result
    }

    /// It is over, and nobody said goodbye because of `why`: an error when there was one to say.
    pub(super) fn give_up(&self, why: Error) -> Result<()> {
        let result = if self.drain.connected_at.is_none() { Ok(()) } else { Err(why) };
        self.end(result.clone());
        result
    }

    fn end(&self, result: Result<()>) {
        let retired = self.take();
        // Outside the lock, as it may be anybody's code; and before anybody is told.
        drop(retired);
        self.drain.lock().result = Some(result);
        self.shared.drains.take_out(self.number);
    }

    fn take(&self) -> Option<Retired> {
        self.drain.lock().waiting.take()
    }
}

impl Drop for Draining {
    fn drop(&mut self) {
        let is_over = self.drain.lock().result.is_some();
        if !is_over {
            drop(self.give_up(self.shared.runtime_ended(&self.drain.name)));
        }
    }
}

impl Shared {
    /// Closes a client whose place another one took, or whose name was taken out: waits for its guards, but no longer
    /// than its `drain_timeout`.
    pub(super) fn drain(self: &Arc<Self>, name: &Arc<str>, retired: Retired) {
        let draining = self.let_go(name, retired);
        // Without a runtime nobody can wait or say goodbye: the last guard drops it.
        let Ok(runtime) = self.runtime() else { return };
        runtime.spawn(async move {
            let (name, limit) = (&draining.drain.name, draining.drain.lifecycle.drain_timeout);
            if let Err(error) = draining.run(Some(limit), Turn::Apart).await {
                tracing::warn!(connection = %name, %error, "a client that is not the current one was not closed well");
            }
        });
    }

    /// A client is on its way out.
    pub(super) fn let_go(self: &Arc<Self>, name: &Arc<str>, retired: Retired) -> Draining {
        let drain = Arc::new(Drain::new(self, name, retired));
        let number = self.drains.add(&drain);
        Draining { shared: Arc::clone(self), drain, number }
    }
}

/// How long the last guard may be gone before it is noticed.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests;
