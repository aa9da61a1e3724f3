//! The end of a manager: everything is closed, in order and in time.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use super::{
    connections::ConnectionManager,
    disconnect::{Guards, ranks},
    drain::Drain,
    shared::Shared,
    shutdown_report::{Laggard, ShutdownReport},
    timetable::{Timetable, Timetables, Turn, after, within},
    watchdog::Watchdog,
};
use crate::registry::{Entry, Pending};

impl ConnectionManager {
    /// Closes everything for good, within `time`, and says what did not close.
    ///
    /// From the first moment nobody gets a client any more: `get`, `try_get`, the `get` of a [`Handle`](crate::Handle),
    /// and `insert` give [`ErrorKind::ShutDown`](crate::ErrorKind::ShutDown). Attempts under way are given up, and who
    /// waits for one gets [`ErrorKind::Disconnected`](crate::ErrorKind::Disconnected).
    ///
    /// Then connections close, those that refer to others first, and those of one rank at the same time. Each waits for
    /// its guards for no longer than its `lifecycle.drain_timeout`, and is told goodbye, which may take its
    /// `lifecycle.disconnect_timeout`. One that fails, hangs or panics does not stop the others.
    ///
    /// **The time is divided like this**: every rank has a reserve for its goodbyes, its longest `disconnect_timeout`; all
    /// reserves together are at most half of `time`, and are shortened alike where they would be more. Everything else is
    /// for guards to be given back. So a guard that is held for ever takes nothing from the goodbyes of other
    /// ranks: when its rank has waited for long enough, goodbye is said under it. Clients that were replaced or
    /// removed before and still wait for their guards must be done by the same deadline.
    ///
    /// Called again, or by several at once, all get the same report; a call whose time ends earlier shortens that of the
    /// first, and none lengthens it. Without a runtime no goodbye can be said, and the report says so.
    ///
    /// The deadline holds also when goodbyes block all threads of a multi-thread runtime: then the report says of
    /// what is not closed that it is not, and who called from outside of these threads gets it in time.
    ///
    /// # Cancel safety
    ///
    /// Once begun, it goes on without its caller.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), connection_registry::BoxError> {
    /// use std::time::Duration;
    ///
    /// use connection_registry::{ConnectionManager, ErrorKind};
    ///
    /// let connections = ConnectionManager::builder().build()?;
    /// connections.insert("greeting", String::from("hello"))?;
    /// let report = connections.shutdown(Duration::from_secs(30)).await;
    /// assert!(report.is_clean(), "{report}");
    /// assert_eq!(report.closed(), ["greeting"]);
    /// assert_eq!(connections.get::<String>("greeting").await.unwrap_err().kind(), ErrorKind::ShutDown);
    /// # Ok(()) }
    /// ```
    pub async fn shutdown(&self, time: Duration) -> ShutdownReport {
        self.shared.shutdown(time).await
    }
}

/// What closes everything, for a while or for good.
#[derive(Default)]
pub(super) struct Closing {
    seals: Mutex<Seals>,
    timetable: watch::Sender<Option<Timetable>>,
    stage: watch::Sender<Stage>,
    watchdog: Watchdog,
}

/// Why nothing is given out.
#[derive(Default)]
struct Seals {
    /// How many calls close everything for a while.
    for_a_while: usize,
    /// When the shutdown began.
    for_good: Option<Instant>,
}

/// How far the shutdown is.
#[derive(Clone, Default)]
enum Stage {
    /// There is none.
    #[default]
    Open,
    /// Somebody is at it.
    Running,
    /// Who was at it is gone, with its runtime: the next one takes over.
    Abandoned,
    Done(ShutdownReport),
}

impl Closing {
    pub(super) fn timetables(&self) -> Timetables {
        self.timetable.subscribe()
    }

    /// True for the one that is to do it.
    fn claim(&self) -> bool {
        self.stage.send_if_modified(|stage| {
            let is_free = matches!(stage, Stage::Open | Stage::Abandoned);
            if is_free {
                *stage = Stage::Running;
            }
            is_free
        })
    }

    fn lock(&self) -> MutexGuard<'_, Seals> {
        self.seals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nothing is given out for as long as it lives.
pub(super) struct Sealed(Arc<Shared>);

impl Drop for Sealed {
    fn drop(&mut self) {
        let mut seals = self.0.closing.lock();
        seals.for_a_while -= 1;
        if seals.for_a_while == 0 && seals.for_good.is_none() {
            self.0.registry.unseal();
        }
    }
}

impl Shared {
    /// Whether the manager is shut down, or about to be.
    pub(super) fn is_shut_down(&self) -> bool {
        self.closing.lock().for_good.is_some()
    }

    pub(super) fn seal_for_a_while(self: &Arc<Self>) -> Sealed {
        let mut seals = self.closing.lock();
        seals.for_a_while += 1;
        self.registry.seal();
        Sealed(Arc::clone(self))
    }

    async fn shutdown(self: &Arc<Self>, time: Duration) -> ShutdownReport {
        self.begin_shutdown(time);
        let mut stages = self.closing.stage.subscribe();
        let mut may_spawn = true;
        loop {
            if self.closing.claim() {
                let shutdown = Shutdown(Arc::clone(self));
                match self.runtime() {
                    Ok(runtime) if may_spawn => drop(runtime.spawn(shutdown.run())),
                    // There is no runtime, or no more: what is left to wait for ends by itself.
                    _ => shutdown.run_without_time().await,
                }
                may_spawn = false;
            }
            // The sender is in `self`: it does not go away meanwhile.
            let stage = stages.wait_for(|stage| !matches!(stage, Stage::Running)).await.map(|stage| stage.clone());
            if let Ok(Stage::Done(report)) = stage {
                return report;
            }
        }
    }

    /// Seals, and sets or shortens the time.
    fn begin_shutdown(self: &Arc<Self>, time: Duration) {
        let now = Instant::now();
        let until = after(now, time);
        let mut seals = self.closing.lock();
        if seals.for_good.is_some() {
            drop(seals);
            let hurry = |timetable: &mut Option<Timetable>| timetable.as_mut().is_some_and(|all| all.hurry(now, until));
            self.closing.timetable.send_if_modified(hurry);
            self.closing.watchdog.hurry(time.saturating_add(LAST_RESORT));
            return;
        }
        seals.for_good = Some(now);
        self.registry.seal();
        self.drains.record();
        self.closing.timetable.send_replace(Some(Timetable::new(now, until)));
        let shared = Arc::downgrade(self);
        self.closing.watchdog.watch(time.saturating_add(LAST_RESORT), move || {
            if let Some(shared) = shared.upgrade() {
                shared.end_shutdown();
            }
        });
        drop(seals);
        self.agenda.end();
        #[cfg(feature = "watch")]
        self.watching.end();
    }

    /// The report says how things are now.
    fn end_shutdown(&self) {
        let began = self.closing.lock().for_good.unwrap_or_else(Instant::now);
        let report = self.report(began.elapsed());
        let is_first = |stage: &mut Stage| {
            let is_first = !matches!(stage, Stage::Done(_));
            if is_first {
                *stage = Stage::Done(report.clone());
            }
            is_first
        };
        if self.closing.stage.send_if_modified(is_first) {
            report.log();
        }
    }

    /// Gives up all attempts, and forgets what failed; gives what the callers of the attempts wait on.
    pub(super) fn give_up_attempts(self: &Arc<Self>) -> Vec<Pending> {
        self.registry.entries().iter().filter_map(|entry| self.give_up_attempt(entry)).collect()
    }

    fn give_up_attempt(self: &Arc<Self>, entry: &Arc<Entry>) -> Option<Pending> {
        let mut state = entry.lock();
        let attempt = state.slot.attempt().cloned();
        if state.slot.client().is_none() {
            let leases = entry.retire(&mut state);
            self.close_retired(entry, state, leases, Guards::Leave);
            return attempt;
        }
        let last_failure = state.slot.failure().cloned();
        let outdated = state.slot.renew();
        let news = self.tell(entry, &mut state);
        drop(state);
        drop(last_failure);
        news.log();
        outdated.iter().for_each(Pending::abort);
        attempt
    }
}

/// Whoever is at it.
struct Shutdown(Arc<Shared>);

impl Shutdown {
    async fn run(self) {
        let shared = &self.0;
        let _beat = shared.pulse.begin();
        let attempts = shared.give_up_attempts();
        let ranks = ranks(shared.registry.entries());
        let reserves = ranks.iter().map(|rank| self.reserve(rank)).collect();
        self.plan(|timetable| timetable.reserve(reserves));
        for (number, rank) in ranks.iter().enumerate() {
            self.plan(|timetable| timetable.begin_rank(number));
            for goodbye in self.close(number, rank) {
                self.wait(goodbye.ended(), |timetable| timetable.window(Turn::Rank(number), Duration::ZERO).goodbye)
                    .await;
            }
        }
        let end = |timetable: &Timetable| after(timetable.until(), GRACE);
        for attempt in attempts {
            self.wait(attempt.ended(), end).await;
        }
        self.wait(shared.drains.are_over(), end).await;
        self.done();
    }

    async fn run_without_time(self) {
        let shared = &self.0;
        let attempts = shared.give_up_attempts();
        for (number, rank) in ranks(shared.registry.entries()).iter().enumerate() {
            for goodbye in self.close(number, rank) {
                goodbye.ended().await;
            }
        }
        for attempt in attempts {
            attempt.ended().await;
        }
        shared.drains.are_over().await;
        self.done();
    }

    /// All of a rank begin before one is waited for.
    fn close(&self, number: usize, rank: &[Arc<Entry>]) -> Vec<Pending> {
        rank.iter().filter_map(|entry| self.0.close(entry, Guards::InTurn(number))).collect()
    }

    /// What the goodbyes of a rank may take.
    fn reserve(&self, rank: &[Arc<Entry>]) -> Duration {
        let of_one = |entry: &Arc<Entry>| {
            let state = entry.lock();
            let limits = self.0.limits(entry.name(), state.slot.client()?);
            Some(limits.unwrap_or_default().disconnect_timeout)
        };
        rank.iter().filter_map(of_one).max().unwrap_or_default()
    }

    fn plan(&self, change: impl FnOnce(&mut Timetable)) {
        self.0.closing.timetable.send_modify(|timetable| {
            if let Some(timetable) = timetable {
                change(timetable);
            }
        });
    }

    async fn wait<T>(&self, work: impl Future<Output = T>, limit: impl Fn(&Timetable) -> Instant) {
        let limit = |timetable: Option<&Timetable>| timetable.map_or_else(Instant::now, &limit);
        within(work, self.0.closing.timetables(), limit).await;
    }

    fn done(&self) {
        self.0.closing.watchdog.call_off();
        self.0.end_shutdown();
        self.0.drains.forget();
    }
}

impl Drop for Shutdown {
    fn drop(&mut self) {
        self.0.closing.stage.send_if_modified(|stage| {
            let is_left = matches!(stage, Stage::Running);
            if is_left {
                *stage = Stage::Abandoned;
            }
            is_left
        });
    }
}

impl Shared {
    fn report(&self, took: Duration) -> ShutdownReport {
        let drains = self.drains.recorded();
        let laggards = drains.iter().filter_map(|drain| self.laggard(drain));
        let not_begun = self.registry.entries();
        let laggards = laggards.chain(not_begun.iter().filter_map(|entry| self.not_begun(entry))).collect();
        ShutdownReport::new(took, drains.iter().map(|drain| drain.name.to_string()).collect(), laggards)
    }

    /// When it is not gone, or not gone well.
    fn laggard(&self, drain: &Drain) -> Option<Laggard> {
        let error = match drain.result() {
            Some(result) => result.err(),
            None => Some(self.bad_goodbye(&drain.name, NOT_IN_TIME)),
        };
        let guards = drain.guards();
        let age = drain.connected_at.map(|connected_at| self.age(connected_at));
        (guards > 0 || error.is_some()).then(|| Laggard::new(&drain.name, guards, age, error))
    }

    /// When its turn to close did not come, because the runtime did not get on.
    fn not_begun(&self, entry: &Entry) -> Option<Laggard> {
        let state = entry.lock();
        let client = state.slot.client()?;
        let age = client.origin.as_ref().map(|_| self.age(client.connected_at));
        let guards = state.guards();
        drop(state);
        Some(Laggard::new(entry.name(), guards, age, Some(self.bad_goodbye(entry.name(), NOT_IN_TIME))))
    }

    fn age(&self, connected_at: Duration) -> Duration {
        self.now().saturating_sub(connected_at)
    }
}

/// How much later than its deadline a shutdown looks at what its tasks have to say: they end at the deadline themselves.
const GRACE: Duration = Duration::from_millis(50);

/// How much later than its deadline a shutdown ends from outside. The clock is the real one, also where that of the runtime
/// is not: it must not come before what the runtime does by itself.
const LAST_RESORT: Duration = Duration::from_millis(500);

const NOT_IN_TIME: &str = "did not close within the time of the shutdown";
