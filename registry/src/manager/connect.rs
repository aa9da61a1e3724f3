//! One attempt at a time for each name, in a task of its own.

use std::sync::Arc;

use tokio::{
    runtime::Handle,
    sync::watch,
    time::{Instant, timeout_at},
};

use super::{
    failure::{Attempt, rounded},
    references::{OtherConnections, Waiting},
    shared::Shared,
    task::AbortOnDrop,
};
use crate::{
    config::{Lifecycle, Resolved},
    connection::ConnectContext,
    error::{Error, Result},
    registry::{
        Ask, AttemptId, Backoff, BadGoodbye, Client, ClientType, Closer, Entry, Failure, Finished, Outcome, Pending,
    },
};

impl Shared {
    /// The entry of `name` once it is connected. It may be closed again by the time the caller looks.
    pub(super) async fn connected(self: &Arc<Self>, name: &str, asked: Option<ClientType>) -> Result<Arc<Entry>> {
        loop {
            // Looked up each time: while this waited, it may have been taken out, and another one put in.
            let entry = self.entry(name, asked)?;
            match self.step(&entry)? {
                Step::Connected => return Ok(entry),
                Step::Wait(pending) => {
                    if let Some(Outcome::Failed(error)) = pending.ended().await {
                        return Err(error);
                    }
                    // Look again: it is connected, or a goodbye has ended and this caller starts the next attempt.
                }
                Step::LookAgain => {}
            }
        }
    }

    /// What comes next on the way to a client; begins an attempt where nobody is at it.
    fn step(self: &Arc<Self>, entry: &Arc<Entry>) -> Result<Step> {
        let mut state = entry.lock();
        match state.slot.ask(self.now()) {
            Ask::Ready(_) => return Ok(Step::Connected),
            Ask::Wait(pending) => return Ok(Step::Wait(pending.clone())),
            Ask::Removed => return Ok(Step::LookAgain),
            Ask::Refused { failure, retry_in } => {
                let pause = humantime::format_duration(rounded(retry_in));
                return Err(failure.clone().help(format!("not tried again for {pause}")));
            }
            Ask::Start => {}
        }
        let lifecycle = self.lifecycle(entry)?;
        let runtime = self.runtime()?;
        let (sender, pending) = Pending::new();
        let attempt = Attempt {
            shared: Arc::clone(self),
            name: Arc::clone(entry.name()),
            number: state.slot.attempt_number(),
            started: Instant::now(),
            timeout: lifecycle.connect_timeout,
            waiting: Waiting::default(),
        };
        let last_failure = state.slot.failure().cloned();
        let id = state.slot.begin(pending.clone());
        // A runtime that has ended drops the task at once, and the task takes the lock when it is dropped.
        drop(state);
        drop(last_failure);
        let report = Report { entry: Arc::clone(entry), id, attempt, lifecycle, sender, told: false };
        spawn(&runtime, report, &pending);
        Ok(Step::Wait(pending))
    }

    fn lifecycle(&self, entry: &Entry) -> Result<Lifecycle> {
        let declared = self.configuration.find(entry.name()).filter(|_| entry.is_declared());
        // Inserted ready-made and closed since: there is nothing to make it from.
        declared.map(|declared| declared.lifecycle).ok_or_else(|| self.not_connected(entry.name()))
    }
}

/// What a caller does next.
enum Step {
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
    fn finish(&mut self, result: Result<Client, Failure<Error>>) -> Finished<Client> {
        self.told = true;
        let failed = result.as_ref().err().map(|failure| failure.failure.clone());
        let retry = self.lifecycle.retry;
        let backoff = Backoff { base: retry.base, max: retry.max, permanent: retry.background_max };
        let now = self.attempt.shared.now();
        let finished = self.entry.lock().slot.finish(self.id, now, result, &backoff, fastrand::f64());
        let outcome = match (&finished, failed) {
            (Finished::Outdated(_), _) => Outcome::Failed(self.attempt.given_up()),
            (Finished::Current, Some(error)) => Outcome::Failed(error),
            (Finished::Current, None) => Outcome::Settled,
        };
        self.sender.send_replace(outcome);
        finished
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if self.told {
            return;
        }
        let error = match self.entry.lock().slot.forget(self.id) {
            Finished::Current => self.attempt.runtime_ended(),
            Finished::Outdated(_) => self.attempt.given_up(),
        };
        self.sender.send_replace(Outcome::Failed(error));
    }
}

fn spawn(runtime: &Handle, report: Report, pending: &Pending) {
    let (entry, id) = (Arc::clone(&report.entry), report.id);
    let task = runtime.spawn(supervise(report)).abort_handle();
    pending.started(task);
    // Whoever closed the slot before the task was known could not abort it.
    if !entry.lock().slot.is_current(id) {
        pending.abort();
    }
}

/// Runs the user's code in a task apart, so that its timeout holds also when it blocks its thread.
async fn supervise(mut report: Report) {
    let attempt = report.attempt.clone();
    let _beat = attempt.shared.pulse.begin();
    let work = AbortOnDrop::spawn(connect(attempt.clone(), Arc::clone(&report.entry), report.id));
    let result = match timeout_at(attempt.deadline(), work).await {
        Ok(Ok(result)) => result.map(Delivery::arrive),
        Ok(Err(join)) if join.is_panic() => Err(attempt.panicked()),
        // The runtime is ending: the report says so when it is dropped.
        Ok(Err(_)) => return,
        Err(_) => Err(attempt.timed_out()),
    };
    let (name, number) = (&attempt.name, attempt.number);
    match &result {
        Ok(_) => tracing::debug!(connection = %name, attempt = number, "connected"),
        Err(failure) => tracing::warn!(connection = %name, attempt = number, error = %failure.failure, "not connected"),
    }
    if let Finished::Outdated(Some(client)) = report.finish(result) {
        drop(Delivery::new(&attempt, client));
    }
}

async fn connect(attempt: Attempt, entry: Arc<Entry>, id: AttemptId) -> Result<Delivery, Failure<Error>> {
    let shared = &attempt.shared;
    let Resolved { instance, secrets, content: _ } =
        shared.configuration.resolve(&attempt.name).map_err(|diagnostics| attempt.unresolved(diagnostics))?;
    let references = shared.configuration.find(&attempt.name).map_or(&[][..], |declared| &declared.references);
    entry.depends_only_on(references.iter().map(|reference| Arc::from(&*reference.target)).collect());
    let others = OtherConnections { attempt: attempt.clone(), entry: Arc::clone(&entry), id };
    let config_dir = Arc::clone(shared.configuration.config_dir());
    let context = ConnectContext::new(Arc::clone(&attempt.name), config_dir, attempt.deadline(), Arc::new(others));
    let any = instance.connect_erased(&context).await.map_err(|cause| attempt.refused(cause, &secrets))?;
    let client_type = entry.client_type().expect("a declared connection's type is known");
    let client = Arc::clone(&any);
    let closer: Closer = Box::new(move || {
        Box::pin(
            async move { instance.disconnect_erased(&client).await.map_err(|cause| BadGoodbye { cause, secrets }) },
        )
    });
    Ok(Delivery::new(&attempt, Client { any, client_type, closer: Some(closer) }))
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

    fn arrive(mut self) -> Client {
        self.client.take().expect("a client arrives once")
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let (Some(client), Ok(runtime)) = (self.client.take(), self.shared.runtime()) else { return };
        let (shared, name) = (Arc::clone(&self.shared), Arc::clone(&self.name));
        // Nobody waits for this: its failure is nobody's concern.
        runtime.spawn(async move { drop(shared.say_goodbye(&name, client).await) });
    }
}
