//! Those that hold a client which was replaced after the reload that asked for it: they follow it.

use std::{
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    replace::Reason,
    report::Fate,
    run::{self, Behind},
};
use crate::manager::shared::Shared;

impl Shared {
    /// The client of a changed connection was replaced: those that hold the one before are rebuilt. A reload has done so
    /// for what it has replaced itself; this is for what was replaced in the background.
    pub(in crate::manager) fn dependents_follow(self: &Arc<Self>) {
        let Ok(runtime) = self.runtime() else { return };
        // However many are replaced at once, one look at all of them suffices.
        if !self.reloads.is_follow_due.swap(true, Ordering::AcqRel) {
            runtime.spawn(follow(Arc::clone(self)));
        }
    }
}

async fn follow(shared: Arc<Shared>) {
    let _turn = shared.reloads.turn.lock().await;
    shared.reloads.is_follow_due.store(false, Ordering::Release);
    let behind = holders(&shared);
    if behind.is_empty() {
        return;
    }
    let configuration = shared.configuration();
    let nodes = run::nodes(&shared, &configuration, &behind);
    for (name, fate) in run::replace_all(&shared, &configuration, nodes, behind).await {
        let followed = matches!(fate, Fate::Rebuilt);
        tracing::debug!(connection = %name, followed, "what it refers to was replaced");
    }
}

/// Those whose client is older than that of something they refer to.
fn holders(shared: &Shared) -> Behind {
    let made: Vec<_> = shared
        .registry
        .entries()
        .into_iter()
        .filter_map(|entry| {
            let made_at = entry.lock().slot.client().filter(|client| client.origin.is_some())?.connected_at;
            Some((entry, made_at))
        })
        .collect();
    let made_at: HashMap<&str, Duration> = made.iter().map(|(entry, at)| (&**entry.name(), *at)).collect();
    let is_older = |at: Duration, name: &str| made_at.get(name).is_some_and(|needed| *needed > at);
    let older = made.iter().filter(|(entry, at)| entry.dependencies().iter().any(|name| is_older(*at, name)));
    older.map(|(entry, _)| (Arc::clone(entry.name()), (Arc::clone(entry), Reason::Dependency))).collect()
}
