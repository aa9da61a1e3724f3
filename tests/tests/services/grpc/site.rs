//! A gRPC server of the test that has the health service alone, and remembers who asked.

use std::{
    fs,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use connection_registry::testing::conformance::Server as _;
use connection_registry_tests::service::{Authority, InProcess, Tls};
use tempfile::TempDir;
use tonic::{
    Code, Request, Status,
    service::interceptor::InterceptedService,
    transport::{Certificate, Identity, Server, ServerTlsConfig, server::TcpIncoming},
};
use tonic_health::server::{HealthReporter, health_reporter};

use crate::http::site::certificates;

/// The server and what it was asked.
pub(super) struct Site {
    pub(super) server: Arc<InProcess>,
    /// Says which service is well.
    pub(super) reporter: HealthReporter,
    state: Arc<Mutex<State>>,
    certificates: Option<(TempDir, Authority)>,
}

#[derive(Default)]
struct State {
    agents: Vec<String>,
    /// What it answers instead.
    answer: Option<Code>,
}

impl Site {
    pub(super) fn launch() -> Self {
        Self::new(Tls::Off)
    }

    pub(super) fn new(tls: Tls) -> Self {
        let state = Arc::<Mutex<State>>::default();
        let (reporter, health) = health_reporter();
        let seen = Arc::clone(&state);
        let service = InterceptedService::new(health, move |request| look(request, &seen));
        let certificates = (tls != Tls::Off).then(certificates);
        let config = certificates.as_ref().map(|(_, authority)| config(authority, tls));
        let server = InProcess::launch(move |listener| {
            let mut builder = Server::builder();
            if let Some(config) = config.clone() {
                builder = builder.tls_config(config).expect("the certificates are good");
            }
            let router = builder.add_service(service.clone());
            async move { router.serve_with_incoming(TcpIncoming::from(listener)).await.expect("it goes on for ever") }
        });
        Self { server, reporter, state, certificates }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    pub(super) fn authority(&self) -> &Authority {
        &self.certificates.as_ref().expect("a server with TLS has certificates").1
    }

    /// From now on it answers by an error; by the truth again with `None`.
    pub(super) fn answer(&self, code: Option<Code>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).answer = code;
    }

    /// Who asked.
    pub(super) fn agents(&self) -> Vec<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).agents.clone()
    }
}

fn look(request: Request<()>, state: &Mutex<State>) -> Result<Request<()>, Status> {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let agent = request.metadata().get("user-agent").and_then(|agent| agent.to_str().ok());
    state.agents.extend(agent.map(str::to_owned));
    match state.answer {
        Some(code) => Err(Status::new(code, "as the test wants it")),
        None => Ok(request),
    }
}

fn config(authority: &Authority, tls: Tls) -> ServerTlsConfig {
    let (certificate, key) = if tls == Tls::Expired { authority.expired() } else { authority.server() };
    let read = |path| fs::read(path).expect("it can be read");
    let config = ServerTlsConfig::new().identity(Identity::from_pem(read(certificate), read(key)));
    match tls {
        Tls::Mutual => config.client_ca_root(Certificate::from_pem(read(authority.certificate()))),
        _ => config,
    }
}
