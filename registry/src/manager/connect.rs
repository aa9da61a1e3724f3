//! One attempt at a time for each name, in a task of its own.

use std::{sync::Arc, time::Duration};

use tokio::{
    runtime::Handle,
    sync::watch,
    time::{Instant, sleep, timeout, timeout_at},
};
use tracing::Instrument;

use super::{
    failure::{Attempt, Tries},
    figures,
    instances::notes_uses,
    references::{OtherConnections, Waiting},
    retry::Patience,
    shared::{Shared, client_type, targets},
    spans,
    task::AbortOnDrop,
    times::readable,
    visit::{Leave, Visit},
    wait::Wait,
};
use crate::{
    config::{Lifecycle, Resolved},
    connection::ConnectContext,
    error::{Error, Result},
    registry::{
        Ask, AttemptId, Backoff, Caller, Client, ClientType, Entry, EntryState, Failure, Finished, Leases, Origin,
        Outcome, Pending, Retired,
    },
};

impl Shared {
    /// The entry of `name` once it is connected. It may be closed again by the time the caller looks.
    ///
    /// Ends within the `connect_timeout` that holds when it begins, whatever it has to wait for.
    pub(super) async fn connected(self: &Arc<Self>, name: &str, asked: Option<ClientType>) -> Result<Caller> {
        self.connected_within(&mut Wait::begin(self), name, asked).await
    }

    /// As [`connected`](Self::connected), for a caller who comes again because it was closed: the time goes on.
    pub(super) async fn connected_within(
        self: &Arc<Self>,
        wait: &mut Wait<'_>,
        name: &str,
        asked: Option<ClientType>,
    ) -> Result<Caller> {
        loop {
            // Looked up each time: while this waited, it may have been taken out, and another one put in.
            let entry = Caller::new(self.entry(name, asked)?);
            match self.begin(&entry)? {
                Step::Connected => return Ok(entry),
                Step::Wait(pending) => {
                    if let Some(Outcome::Failed(error)) = wait.until_ended(&entry, pending).await? {
                        return Err(error);
                    }
                    // Look again: it is connected, or a goodbye has ended and this caller starts the next attempt.
                }
                Step::LookAgain => {}
            }
        }
    }

    /// What comes next on the way to a client; begins an attempt where nobody is at it.
    pub(super) fn begin(self: &Arc<Self>, entry: &Arc<Entry>) -> Result<Step> {
        let state = self.lock_for_caller(entry);
        if let Some(step) = self.step(entry, &state)? {
            return Ok(step);
        }
        drop(state);
        let runtime = self.runtime()?;
        // Taken without the lock of the entry, since other entries may be locked for it, and given back after that.
        let _place = self.place(entry)?;
        let mut state = entry.lock();
        if let Some(step) = self.step(entry, &state)? {
            return Ok(step);
        }
        let lifecycle = self.lifecycle(entry.name(), state.is_declared())?;
        // Who has waited in vain once is not made to wait so long again.
        let patience = if state.slot.failures() == 0 { Patience::WholeTimeout } else { Patience::OneTry };
        let (sender, pending) = Pending::new();
        let attempt = self.attempt(entry, state.slot.failures(), &lifecycle, &pending);
        let last_failure = state.slot.failure().cloned();
        let id = state.slot.begin(pending.clone());
        state.tried = None;
        let news = self.tell(entry, &mut state);
        // A runtime that has ended drops the task at once, and the task takes the lock when it is dropped.
        drop(state);
        drop(last_failure);
        news.log();
        let report = Report { entry: Arc::clone(entry), id, attempt, lifecycle, sender, told: false };
        spawn(&runtime, Box::new(report), patience);
        Ok(Step::Wait(pending))
    }

    /// What there is to do for a caller; `None` when nobody is at it, and it is time for an attempt.
    fn step(&self, entry: &Entry, state: &EntryState) -> Result<Option<Step>> {
        Ok(match state.slot.ask(self.now()) {
            Ask::Ready(_) => Some(Step::Connected),
            Ask::Wait(pending) => Some(Step::Wait(pending.clone())),
            Ask::Removed => Some(Step::LookAgain),
            Ask::Sealed => return Err(self.shut_down(entry.name())),
            Ask::Refused { failure, retry_in } => return Err(not_now(failure, retry_in)),
            Ask::Start => None,
        })
    }

    /// Begins to make the next client of `entry` beside the present one, by the configuration that is in force now.
    /// `None` when there is none, or nothing to make it from.
    pub(super) fn begin_beside(self: &Arc<Self>, entry: &Arc<Entry>, patience: Patience) -> Option<Pending> {
        let mut state = entry.lock();
        let lifecycle = self.lifecycle(entry.name(), state.is_declared()).ok()?;
        let runtime = self.runtime().ok()?;
        let (sender, pending) = Pending::new();
        let attempt = self.attempt(entry, state.slot.failures(), &lifecycle, &pending);
        let (id, outdated) = state.slot.begin_beside(pending.clone())?;
        drop(state);
        if let Some(outdated) = outdated {
            outdated.supersede();
        }
        let report = Report { entry: Arc::clone(entry), id, attempt, lifecycle, sender, told: false };
        spawn(&runtime, Box::new(report), patience);
        Some(pending)
    }

    fn attempt(self: &Arc<Self>, entry: &Entry, before: u32, lifecycle: &Lifecycle, pending: &Pending) -> Attempt {
        Attempt {
            shared: Arc::clone(self),
            name: Arc::clone(entry.name()),
            before,
            tries: Tries::default(),
            started: Instant::now(),
            timeout: lifecycle.connect_timeout,
            waiting: Waiting::default(),
            pending: pending.clone(),
        }
    }

    fn lifecycle(&self, name: &str, is_declared: bool) -> Result<Lifecycle> {
        // Inserted ready-made and closed since: there is nothing to make it from.
        self.lifecycle_of(name).filter(|_| is_declared).ok_or_else(|| self.not_connected(name))
    }

    /// The settings of the connection, when it is declared.
    pub(super) fn lifecycle_of(&self, name: &str) -> Option<Lifecycle> {
        self.configuration().declaration(name).map(|declared| declared.lifecycle)
    }
}

/// What a caller does next.
pub(super) enum Step {
    Connected,
    Wait(Pending),
    /// The entry was taken out of the registry.
    LookAgain,
}

/// Tells slot and callers how an attempt ended; also when its task is dropped, by an abort or with its runtime.
struct Report {
    entry: Arc<Entry>,
    id: AttemptId,
    attempt: Attempt,
    lifecycle: Lifecycle,
    sender: watch::Sender<Outcome>,
    told: bool,
}

impl Report {
    fn finish(&mut self, mut result: Result<Client, Failure<Error>>) {
        self.told = true;
        let shared = Arc::clone(&self.attempt.shared);
        let failure = result.as_ref().err().cloned();
        let mut state = self.entry.lock();
        let last_failure = state.slot.failure().cloned();
        // Let go of after the lock, as the last one of a configuration is.
        let configuration = shared.configuration();
        let is_next = state.slot.is_current(self.id) && state.slot.client().is_some() && result.is_ok();
        let leases = if is_next { self.entry.retire(&mut state) } else { Default::default() };
        // Settings may have changed on the way: a reload that comes later sees the client and changes them itself.
        if let Ok(Client { origin: Some(origin), any, .. }) = &mut result
            && let Some(declared) = configuration.declaration(self.entry.name())
        {
            (origin.lifecycle, self.lifecycle) = (declared.lifecycle, declared.lifecycle);
            if notes_uses(declared) {
                any.any_mark().note_uses();
            }
        }
        let finished =
            state.slot.finish(self.id, shared.now(), result, &while_waited_for(&self.lifecycle), fastrand::f64());
        let generation = state.slot.generation();
        let retry_in = state.slot.retry_at().map(|(at, _)| at.saturating_sub(shared.now()));
        let mut was_behind = false;
        if failure.is_none() && !matches!(finished, Finished::Outdated(_)) {
            state.is_stale = false;
            // Both are over.
            was_behind = std::mem::take(&mut state.is_behind) | std::mem::take(&mut state.is_following);
        }
        // Also of one that began beside a client which was discarded since.
        if !matches!(finished, Finished::Outdated(_)) {
            self.entry.has_ended_beside(failure.is_none());
        }
        let news = shared.tell(&self.entry, &mut state);
        drop(state);
        drop(last_failure);
        news.log();
        match (finished, failure) {
            (Finished::Outdated(client), _) => {
                self.give_up();
                drop(client.map(|client| Delivery::new(&self.attempt, client)));
            }
            (finished @ (Finished::Current | Finished::Kept), Some(Failure { failure, permanent })) => {
                if matches!(finished, Finished::Kept) {
                    spans::kept(self.entry.name(), generation, &failure);
                }
                shared.retry_later(&self.entry, &self.lifecycle, permanent);
                let failure = match retry_in {
                    Some(pause) if pause <= FOR_GOOD => failure.again_in(pause),
                    _ => failure,
                };
                self.sender.send_replace(Outcome::Failed(failure));
            }
            (finished, _) => {
                shared.watch_over(&self.entry, generation, &self.lifecycle);
                self.sender.send_replace(Outcome::Settled);
                if let Finished::Replaced(old) = finished {
                    shared.drain(self.entry.name(), Retired::new(old, leases));
                }
                // Also when the client before was lost, or closed, before this one could take its place.
                let may_have_holders = generation > 1 && self.entry.is_referred_to();
                if was_behind || may_have_holders && shared.has_live_dependents(self.entry.name()) {
                    shared.dependents_follow();
                }
            }
        }
    }

    /// The slot has moved on: for a newer attempt, which the callers wait for next, or because it was closed.
    fn give_up(&self) {
        let outcome = match self.attempt.is_superseded() {
            true => Outcome::Settled,
            false => Outcome::Failed(self.attempt.given_up()),
        };
        self.sender.send_replace(outcome);
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if self.told {
            return;
        }
        let mut state = self.entry.lock();
        let forgotten = state.slot.forget(self.id);
        let news = self.attempt.shared.tell(&self.entry, &mut state);
        drop(state);
        news.log();
        match forgotten {
            Finished::Outdated(_) => self.give_up(),
            _ => {
                self.entry.has_ended_beside(false);
                self.sender.send_replace(Outcome::Failed(self.attempt.runtime_ended()));
            }
        }
    }
}

fn spawn(runtime: &Handle, report: Box<Report>, patience: Patience) {
    let (entry, id, pending) = (Arc::clone(&report.entry), report.id, report.attempt.pending.clone());
    let task = runtime.spawn(supervise(report, patience)).abort_handle();
    pending.started(task);
    // Whoever closed the slot before the task was known could not abort it.
    if !entry.lock().slot.is_current(id) {
        pending.abort();
    }
}

/// Tries until there is a client, until trying again cannot help, or until there is no time left for another try.
async fn supervise(mut report: Box<Report>, patience: Patience) {
    let attempt = report.attempt.clone();
    let _beat = attempt.shared.pulse.begin();
    let backoff = while_waited_for(&report.lifecycle);
    loop {
        let began = Instant::now();
        let Some(result) = one_try(&attempt, &report).await else { return };
        let kind = result.as_ref().map(drop).map_err(|failure| failure.failure.kind());
        figures::tried(&attempt.shared, &attempt.name, began.elapsed(), kind);
        let failure = match result {
            Ok(client) => return report.finish(Ok(client)),
            Err(failure) => failure,
        };
        let pause = backoff.pause(attempt.number(), false, fastrand::f64());
        let is_last = patience == Patience::OneTry
            || failure.permanent
            || !failure.failure.is_worth_another_try()
            || ends_after(attempt.deadline(), pause, began.elapsed());
        if is_last {
            return report.finish(Err(failure));
        }
        spans::tried(&attempt.name, attempt.number(), &failure.failure);
        report.entry.lock().slot.tried(report.id);
        attempt.tries.failed(&failure.failure);
        sleep(pause).await;
    }
}

/// Whether a try after `pause` that takes as long as the last one did is over too late: it could say nothing but that its
/// time was up, in place of the true cause.
fn ends_after(deadline: Instant, pause: Duration, took: Duration) -> bool {
    Instant::now().checked_add(pause.saturating_add(took)).is_none_or(|end| end >= deadline)
}

/// Runs the user's code in a task apart, so that its timeout holds also when it blocks its thread. `None` when the
/// runtime is ending: the report says so when it is dropped.
async fn one_try(attempt: &Attempt, report: &Report) -> Option<Result<Client, Failure<Error>>> {
    let visit = Visit::default();
    // Also when this is given up, while the user's code blocks its thread.
    let _leave = Leave(&visit);
    let (entry, id, lifecycle) = (Arc::clone(&report.entry), report.id, report.lifecycle);
    let others = OtherConnections { attempt: attempt.clone(), entry, id, visit: visit.clone() };
    let next_generation = others.entry.lock().slot.generation() + 1;
    let type_name = attempt.shared.type_name(&attempt.name);
    let span = spans::connect(&attempt.name, type_name.as_deref(), next_generation, attempt.number());
    let work = AbortOnDrop::spawn(connect(others, lifecycle).instrument(span));
    let result = match timeout_at(attempt.deadline(), work).await {
        Ok(Ok(result)) => result.map(Delivery::arrive),
        Ok(Err(join)) if join.is_panic() => Err(attempt.panicked()),
        Ok(Err(_)) => return None,
        Err(_) => Err(attempt.timed_out(&visit)),
    };
    visit.ended(result.as_ref().err(), &while_waited_for(&lifecycle));
    Some(result)
}

async fn connect(others: OtherConnections, lifecycle: Lifecycle) -> Result<Delivery, Failure<Error>> {
    let (attempt, entry, visit) = (others.attempt.clone(), Arc::clone(&others.entry), others.visit.clone());
    let shared = &attempt.shared;
    let configuration = shared.configuration();
    let Resolved { instance, secrets, content } =
        configuration.resolve(&attempt.name).map_err(|diagnostics| attempt.unresolved(diagnostics))?;
    let declared = configuration.declaration(&attempt.name);
    let client_type = declared.and_then(|declared| client_type(&shared.factory, declared));
    let client_type = client_type.expect("the type of what was resolved is known");
    let needed = declared.map(targets).unwrap_or_default();
    let config_dir = Arc::clone(configuration.config_dir());
    drop(configuration);
    match entry.lock().slot.client() {
        Some(_) => entry.next_depends_on(needed.clone()),
        None => entry.depends_only_on(needed.clone()),
    }
    entry.attempts(others.id, content);
    others.all_connected(&needed).await.map_err(|error| attempt.refused(error.into(), &secrets))?;
    visit.enter(&shared.admission, instance.endpoint_erased()).await;
    let context = ConnectContext::new(Arc::clone(&attempt.name), config_dir, attempt.deadline(), Arc::new(others));
    let any = instance.connect_erased(&context).await.map_err(|cause| attempt.refused(cause, &secrets))?;
    let origin = Origin { instance, secrets: secrets.into(), content, lifecycle };
    let client = Client { any, client_type, origin: Some(origin), generation: 0, connected_at: shared.now() };
    let delivery = Delivery::new(&attempt, client);
    if entry.lock().slot.client().is_some() {
        checked_first(&attempt, &delivery, lifecycle.check_timeout).await?;
    }
    Ok(delivery)
}

/// A client that is to take the place of another one must pass a check.
async fn checked_first(attempt: &Attempt, delivery: &Delivery, limit: Duration) -> Result<(), Failure<Error>> {
    let Some((client, origin)) = delivery.made() else { return Ok(()) };
    match timeout(limit, origin.instance.check_erased(&client.any)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(cause)) => Err(attempt.refused(cause, &origin.secrets)),
        Err(_) => Err(attempt.not_checked(limit)),
    }
}

/// A client on its way from its `connect` to its slot. One that does not arrive, because its attempt was given up at
/// that moment or because its `connect` heeded no timeout, is told goodbye all the same.
struct Delivery {
    client: Option<Client>,
    shared: Arc<Shared>,
    name: Arc<str>,
}

impl Delivery {
    fn new(attempt: &Attempt, client: Client) -> Self {
        Self { client: Some(client), shared: Arc::clone(&attempt.shared), name: Arc::clone(&attempt.name) }
    }

    fn made(&self) -> Option<(&Client, &Origin)> {
        self.client.as_ref().and_then(|client| Some((client, client.origin.as_ref()?)))
    }

    fn arrive(mut self) -> Client {
        self.client.take().expect("a client arrives once")
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            self.shared.drain(&self.name, Retired::new(client, Leases::default()));
        }
    }
}

/// The failure that is remembered, for who asks before it is forgotten.
fn not_now(failure: &Error, retry_in: Duration) -> Error {
    if retry_in > FOR_GOOD {
        return failure.clone().help(
            "trying again cannot help; it is tried again after a reload, a `disconnect`, or a change of what its \
             placeholders give",
        );
    }
    let pause = readable(retry_in);
    failure.clone().help(format!("not tried again for {pause}")).again_in(retry_in)
}

/// The pauses while callers wait or may come.
fn while_waited_for(lifecycle: &Lifecycle) -> Backoff {
    let retry = lifecycle.retry;
    Backoff { base: retry.base, max: retry.max, permanent: Duration::MAX }
}

/// A pause that nobody lives to see the end of: of a failure that the type calls permanent.
const FOR_GOOD: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
