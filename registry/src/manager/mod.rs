//! What applications hold: loads a configuration, connects by name, and closes in order.

mod builder;
mod connect;
mod disconnect;
mod failure;
mod get;
mod handle;
mod manager;
mod references;
mod shared;
mod task;

pub use builder::ConnectionManagerBuilder;
pub use handle::Handle;
pub use manager::ConnectionManager;
