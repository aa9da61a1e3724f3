//! What applications hold: loads a configuration, connects by name, and closes in order.

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
#[cfg(feature = "watch")]
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the manager does not follow its files yet"))]
mod watch;

pub use builder::ConnectionManagerBuilder;
pub use connections::ConnectionManager;
pub use handle::Handle;
