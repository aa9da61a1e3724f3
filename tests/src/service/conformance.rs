//! The servers as the conformance suite of connection types wants them.

use std::net::SocketAddr;

use connection_registry::{BoxError, testing::conformance::Server};

use super::Service;

impl Server for Service {
    fn address(&self) -> SocketAddr {
        Self::address(self)
    }

    async fn kill(&self) -> Result<(), BoxError> {
        Self::kill(self).await
    }

    async fn start(&self) -> Result<(), BoxError> {
        Self::start(self).await
    }

    async fn freeze(&self) -> Result<(), BoxError> {
        Self::freeze(self).await
    }

    async fn thaw(&self) -> Result<(), BoxError> {
        Self::thaw(self).await
    }
}
