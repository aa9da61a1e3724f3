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
//! What the suite is not given it does not try: the trial is skipped, and the report says what was missing. For a type with
//! a server, give it all of it:
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use connection_registry::{
//!     BoxError,
//!     testing::{Fake, conformance::{Fault, LogCapture, Server, Suite}},
//! };
//!
//! fn fields(host: &str, port: u16, password: &str) -> String {
//!     format!("url = 'fake://{host}:{port}'\npassword = '{password}'\n")
//! }
//!
//! async fn conforms(server: Arc<impl Server>) -> Result<(), BoxError> {
//!     LogCapture::install()?;
//!     let (host, port) = (server.address().ip().to_string(), server.address().port());
//!     let good = fields(&host, port, "c4nary");
//!     let report = Suite::<Fake>::new(&good)
//!         .with_use(|client| async move {
//!             if client.name() == "conformance" { Ok(()) } else { Err("what was written is not what is read".into()) }
//!         })
//!         .with_broken("wrong password", fields(&host, port, "wr0ng"), Fault::Permanent)
//!         .with_peers(|host, port| fields(host, port, "c4nary"))
//!         .with_change(good + "delay = '1ms'")
//!         .with_server(server)
//!         .canary("c4nary")
//!         .canary("wr0ng")
//!         .run()
//!         .await;
//!     report.assert_clean();
//!     Ok(())
//! }
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
//! | works | the [use](Suite::with_use) succeeds within the timeout |
//! | callers that leave harm nobody | a caller that is dropped while it waits for the client |
//! | a disconnect while it connects harms nobody | the attempt is dropped wherever it stands; the next one connects |
//! | survives cancellation at every await | `connect` is dropped after each of its first 32 polls, does not panic, and connects at once again |
//! | shows no canary | neither the endpoint, nor the errors of the library about it, nor any `Debug` output |
//! | fails as it should: … | for each broken configuration: an error of its own within the timeout, transient or permanent as declared, that names connection and type and has no canary in it |
//! | gives up in time: … | for each silent peer: an error of its own before the deadline of a short timeout |
//! | fails as it should: a closed port | for the [peers](Suite::with_peers), here and below: a transient error that names host and port |
//! | fails as it should: an unknown host | the same of `no-such-host.invalid` |
//! | fails as it should: a peer that hangs up | a transient error |
//! | gives up in time: a peer that never answers | as for each silent peer |
//! | gives up in time: a peer that answers garbage | an error of its own before the deadline, transient or permanent |
//! | refuses no use after its server was killed and restarted | under load, at most one use fails [after the return](#the-return-of-a-connection), which comes within the timeout |
//! | a frozen server is noticed and forgiven | a check fails within `check_timeout`, a new connect gives up in time, and once the server goes on the connection is usable within the timeout |
//! | connects once the server is there | a `get` that waits for a dead server gets its client within the timeout after the start |
//! | a reload of a changed setting fails no use | with four users at once; the report says rebuilt or updated, and the old client is gone after it |
//! | a shutdown leaves no socket | none of this process to the server is left that was opened for the trial, within a second; on Linux |
//! | logs no canary | with [`LogCapture`]: nothing that this crate logs, the built-in types included, at any level |
//! | what it is made of logs no canary | the same of everybody else, the type's own crate and its drivers; [some may be forgiven](Suite::ignore_logs_of) |
//!
//! After each trial whatever its managers tell is searched for canaries as well: status, events, reports, and all errors.
//! A canary fails the trial, whatever it is about.
//!
//! # The return of a connection
//!
//! A server is killed while one worker gets the client and uses it, again and again. Once a use has failed, or the manager
//! has noticed, the server is started again; the manager is set to check every 200 ms, to take one failure for a fall and one
//! pass for a rise, and to try again after 50 to 200 ms. Nobody else helps.
//!
//! Uses fail while the server is dead, and until somebody notices that it is back: no library can help that. The connection
//! has *returned* at the first moment after [`Server::start`] came back at which
//!
//! - a use succeeds, or
//! - the manager says just before a use that the connection is connected, having known of the fall: since the kill it was
//!   seen to say another state, or it has another client. That it still says connected because it has noticed nothing is no
//!   return.
//!
//! Of the uses that begin after the return at most one may fail, until twenty succeed in a row. So a client that heals itself
//! may find one dead socket, and not one after the other; and a check must not pass while uses still fail. The report tells
//! the time from the start to the first use that succeeds: [`Trial::note`].

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
