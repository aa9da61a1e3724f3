//! For tests: a scripted fake connection, and a conformance suite for connection types. Needs the feature `testing`.
//!
//! - [`Fake`] and [`FakePool`] are the connection types `"fake"` and `"fake-pool"`: each call does what a script in the
//!   configuration says, and a [`Journal`] tells what happened. They show how an application takes a connection that is
//!   slow, fails, hangs or panics, with a configuration alone.
//! - [`conformance`] runs a connection type, with a real server or without one, through what every application expects of
//!   it: that it connects, checks and disconnects, survives to be cancelled, heals when its server dies and returns, and shows
//!   no secret in its errors and logs.
//!
//! Enable the feature for tests alone, so that a program knows no fakes:
//!
//! ```toml
//! [dev-dependencies]
//! connection-registry = { version = "0.1", features = ["testing"] }
//! ```
//!
//! Where a test has a client of its own to put in place of the real one, it needs none of this:
//! [`ConnectionManager::insert`](crate::ConnectionManager::insert) takes it.

pub mod conformance;

mod client;
mod event;
mod fake;
mod journal;
mod play;
mod script;

pub use client::FakeClient;
pub use event::JournalEvent;
pub use fake::{Fake, FakePool};
pub use journal::Journal;
