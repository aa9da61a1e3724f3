//! An HTTP server of the test: what it requires depends on the path, and it remembers what it was asked.

use std::{
    convert::Infallible,
    future::pending,
    io,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderMap, Response, StatusCode, Uri, header},
    serve,
    serve::Listener,
};
use connection_registry::testing::conformance::Server;
use connection_registry_tests::service::{Authority, InProcess, Tls};
use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    },
    server::TlsStream,
};

/// Special in a URL, in base64 and in a header.
pub(crate) const PASSWORD: &str = "c4nary/P@ss?#%";

/// The same in a URL.
pub(super) const ENCODED: &str = "c4nary%2FP%40ss%3F%23%25";

/// `app` with it, as a header has it.
pub(super) const BASIC: &str = "Basic YXBwOmM0bmFyeS9QQHNzPyMl";

/// The server and what it was asked.
pub(crate) struct Site {
    pub(super) server: Arc<InProcess>,
    requests: Arc<Mutex<Vec<Seen>>>,
    certificates: Option<(TempDir, Authority)>,
}

/// What the server saw of a request.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
}

impl Site {
    pub(crate) fn launch() -> Self {
        Self::new(Tls::Off)
    }

    pub(crate) fn new(tls: Tls) -> Self {
        let requests = Arc::<Mutex<Vec<Seen>>>::default();
        let router = router(&requests);
        let certificates = (tls != Tls::Off).then(certificates);
        let acceptor = certificates.as_ref().map(|(_, authority)| TlsAcceptor::from(Arc::new(config(authority, tls))));
        let server = InProcess::launch(move |listener| {
            let (router, acceptor) = (router.clone(), acceptor.clone());
            async move {
                match acceptor {
                    Some(acceptor) => serve(Encrypted::listen(listener, acceptor), router).await,
                    None => serve(listener, router).await,
                }
                .expect("it goes on for ever");
            }
        });
        Self { server, requests, certificates }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    pub(super) fn authority(&self) -> &Authority {
        &self.certificates.as_ref().expect("a server with TLS has certificates").1
    }

    /// All that it was asked for this path.
    pub(super) fn asked(&self, path: &str) -> Vec<Seen> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.iter().filter(|seen| seen.uri.path() == path).cloned().collect()
    }
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("it is text"))
    }
}

/// Certificates in a folder of their own.
pub(crate) fn certificates() -> (TempDir, Authority) {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let authority = Authority::new(folder.path().join("tls"));
    (folder, authority)
}

/// Another address at which that server answers, one that its certificate does not have.
pub(crate) async fn alias(server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.1.1.1:0").await.expect("the loopback interface is large");
    let address = listener.local_addr().expect("a listener has an address");
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = TcpStream::connect(server).await.expect("the server runs");
            tokio::spawn(async move { copy_bidirectional(&mut near, &mut far).await });
        }
    });
    address
}

fn router(requests: &Arc<Mutex<Vec<Seen>>>) -> Router {
    let requests = Arc::clone(requests);
    Router::new().fallback(move |request: Request| {
        let seen = Seen { uri: request.uri().clone(), headers: request.headers().clone() };
        requests.lock().unwrap_or_else(PoisonError::into_inner).push(seen.clone());
        async move { Ok::<_, Infallible>(answer(&seen).await) }
    })
}

async fn answer(seen: &Seen) -> Response<Body> {
    let is = |name: &str, expected: &str| seen.header(name) == Some(expected);
    let or = |is_allowed: bool, status: StatusCode| if is_allowed { StatusCode::OK } else { status };
    let status = match seen.uri.path() {
        "/v1/bearer" => or(is("authorization", &format!("Bearer {PASSWORD}")), StatusCode::UNAUTHORIZED),
        "/v1/basic" => or(is("authorization", BASIC), StatusCode::UNAUTHORIZED),
        "/v1/key" => or(is("x-key", PASSWORD), StatusCode::FORBIDDEN),
        "/v1/down" => StatusCode::SERVICE_UNAVAILABLE,
        "/v1/never" => pending().await,
        "/v1/elsewhere" => StatusCode::FOUND,
        "/missing" => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    };
    let mut answer = Response::new(Body::from("what was asked for"));
    *answer.status_mut() = status;
    if let Some(place) = seen.uri.query().filter(|_| status == StatusCode::FOUND) {
        answer.headers_mut().insert(header::LOCATION, place.parse().expect("it is a URL"));
    }
    answer
}

fn config(authority: &Authority, tls: Tls) -> ServerConfig {
    let (certificate, key) = if tls == Tls::Expired { authority.expired() } else { authority.server() };
    let key = PrivateKeyDer::from_pem_file(key).expect("it has a key");
    let builder = ServerConfig::builder();
    let builder = match tls {
        Tls::Mutual => builder.with_client_cert_verifier(verifier(&authority.certificate())),
        _ => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(read(&certificate), key).expect("they fit");
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

fn verifier(authority: &Path) -> Arc<dyn ClientCertVerifier> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(read(authority));
    WebPkiClientVerifier::builder(Arc::new(roots)).build().expect("there is an authority")
}

fn read(path: &Path) -> Vec<CertificateDer<'static>> {
    let found = CertificateDer::pem_file_iter(path).expect("it can be read");
    found.collect::<Result<_, _>>().expect("it has certificates")
}

/// Connections after their handshake.
struct Encrypted {
    streams: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl Encrypted {
    fn listen(listener: TcpListener, acceptor: TlsAcceptor) -> Self {
        let address = listener.local_addr().expect("a listener has an address");
        let (sender, streams) = mpsc::channel(16);
        tokio::spawn(async move {
            while let Ok((stream, from)) = listener.accept().await {
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                // One that does not shake hands keeps nobody waiting.
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let _ = sender.send((stream, from)).await;
                    }
                });
            }
        });
        Self { streams, address }
    }
}

impl Listener for Encrypted {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        match self.streams.recv().await {
            Some(accepted) => accepted,
            None => pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
