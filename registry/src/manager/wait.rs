//! The time of one caller who waits for a client.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::{shared::Shared, task::AbortOnDrop, timetable::after};
use crate::{
    error::{Error, ErrorKind, Result},
    registry::{Entry, Outcome, Pending},
};

/// One caller's way to a client, which may lead through several attempts and goodbyes.
///
/// The first attempt keeps the time by itself: it began no later than the caller came. Whatever else is waited for has a
/// time of its own, which may be longer or begin later.
pub(super) struct Wait<'a> {
    shared: &'a Arc<Shared>,
    since: Instant,
    /// Whether something has been waited for.
    has_waited: bool,
    /// Known once it is needed, and then kept.
    limit: Option<Duration>,
}

impl<'a> Wait<'a> {
    pub(super) fn begin(shared: &'a Arc<Shared>) -> Self {
        Self { shared, since: Instant::now(), has_waited: false, limit: None }
    }

    /// Waits for what the slot of `entry` told to wait for.
    ///
    /// # Errors
    ///
    /// The time is over.
    pub(super) async fn until_ended(&mut self, entry: &Entry, pending: Pending) -> Result<Option<Outcome>> {
        let is_attempt = entry.lock().slot.attempt().is_some_and(|attempt| attempt.is(&pending));
        let is_first = !std::mem::replace(&mut self.has_waited, true);
        let limit = *self
            .limit
            .get_or_insert_with(|| self.shared.lifecycle_of(entry.name()).unwrap_or_default().connect_timeout);
        let runtime = match self.shared.runtime() {
            Ok(runtime) if !(is_attempt && is_first || pending.is_over()) => runtime,
            _ => return Ok(pending.ended().await),
        };
        // What began late ends late, and its own failure says more than that the time is over.
        let until = after(self.since, if is_attempt { limit.saturating_add(GRACE) } else { limit });
        // By the clock of the manager's runtime: the caller may be polled where there is none.
        let ended = pending.clone().ended();
        match AbortOnDrop::spawn_on(&runtime, async move { timeout_at(until, ended).await.ok() }).await {
            Ok(Some(outcome)) => Ok(outcome),
            Ok(None) => Err(self.too_late(entry, limit, is_attempt)),
            // The runtime is ending, and with it whatever is waited for.
            Err(_) => Ok(pending.ended().await),
        }
    }

    fn too_late(&self, entry: &Entry, limit: Duration, is_attempt: bool) -> Error {
        let (name, limit) = (entry.name(), humantime::format_duration(limit));
        let what = match is_attempt {
            true => "waiting for an attempt that began later, in place of one that was given up",
            false => "waiting for its client before to be closed",
        };
        let message =
            format!("{} gave no client within its connect_timeout of {limit}, {what}", self.shared.describe(name));
        Error::new(ErrorKind::ConnectTimeout, message).for_connection(name).retryable(true)
    }
}

/// How much later than its time a caller gives up an attempt that may be about to tell.
const GRACE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use connection_registry::{BoxError, ConnectContext, Connection, ConnectionFactory, connection_type};
    use tokio::time::sleep;

    use super::*;
    use crate::manager::ConnectionManager;

    /// It takes its time.
    #[connection_type("wait-slow")]
    struct Slow {}

    impl Connection for Slow {
        type Client = ();

        async fn connect(&self, _cx: &ConnectContext) -> Result<(), BoxError> {
            sleep(Duration::from_secs(6)).await;
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_whose_client_is_closed_before_it_has_a_guard_keeps_its_deadline() {
        let mut factory = ConnectionFactory::empty();
        factory.register::<Slow>().unwrap();
        let toml = "connections.a = { type = 'wait-slow', lifecycle.connect_timeout = '10s' }";
        let connections = ConnectionManager::builder().toml(toml).factory(factory).build().unwrap();
        let started = Instant::now();
        let mut wait = Wait::begin(&connections.shared);
        connections.shared.connected_within(&mut wait, "a", None).await.map(drop).unwrap();
        connections.disconnect("a").await.unwrap();
        let error = connections.shared.connected_within(&mut wait, "a", None).await.map(drop).unwrap_err();
        assert_eq!((error.kind(), started.elapsed()), (ErrorKind::ConnectTimeout, Duration::from_secs(10) + GRACE));
    }
}
