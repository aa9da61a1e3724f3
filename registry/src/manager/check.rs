//! One check of a live client, in a task of its own; and checks on demand.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, timeout},
};
use tracing::Instrument;

use super::{
    check_report::{CheckReport, CheckResult},
    connections::ConnectionManager,
    figures,
    health::Verdict,
    loan::{Borrower, Loan},
    shared::Shared,
    spans,
    task::AbortOnDrop,
    times::readable,
    wait::Wait,
};
use crate::{
    config::without_secrets,
    connection::ConnectError,
    error::{BoxError, Error, ErrorKind, Result},
    registry::{Entry, Origin, Outcome, Pending},
};

impl ConnectionManager {
    /// Checks `name` now: connects first where needed, then asks the live client, by its type's
    /// [`check`](crate::Connection::check), whether its other side still answers.
    ///
    /// Callers who ask at once share one check, also with one in the background. It counts as those do: it may degrade
    /// the connection, or heal it. It is no use of the client. One that was inserted ready-made passes without being asked.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), connection_registry::BoxError> {
    /// use connection_registry::{ConnectionManager, ErrorKind};
    ///
    /// let connections = ConnectionManager::builder().build()?;
    /// connections.insert("greeting", String::from("hello"))?;
    /// connections.check("greeting").await?;
    /// assert_eq!(connections.check("farewell").await.unwrap_err().kind(), ErrorKind::NotFound);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`get`](Self::get); `CheckFailed` when the type's `check` fails, panics, or does not end within
    /// `lifecycle.check_timeout`; `Disconnected` when the connection was closed meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: the check goes on without the caller.
    pub async fn check(&self, name: &str) -> Result<()> {
        self.shared.check(name).await
    }

    /// Checks every connection now, as [`check`](Self::check) does: all that are declared and enabled, connected or not,
    /// all that were inserted, and the live instances of templates. 32 run at once.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), connection_registry::BoxError> {
    /// use connection_registry::ConnectionManager;
    ///
    /// let connections = ConnectionManager::builder().build()?;
    /// connections.insert("greeting", String::from("hello"))?;
    /// let report = connections.check_all().await;
    /// assert!(report.is_ok());
    /// assert_eq!(report.results()[0].name(), "greeting");
    /// # Ok(()) }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Checks that were begun go on; the others are not made.
    pub async fn check_all(&self) -> CheckReport {
        self.shared.check_all().await
    }
}

/// What came of the wish to check.
pub(super) enum Begun {
    /// A check of the client number `generation` is under way.
    Running {
        pending: Pending,
        generation: u64,
        /// It has ended already, and still has the client.
        is_stuck: bool,
    },
    /// Nobody knows how: the client was inserted.
    ReadyMade,
    NoClient,
}

impl Shared {
    async fn check(self: &Arc<Self>, name: &str) -> Result<()> {
        let mut wait = Wait::begin(self);
        loop {
            // Who checks is no user: the client may be closed for being idle meanwhile.
            let entry = Arc::clone(&*self.connected_within(&mut wait, name, None).await?);
            let (pending, generation) = match self.begin_check(&entry)? {
                Begun::Running { pending, generation, .. } => (pending, generation),
                Begun::ReadyMade => return Ok(()),
                // Closed between the two: look again.
                Begun::NoClient => continue,
            };
            match pending.ended().await {
                Some(Outcome::Failed(error)) => return Err(error),
                Some(_) => return Ok(()),
                None => self.told_nothing(&entry, generation)?,
            }
        }
    }

    /// A check ended without a word: of a client that was replaced meanwhile, the next one is to be checked.
    fn told_nothing(&self, entry: &Entry, generation: u64) -> Result<()> {
        let state = entry.lock();
        let (is_up, is_same) = (state.slot.client().is_some(), state.slot.generation() == generation);
        drop(state);
        if is_up && !is_same {
            return Ok(());
        }
        let describe = self.describe(entry.name());
        let error = match is_up {
            true => {
                let message = format!("{describe}: the runtime that checks it has ended or has no timers");
                Error::new(ErrorKind::NoRuntime, message)
            }
            false => {
                let message = format!("{describe} was disconnected while it was being checked");
                Error::new(ErrorKind::Disconnected, message).retryable(true)
            }
        };
        Err(error.for_connection(entry.name()))
    }

    async fn check_all(self: &Arc<Self>) -> CheckReport {
        let mut names = self.registry.names();
        names.sort();
        let mut results: Vec<Option<CheckResult>> = names.iter().map(|_| None).collect();
        if let Ok(runtime) = self.runtime() {
            let mut waiting = names.iter().cloned().enumerate();
            let mut running = JoinSet::new();
            loop {
                while running.len() < AT_ONCE
                    && let Some((at, name)) = waiting.next()
                {
                    running.spawn_on(timed(Arc::clone(self), at, name), &runtime);
                }
                match running.join_next().await {
                    Some(Ok((at, result))) => results[at] = Some(result),
                    // The runtime is ending.
                    Some(Err(_)) => {}
                    None => break,
                }
            }
        }
        let results = names.into_iter().zip(results);
        CheckReport::new(results.map(|(name, result)| result.unwrap_or_else(|| self.not_checked(name))).collect())
    }

    fn not_checked(&self, name: String) -> CheckResult {
        let message = format!("{} was not checked: there is no tokio runtime to check it on", self.describe(&name));
        let error = Error::new(ErrorKind::NoRuntime, message).for_connection(&name);
        CheckResult::new(name, Duration::ZERO, Some(error))
    }

    /// Begins to check the client of `entry`, where nobody is at it.
    pub(super) fn begin_check(self: &Arc<Self>, entry: &Arc<Entry>) -> Result<Begun> {
        let (runtime, declared) = (self.runtime()?, self.lifecycle_of(entry.name()));
        let mut state = entry.lock();
        let generation = state.slot.generation();
        if let Some(pending) = &state.checking {
            let is_stuck = pending.is_over();
            return Ok(Begun::Running { pending: pending.clone(), generation, is_stuck });
        }
        let Some(client) = state.slot.client() else { return Ok(Begun::NoClient) };
        let Some(origin) = client.origin.clone() else { return Ok(Begun::ReadyMade) };
        let (sender, pending) = Pending::new();
        let Some(loan) = Loan::begin(entry, &mut state, &pending, Borrower::Check) else { return Ok(Begun::NoClient) };
        drop(state);
        let limit = declared.unwrap_or(origin.lifecycle).check_timeout;
        let run = Run { manager: Arc::downgrade(self), entry: Arc::clone(entry), generation, limit, sender };
        pending.started(runtime.spawn(run.supervise(loan, origin)).abort_handle());
        // Whoever let go of the client before the task was known could not abort it.
        let state = entry.lock();
        let is_same = state.slot.client().is_some() && state.slot.generation() == generation;
        drop(state);
        if !is_same {
            pending.abort();
        }
        Ok(Begun::Running { pending, generation, is_stuck: false })
    }
}

async fn timed(shared: Arc<Shared>, at: usize, name: String) -> (usize, CheckResult) {
    let started = Instant::now();
    let error = shared.check(&name).await.err();
    (at, CheckResult::new(name, started.elapsed(), error))
}

/// One check of one client.
struct Run {
    manager: Weak<Shared>,
    entry: Arc<Entry>,
    generation: u64,
    limit: Duration,
    sender: watch::Sender<Outcome>,
}

impl Run {
    /// Runs the user's code in a task apart, so that its timeout holds also when it blocks its thread.
    async fn supervise(self, loan: Loan, origin: Origin) {
        let _beat = self.manager.upgrade().and_then(|shared| shared.pulse.begin());
        let started = Instant::now();
        let name = self.entry.name();
        let type_name = self.manager.upgrade().and_then(|shared| shared.type_name(name));
        let span = spans::check(name, type_name.as_deref(), self.generation);
        let mut work = AbortOnDrop::spawn(ask(self.manager.clone(), loan, origin).instrument(span));
        let ended = timeout(self.limit, &mut work).await;
        let took = started.elapsed();
        let verdict = match ended {
            Ok(Ok(result)) => Verdict::ended(result, took),
            // The panic's own text may hold anything and is dropped; it went to the panic hook.
            Ok(Err(join)) if join.is_panic() => {
                Verdict::ended(Err(self.failed(&format!("panicked in its `check` (after {})", readable(took)))), took)
            }
            // The runtime is ending.
            Ok(Err(_)) => return,
            Err(_) => {
                work.abort();
                // It gives the client back at once, unless it blocks its thread.
                drop(timeout(A_MOMENT, work).await);
                let limit = humantime::format_duration(self.limit);
                Verdict::timed_out(
                    self.failed(&format!("did not answer a check within its check_timeout of {limit}")),
                    took,
                )
            }
        };
        self.tell(verdict);
    }

    fn tell(self, verdict: Verdict) {
        let Some(shared) = self.manager.upgrade() else { return };
        let kind = verdict.result.as_ref().err().map(Error::kind);
        figures::checked(&shared, self.entry.name(), verdict.took, kind.map_or(Ok(()), Err));
        let outcome =
            verdict.result.as_ref().map_or_else(|error| Outcome::Failed(error.clone()), |()| Outcome::Settled);
        if shared.judge(&self.entry, self.generation, verdict) {
            self.sender.send_replace(outcome);
        }
    }

    fn failed(&self, what: &str) -> Error {
        failed(&self.manager, self.entry.name(), what).retryable(true)
    }
}

async fn ask(manager: Weak<Shared>, loan: Loan, origin: Origin) -> Result<()> {
    let started = Instant::now();
    let result = origin.instance.check_erased(loan.client()).await;
    let name = Arc::clone(loan.name());
    drop(loan);
    result.map_err(|cause: BoxError| {
        let is_permanent = cause.downcast_ref::<ConnectError>().is_some_and(ConnectError::is_permanent);
        let what = format!("failed its check (after {})", readable(started.elapsed()));
        let scrub = |text: &str| without_secrets(text, &origin.secrets);
        failed(&manager, &name, &what).retryable(!is_permanent).caused_by(cause, &scrub)
    })
}

fn failed(manager: &Weak<Shared>, name: &str, what: &str) -> Error {
    let describe = manager.upgrade().map_or_else(|| format!("connection `{name}`"), |shared| shared.describe(name));
    Error::new(ErrorKind::CheckFailed, format!("{describe} {what}")).for_connection(name)
}

/// How many checks of [`check_all`](ConnectionManager::check_all) run at once.
const AT_ONCE: usize = 32;

/// How long a check that was given up has to give its client back before its callers are told.
const A_MOMENT: Duration = Duration::from_millis(10);
