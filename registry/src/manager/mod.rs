//! What applications hold: loads a configuration, connects by name, and closes in order.

mod admission;
mod agenda;
mod builder;
mod check;
mod check_report;
mod connect;
mod connections;
mod disconnect;
mod drain;
mod events;
mod failure;
mod figures;
mod get;
mod handle;
mod health;
mod idle;
mod instances;
#[cfg(any(feature = "metrics", feature = "status-page"))]
mod labels;
mod loan;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(not(feature = "metrics"))]
#[path = "no_metrics.rs"]
mod metrics;
mod open_files;
mod pulse;
mod ranks;
mod references;
mod reload;
mod retry;
mod shared;
mod shutdown;
mod shutdown_report;
mod spans;
mod start;
mod status;
#[cfg(feature = "status-page")]
mod tally;
mod task;
mod times;
mod timetable;
mod together;
mod visit;
mod wait;
#[cfg(feature = "watch")]
mod watch;
mod watch_over;
mod watchdog;

pub use builder::ConnectionManagerBuilder;
pub use check_report::{CheckReport, CheckResult};
pub use connections::ConnectionManager;
pub use events::{Event, Events};
pub use handle::Handle;
#[cfg(feature = "status-page")]
pub(crate) use labels::UNDECLARED;
pub use reload::{LastReload, ReloadFailure, ReloadReport};
pub use shutdown_report::{Laggard, ShutdownReport};
pub use status::{CheckStatus, ConnectionStatus, Status};
#[cfg(feature = "status-page")]
pub(crate) use tally::Counts;
pub use together::{ConnectionField, Pending, PendingField, begin, connect_all, expect_client};
#[cfg(feature = "watch")]
pub use watch::Watch;
#[cfg(feature = "cli")]
pub(crate) use {
    builder::DEFAULT_MAX_CONFIG_BYTES,
    reload::plan,
    shared::{Declarations, load},
    times::short,
};
