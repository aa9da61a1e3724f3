//! Clients that are not current any more: they wait for their guards, then say goodbye.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use super::shared::Shared;
use crate::registry::Retired;

impl Shared {
    /// Closes a client whose place another one took, or whose name was taken out: waits for its guards, but no longer
    /// than its `drain_timeout`.
    pub(super) fn drain(self: &Arc<Self>, name: &Arc<str>, retired: Retired) {
        // Without a runtime nobody can wait or say goodbye: the last guard drops it.
        let Ok(runtime) = self.runtime() else { return };
        let (shared, name) = (Arc::clone(self), Arc::clone(name));
        runtime.spawn(async move {
            let limit = shared.limits(&name, &retired.client).map_or(Duration::ZERO, |limits| limits.drain_timeout);
            guards_are_gone(&retired, limit).await;
            if let Err(error) = shared.say_goodbye(&name, retired.into_client()).await {
                tracing::warn!(connection = %name, %error, "the client before was not closed well");
            }
        });
    }
}

/// Waits until no guard is out, for no longer than `limit`. Gives how many are still out.
pub(super) async fn guards_are_gone(retired: &Retired, limit: Duration) -> usize {
    let started = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        let guards = retired.guards();
        let left = limit.saturating_sub(started.elapsed());
        if guards == 0 || left.is_zero() {
            return guards;
        }
        sleep(pause.min(left)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// How long the last guard may be gone before it is noticed.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);
