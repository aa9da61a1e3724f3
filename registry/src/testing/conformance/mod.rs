//! What every application expects of a connection type, as trials that its author runs.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! use std::time::Duration;
//!
//! use connection_registry::testing::{Fake, conformance::{Fault, Suite}};
//!
//! let report = Suite::<Fake>::new("password = 'c4nary'")
//!     .with_broken("wrong password", "connect = ['permanent']\npassword = 'c4nary'", Fault::Permanent)
//!     .with_broken("no such host", "connect = ['error']", Fault::Transient)
//!     .canary("c4nary")
//!     .timeout(Duration::from_secs(2))
//!     .run()
//!     .await;
//! report.assert_clean();
//! # }
//! ```
//!
//! # The trials
//!
//! | trial | what must hold |
//! |---|---|
//! | connects and gives a client | with the good fields, within the timeout |
//! | a check passes on a new client | `check` |
//! | a second get gives the same client | nothing is made twice |
//! | many gets at once give one client | 64 of them |
//! | disconnects | `disconnect` succeeds within the timeout |
//! | connects again after a disconnect | and the check passes on the new client |
//! | callers that leave harm nobody | a caller that is dropped while it waits for the client |
//! | a disconnect while it connects harms nobody | the attempt is dropped wherever it stands; the next one connects |
//! | survives cancellation at every await | `connect` is dropped after each of its first 32 polls, does not panic, and connects at once again |
//! | shows no canary | neither the endpoint, nor the errors of the library about it, nor any `Debug` output |
//! | fails as it should: … | for each broken configuration: an error of its own within the timeout, transient or permanent as declared, that names connection and type and has no canary in it |
//! | gives up in time: … | for each silent peer: an error of its own before the deadline of a short timeout |

mod bench;
mod broken;
mod cancel;
mod change;
mod client;
mod interrupted;
mod load;
mod log_capture;
mod logs;
mod outage;
mod output;
mod peers;
mod recovery;
mod report;
mod secret;
mod server;
mod settings;
mod sockets;
mod stub;
mod suite;
mod trial;
mod usage;

pub use broken::Fault;
pub use log_capture::LogCapture;
pub use report::{Outcome, Report, Trial};
pub use server::Server;
pub use suite::Suite;
