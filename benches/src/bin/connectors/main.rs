//! What each built-in connection type costs beside its bare driver, against its real server: to connect, and for each query.
//! `benches/README.md` says what is compared with what. Prints a row for each type, and a line where a server is missing.
//!
//! `cargo run --release -p connection-registry-benches --features connectors --bin connectors -- --rounds 15 redis nats`

#[cfg(target_os = "linux")]
mod measure;
#[cfg(target_os = "linux")]
mod messages;
#[cfg(target_os = "linux")]
mod requests;
#[cfg(target_os = "linux")]
mod sql;
#[cfg(target_os = "linux")]
mod stores;
#[cfg(target_os = "linux")]
mod table;

use connection_registry::BoxError;

#[cfg(target_os = "linux")]
fn main() -> Result<(), BoxError> {
    let bench = measure::Bench::parse(std::env::args().skip(1))?;
    // Some drivers leave the choice of a provider to the program.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // One thread: a query then takes the least time, which is the hardest measure of what comes on top.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(table::print(&bench));
    Ok(())
}

/// The servers of the tests run on Linux alone.
#[cfg(not(target_os = "linux"))]
fn main() -> Result<(), BoxError> {
    Err("the servers of the tests run on Linux alone".into())
}
