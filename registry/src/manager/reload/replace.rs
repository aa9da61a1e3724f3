//! Another client for a connection that is in use.

use std::sync::Arc;

use tokio::time::timeout;
use tracing::Instrument;

use super::report::Fate;
use crate::{
    config::{Fingerprint, Lifecycle, Replace, Resolved, without_secrets},
    connection::Update,
    error::{Error, ErrorKind, Result},
    manager::{
        disconnect::Guards,
        events::OneLine,
        loan::{Borrower, Loan},
        retry::Patience,
        shared::{Declarations, Shared, targets},
        spans,
        task::AbortOnDrop,
    },
    registry::{ConnectionState, Entry, Origin, Outcome, Pending},
};

/// Why a client is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The configuration says something else than what it was made from, namely this.
    Content(Fingerprint),
    /// A connection that it refers to has another client.
    Dependency,
    /// Both.
    ContentAndDependency,
}

/// What there is to replace.
enum Standing {
    Client {
        generation: u64,
    },
    /// It was made while nobody looked, from what it is to be made from.
    InLine,
    /// There is none any more, or one that was inserted.
    Nothing,
}

impl Shared {
    /// Gives the connection a client by `configuration`, which is in force, in place of the present one. Ends in the
    /// time that the settings of the connection give it.
    pub(super) async fn replace(
        self: Arc<Self>,
        configuration: Arc<Declarations>,
        entry: Arc<Entry>,
        reason: Reason,
    ) -> Fate {
        let Some(lifecycle) = self.lifecycle_of(entry.name()) else { return Fate::Updated };
        if matches!(reason, Reason::Content(_)) {
            match self.update(&configuration, &entry, lifecycle).await {
                Ok(true) => return Fate::Updated,
                Ok(false) => {}
                Err(unresolved) => return Fate::Failed(unresolved),
            }
        }
        drop(configuration);
        let Standing::Client { generation } = standing(&entry, reason) else {
            return self.nothing_left(&entry, reason);
        };
        if !matches!(reason, Reason::Content(_)) {
            // Until there is another one, also when that comes later.
            entry.lock().is_following = true;
        }
        match lifecycle.replace {
            Replace::MakeFirst => self.make_first(&entry, generation).await,
            Replace::BreakFirst => self.break_first(&entry, lifecycle).await,
        }
    }

    fn nothing_left(self: &Arc<Self>, entry: &Arc<Entry>, reason: Reason) -> Fate {
        if matches!(standing(entry, reason), Standing::InLine) {
            return Fate::Rebuilt;
        }
        if reason != Reason::Dependency {
            return Fate::Updated;
        }
        // An attempt under way may hold the client before of what it refers to.
        let mut state = entry.lock();
        let outdated = if state.slot.is_connecting() { state.slot.renew() } else { None };
        let news = self.tell(entry, &mut state);
        drop(state);
        news.log();
        if let Some(outdated) = outdated {
            outdated.supersede();
            self.retry(entry);
        }
        Fate::Unchanged
    }

    /// Asks the type to take the change in place. True when it did.
    async fn update(
        self: &Arc<Self>,
        configuration: &Declarations,
        entry: &Arc<Entry>,
        lifecycle: Lifecycle,
    ) -> Result<bool> {
        let name = Arc::clone(entry.name());
        let resolved = configuration.resolve(&name).map_err(|diagnostics| self.unusable(&name, diagnostics))?;
        let Some((loan, origin, generation)) = lent(entry) else { return Ok(false) };
        let Resolved { instance, secrets, content } = resolved;
        let new = Origin { instance, secrets: secrets.into(), content, lifecycle };
        let (before, after) = (Arc::clone(&origin.instance), Arc::clone(&new.instance));
        let _beat = self.pulse.begin();
        let span = spans::update(&name, self.type_name(&name).as_deref(), generation);
        let pending = loan.pending().clone();
        let work = async move {
            let result = before.update_erased(loan.client(), &*after).await;
            drop(loan);
            result
        };
        let work = AbortOnDrop::spawn(work.instrument(span));
        pending.started(work.abort_handle());
        // Whoever let go of the client before the task was known could not abort it.
        if !entry.lock().updating.as_ref().is_some_and(|updating| updating.is(&pending)) {
            pending.abort();
        }
        match timeout(lifecycle.connect_timeout, work).await {
            Ok(Ok(Ok(Update::InPlace))) => return Ok(self.updated(entry, generation, new)),
            Ok(Ok(Ok(Update::Rebuild))) => {}
            Ok(Ok(Err(cause))) => {
                let scrub = |text: &str| without_secrets(&without_secrets(text, &new.secrets), &origin.secrets);
                let message = format!("{} failed to take a change in place", self.describe(&name));
                let error = Error::new(ErrorKind::ConnectFailed, message).caused_by(cause, &scrub);
                tracing::warn!(connection = %name, cause = %OneLine(&error), "rebuilt");
            }
            Ok(Err(join)) if join.is_panic() => {
                tracing::warn!(connection = %name, cause = "panicked in its `update`", "rebuilt");
            }
            // Given up, because the client was let go of.
            Ok(Err(_)) => {}
            Err(_) => tracing::warn!(connection = %name, cause = "did not end its `update` in time", "rebuilt"),
        }
        Ok(false)
    }

    /// The client works by `origin` now. False when it is not the current one any more.
    fn updated(self: &Arc<Self>, entry: &Arc<Entry>, generation: u64, mut origin: Origin) -> bool {
        let lifecycle = origin.lifecycle;
        let mut state = entry.lock();
        if state.slot.generation() != generation {
            return false;
        }
        let Some(current) = state.slot.client_mut().and_then(|client| client.origin.as_mut()) else { return false };
        std::mem::swap(current, &mut origin);
        (state.is_stale, state.is_behind) = (false, false);
        let outdated = state.slot.renew();
        let news = self.tell(entry, &mut state);
        drop(state);
        news.log();
        outdated.iter().for_each(Pending::supersede);
        entry.has_ended_beside(false);
        // The type may have taken another reference in place.
        let configuration = self.configuration();
        let needed = configuration.declaration(entry.name()).map(targets).unwrap_or_default();
        needed.iter().for_each(|name| entry.depends_on(name));
        self.watch_over_anew(entry, generation, origin.lifecycle, lifecycle);
        true
    }

    /// The client stays, its settings have changed: what is on the agenda for it keeps to them.
    pub(super) fn watch_over_anew(
        self: &Arc<Self>,
        entry: &Arc<Entry>,
        generation: u64,
        before: Lifecycle,
        now: Lifecycle,
    ) {
        let rhythm = |lifecycle: Lifecycle| (lifecycle.check_interval, lifecycle.idle_timeout);
        if rhythm(before) != rhythm(now) {
            self.watch_over(entry, generation, &now);
        }
    }

    /// Makes the next client beside the one of `generation`, which goes on serving until then, and if that fails.
    async fn make_first(self: &Arc<Self>, entry: &Arc<Entry>, generation: u64) -> Fate {
        entry.lock().is_stale = true;
        let mut pending = self.begin_beside(entry, Patience::WholeTimeout);
        let mut failure = None;
        // An attempt that is given up for a newer one, as by a client that fails its checks, is followed to that.
        for _ in 0..MOST_ATTEMPTS {
            let Some(attempt) = pending.take() else { break };
            if let Some(Outcome::Failed(error)) = attempt.ended().await {
                failure = Some(error);
            }
            let state = entry.lock();
            match state.slot.client() {
                None => return Fate::Updated,
                Some(client) if client.origin.is_none() => return Fate::Updated,
                Some(_) if state.slot.generation() != generation => return Fate::Rebuilt,
                Some(_) => pending = state.slot.replacing().cloned(),
            }
        }
        match failure {
            Some(error) => Fate::Failed(error),
            None if entry.lock().slot.client().is_none() => Fate::Updated,
            None => Fate::Failed(self.shut_down(entry.name())),
        }
    }

    /// Closes the client, when its guards are gone, and connects anew.
    async fn break_first(self: &Arc<Self>, entry: &Arc<Entry>, lifecycle: Lifecycle) -> Fate {
        let goodbye = self.close(entry, Guards::WaitFor(lifecycle.drain_timeout));
        if let Some(goodbye) = goodbye
            && let Some(Outcome::ClosedBadly(error)) = goodbye.ended().await
        {
            tracing::warn!(connection = %entry.name(), cause = %OneLine(&error), "the client before was not closed well");
        }
        match self.connected(entry.name(), None).await {
            Ok(_) => Fate::Rebuilt,
            Err(error) => Fate::Failed(error),
        }
    }
}

fn standing(entry: &Entry, reason: Reason) -> Standing {
    let state = entry.lock();
    let Some(origin) = state.slot.client().and_then(|client| client.origin.as_ref()) else { return Standing::Nothing };
    match reason {
        Reason::Content(content) if content == origin.content => Standing::InLine,
        _ => Standing::Client { generation: state.slot.generation() },
    }
}

/// The client with what it was made from, when the type may be asked to take a change in place: not when the client has
/// to go anyhow.
fn lent(entry: &Arc<Entry>) -> Option<(Loan, Origin, u64)> {
    let mut state = entry.lock();
    if state.slot.replacing().is_some() || state.slot.state() != ConnectionState::Connected {
        return None;
    }
    // One that heeds no timeout still has the client, whatever it makes of it.
    if state.updating.is_some() {
        return None;
    }
    let (origin, generation) = (state.slot.client()?.origin.clone()?, state.slot.generation());
    let (_, pending) = Pending::new();
    Some((Loan::begin(entry, &mut state, &pending, Borrower::Update)?, origin, generation))
}

/// So many attempts that take the place of each other are followed.
const MOST_ATTEMPTS: usize = 4;
