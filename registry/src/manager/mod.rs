//! What applications hold: loads a configuration, connects by name, and closes in order.

#[cfg_attr(not(test), expect(dead_code, reason = "attempts go through it once they are wired to it"))]
mod admission;
mod builder;
mod connect;
mod connections;
mod disconnect;
mod failure;
mod get;
mod handle;
mod pulse;
mod references;
mod shared;
mod task;

pub use builder::ConnectionManagerBuilder;
pub use connections::ConnectionManager;
pub use handle::Handle;
