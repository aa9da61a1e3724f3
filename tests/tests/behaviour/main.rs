//! What applications see of connections: one binary, a module for each behaviour.

mod connect;
mod disconnect;
mod guards;
mod ready_made;
mod references;
mod runtime;
