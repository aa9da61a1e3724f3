//! A client that is lent to the code of its type, which is no user of it: to a check, or to a change in place.

use std::sync::Arc;

use crate::{
    connection::AnyClient,
    registry::{Entry, EntryState, Pending},
};

/// A lent client. Given back, it is first taken from the books of its entry and then dropped, so that it never seems to have
/// fewer guards than it has. Whoever lets go of the client aborts the borrower.
pub(super) struct Loan {
    entry: Arc<Entry>,
    borrower: Borrower,
    pending: Pending,
    client: AnyClient,
}

/// Who has it. There is one of each kind at a time.
#[derive(Clone, Copy, Debug)]
pub(super) enum Borrower {
    Check,
    Update,
}

impl Loan {
    /// Lends the client of `entry`, in the critical section in which it was found: whoever counts the guards must know of
    /// this one.
    pub(super) fn begin(
        entry: &Arc<Entry>,
        state: &mut EntryState,
        pending: &Pending,
        borrower: Borrower,
    ) -> Option<Self> {
        let client = Arc::clone(&state.slot.client()?.any);
        *borrower.place(state) = Some(pending.clone());
        Some(Self { entry: Arc::clone(entry), borrower, pending: pending.clone(), client })
    }

    pub(super) fn client(&self) -> &AnyClient {
        &self.client
    }

    pub(super) fn name(&self) -> &Arc<str> {
        self.entry.name()
    }

    /// By which the borrower is aborted.
    pub(super) fn pending(&self) -> &Pending {
        &self.pending
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let mut state = self.entry.lock();
        let place = self.borrower.place(&mut state);
        let is_own = place.as_ref().is_some_and(|borrower| borrower.is(&self.pending));
        let borrower = if is_own { place.take() } else { None };
        drop(state);
        drop(borrower);
    }
}

impl Borrower {
    /// Where an entry notes it.
    fn place(self, state: &mut EntryState) -> &mut Option<Pending> {
        match self {
            Self::Check => &mut state.checking,
            Self::Update => &mut state.updating,
        }
    }
}
