//! What applications see of connections: one binary, a module for each behaviour.

#![allow(clippy::unwrap_used)]

mod configuration;
mod conformance;
mod connect;
mod disconnect;
mod fake;
mod faults;
mod gates;
mod guards;
mod mistakes;
mod properties;
mod races;
mod readme;
mod ready_made;
mod reentrancy;
mod references;
mod runtime;
mod secrets;
mod stress;
