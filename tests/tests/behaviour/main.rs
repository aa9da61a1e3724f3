//! What applications see of connections: one binary, a module for each behaviour.

#![allow(clippy::unwrap_used)]

mod configuration;
mod conformance;
mod connect;
mod connectors_page;
mod derive;
mod disconnect;
mod drain;
mod events;
mod fake;
mod faults;
mod gates;
mod guards;
mod health;
mod idle;
mod metrics;
mod mistakes;
mod properties;
mod races;
mod readme;
mod ready_made;
mod reentrancy;
mod references;
mod reload;
mod runtime;
mod seams;
mod secrets;
mod shutdown;
mod shutdown_runtime;
mod spans;
mod start;
mod status;
mod status_page;
mod stress;
mod tenants;
mod watch;
