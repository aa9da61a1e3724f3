//! What applications see of connections: one binary, a module for each behaviour.

mod configuration;
mod connect;
mod disconnect;
mod guards;
mod mistakes;
mod properties;
mod ready_made;
mod references;
mod runtime;
mod secrets;
