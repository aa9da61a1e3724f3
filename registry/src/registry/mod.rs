//! The instances: one slot for each name, with its state, its client and the guards that are out.
//!
//! The state of a slot is a plain state machine ([`slot`]): it knows neither tokio nor a clock nor I/O and is told
//! what happened and when. The index of connected clients is only a cache of that truth.

mod backoff;
mod client;
mod context;
mod endpoint;
mod entry;
#[cfg(test)]
mod entry_tests;
mod guard;
mod handle;
mod health;
mod index;
mod instances;
mod pending;
mod slot;
#[cfg(test)]
mod slot_loom;
#[cfg(test)]
mod slot_model;
#[cfg(test)]
mod slot_tests;
mod state;
mod watched;

pub use guard::Conn;
pub use instances::ConnectionRegistry;
pub use state::ConnectionState;
pub(crate) use {
    backoff::Backoff,
    client::{Client, ClientType, Holders, Leases, Origin, Replaced, Retired},
    endpoint::{Admit, Endpoint, Visit},
    entry::{Caller, Entry, EntryState, LastCheck, Told},
    handle::HandleCache,
    health::HealthChange,
    pending::{Outcome, Pending},
    slot::{Ask, AttemptId, Closed, Failure, Finished},
    watched::Watched,
};
