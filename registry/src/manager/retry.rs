//! What is tried again without a caller.

use std::{sync::Arc, time::Duration};

use super::shared::Shared;
use crate::{
    config::Lifecycle,
    registry::{Backoff, ConnectionState, Entry},
};

impl Shared {
    /// A try again is put on the agenda, when the connection is to be up without a caller, or its client is to be
    /// replaced. One that the type calls permanent waits for a reload, or for a caller.
    pub(super) fn retry_later(self: &Arc<Self>, entry: &Arc<Entry>, lifecycle: &Lifecycle, permanent: bool) {
        let state = entry.lock();
        let wanted = state.is_kept_up || state.is_stale;
        let failures = state.slot.failures().max(1);
        drop(state);
        if wanted && !permanent {
            let pause = background(lifecycle).pause(failures, false, fastrand::f64());
            self.agenda.add(self, self.now().saturating_add(pause), entry.name(), super::agenda::What::Retry);
        }
    }

    /// As [`retry_later`](Self::retry_later), for a failure that is remembered: of before it was to be kept up, or of an
    /// attempt that a caller began.
    pub(super) fn retry_what_failed(self: &Arc<Self>, entry: &Arc<Entry>) {
        let permanent = entry.lock().slot.retry_at().is_some_and(|(_, permanent)| permanent);
        if let Some(lifecycle) = self.lifecycle_of(entry.name()) {
            self.retry_later(entry, &lifecycle, permanent);
        }
    }

    /// The moment has come.
    pub(super) fn retry(self: &Arc<Self>, entry: &Arc<Entry>) {
        let state = entry.lock();
        let (now, is_kept_up, is_stale) = (state.slot.state(), state.is_kept_up, state.is_stale);
        let is_being_replaced = state.slot.replacing().is_some();
        drop(state);
        match now {
            // A caller may have tried meanwhile: the memory of that failure says when it is time again.
            ConnectionState::Declared | ConnectionState::Closed | ConnectionState::Failed
                if (is_kept_up || is_stale) && self.begin(entry).is_err() =>
            {
                self.retry_what_failed(entry);
            }
            ConnectionState::Connected | ConnectionState::Degraded if is_stale && !is_being_replaced => {
                self.begin_beside(entry, Patience::OneTry);
            }
            _ => {}
        }
    }
}

/// How often one attempt tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Again and again, for as long as there is time.
    WholeTimeout,
    /// Once.
    OneTry,
}

/// The pauses while nobody waits.
fn background(lifecycle: &Lifecycle) -> Backoff {
    let retry = lifecycle.retry;
    Backoff { base: retry.base, max: retry.background_max.max(retry.max), permanent: Duration::MAX }
}
