//! Those that hold a client which was replaced after the reload that asked for it: they follow it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use super::{
    plan::Node,
    replace::Reason,
    report::Fate,
    run::{self, Behind},
};
use crate::{
    manager::{
        shared::{Declarations, Shared},
        task::{NotDone, apart},
    },
    registry::Entry,
};

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
    let looker = Arc::clone(&shared);
    // There may be very many names: none of the runtime's workers looks at them all, while there are threads to be had.
    let late = match apart(move || late(&looker)).await {
        Err(NotDone::NoThread) => late(&shared),
        done => done.ok().flatten(),
    };
    let Some(Late { configuration, behind, nodes }) = late else { return };
    for (name, fate) in run::replace_all(&shared, &configuration, nodes, behind).await {
        let followed = matches!(fate, Fate::Rebuilt);
        tracing::debug!(connection = %name, followed, "what it refers to was replaced");
    }
}

/// What has to be rebuilt, and by what.
struct Late {
    configuration: Arc<Declarations>,
    behind: Behind,
    nodes: Vec<(Arc<Entry>, Node)>,
}

/// `None` when nothing has to be rebuilt.
fn late(shared: &Shared) -> Option<Late> {
    let behind = holders(shared);
    if behind.is_empty() {
        return None;
    }
    let configuration = shared.configuration();
    let nodes = run::nodes(shared, &configuration, &behind);
    Some(Late { configuration, behind, nodes })
}

/// Those whose client is older than that of something they refer to.
fn holders(shared: &Shared) -> Behind {
    let mut behind = Behind::new();
    for entry in shared.registry.entries() {
        let needs = entry.dependencies();
        let newest = needs.iter().filter_map(|name| made_at(&*shared.registry.entry(name)?)).max();
        if newest.is_some() && made_at(&entry).is_some_and(|at| newest > Some(at)) {
            behind.insert(Arc::clone(entry.name()), (entry, Reason::Dependency));
        }
    }
    behind
}

fn made_at(entry: &Entry) -> Option<Duration> {
    entry.lock().slot.client().filter(|client| client.origin.is_some()).map(|client| client.connected_at)
}
