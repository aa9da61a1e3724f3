//! A real server: started, ended in every way, and always reaped.

use std::{
    net::{Ipv4Addr, SocketAddr},
    panic::resume_unwind,
    path::Path,
    sync::Arc,
};

use connection_registry::BoxError;

use super::{Authority, Recipe, process, program, server::Server};

/// A server that belongs to a test.
///
/// Nothing of it is left when this value is dropped, and neither when the process of the tests is killed.
#[derive(Debug)]
pub struct Service {
    server: Arc<Server>,
}

impl Service {
    /// Starts a server and waits until it serves; `None`, after a line on standard error, if it is not installed.
    ///
    /// # Panics
    ///
    /// When it does not start, with the end of its log; when it is not installed although `REQUIRE_SERVICES=1`.
    pub async fn launch<R: Recipe>(recipe: R) -> Option<Self> {
        let launched = unblocked(move || program::is_installed::<R>().then(|| Server::launch(&recipe))).await;
        launched.map(|server| Self { server: Arc::new(server) })
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port()).into()
    }

    /// The host of [`Service::address`], `127.0.0.1`.
    pub fn host(&self) -> &'static str {
        "127.0.0.1"
    }

    /// The port of [`Service::address`].
    pub fn port(&self) -> u16 {
        self.server.site().port()
    }

    /// The folder with its configuration, its data and its log, `server.log`.
    pub fn folder(&self) -> &Path {
        self.server.site().folder()
    }

    /// The certificates.
    ///
    /// # Panics
    ///
    /// When the server was started without TLS.
    pub fn authority(&self) -> &Authority {
        self.server.site().authority()
    }

    /// The processes of the server that run now.
    pub fn processes(&self) -> Vec<u32> {
        self.server.processes()
    }

    /// Starts it again, on the same port and with the same data, and waits until it serves.
    ///
    /// # Errors
    ///
    /// When it runs, or does not start; with the end of its log.
    ///
    /// # Cancel safety
    ///
    /// Once begun it goes on to its end, as do the other methods.
    pub async fn start(&self) -> Result<(), BoxError> {
        self.unblocked(Server::restart).await
    }

    /// Asks it to end in order, and waits until it has. What is left of it after half a minute is killed.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub async fn stop(&self) -> Result<(), BoxError> {
        self.unblocked(Server::stop).await
    }

    /// Kills all of its processes; returns once they have ended and the port is closed.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub async fn kill(&self) -> Result<(), BoxError> {
        self.unblocked(Server::kill).await
    }

    /// Stops all of its processes where they are: connections stay open, and the system accepts new ones, but nobody answers.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub async fn freeze(&self) -> Result<(), BoxError> {
        self.unblocked(|server| server.with_root(process::freeze)).await
    }

    /// Lets it go on after a freeze.
    ///
    /// # Errors
    ///
    /// When it does not run.
    pub async fn thaw(&self) -> Result<(), BoxError> {
        self.unblocked(|server| server.with_root(process::thaw)).await
    }

    async fn unblocked<T: Send + 'static>(&self, work: impl FnOnce(&Server) -> T + Send + 'static) -> T {
        let server = Arc::clone(&self.server);
        unblocked(move || work(&server)).await
    }
}

/// Does what waits for processes where it blocks nobody.
async fn unblocked<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| resume_unwind(error.into_panic()))
}
