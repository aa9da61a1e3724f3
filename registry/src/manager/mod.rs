//! What applications hold: loads a configuration, connects by name, and closes in order.

mod admission;
mod agenda;
mod builder;
mod connect;
mod connections;
mod disconnect;
mod drain;
mod events;
mod failure;
mod get;
mod handle;
mod health;
mod idle;
mod open_files;
mod pulse;
mod references;
mod retry;
mod shared;
mod task;
mod visit;
#[cfg(feature = "watch")]
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "the manager does not follow its files yet"))]
mod watch;
mod watch_over;

pub use builder::ConnectionManagerBuilder;
pub use connections::ConnectionManager;
pub use events::{Event, Events};
pub use handle::Handle;
