//! Lets the conformance suite kill, start, freeze and thaw a real server.

use std::net::SocketAddr;

use connection_registry::{BoxError, testing::conformance::Server};

use super::Service;

impl Server for Service {
    fn address(&self) -> SocketAddr {
        Service::address(self)
    }

    async fn kill(&self) -> Result<(), BoxError> {
        Service::kill(self).await
    }

    async fn start(&self) -> Result<(), BoxError> {
        Service::start(self).await
    }

    async fn freeze(&self) -> Result<(), BoxError> {
        Service::freeze(self).await
    }

    async fn thaw(&self) -> Result<(), BoxError> {
        Service::thaw(self).await
    }
}
