//! Putting a changed configuration in force while the connections are in use.
//!
//! A reload loads what the manager was built from once more. What is invalid changes nothing. What is valid is in force
//! at once, and then every name is brought in line with it: at once where that takes no waiting ([`settle`]), else in
//! order of the references ([`plan`]), the next client beside the present one ([`replace`]). Whether a client is in line
//! is seen by its content, which it keeps from when it was made: nothing else has to be remembered from one reload to
//! the next.

mod follow;
pub(crate) mod plan;
mod replace;
mod report;
mod rotated;
mod run;
mod settle;
#[cfg(test)]
mod tests;

pub use report::{LastReload, ReloadFailure, ReloadReport};
pub(super) use run::Reloads;
#[cfg(feature = "watch")]
pub(super) use run::shut_down;
