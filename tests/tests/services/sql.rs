//! What the tests of the SQL servers have in common.

#![allow(clippy::unwrap_used)]

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use connection_registry::{BoxError, Conn, ConnectionManager, Error};
use connection_registry_tests::{canary_forms, manager, service::Service};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

/// The canary as it stands in a URL.
pub(crate) fn encoded() -> String {
    canary_forms()[1].clone()
}

/// Where the server is.
pub(crate) fn at(server: &Service, more: &str) -> String {
    format!("host = '{}'\nport = {}\n{more}", server.host(), server.port())
}

/// The client of one connection, which is called `db`.
pub(crate) async fn connected<C: Send + Sync + 'static>(kind: &str, fields: &str) -> (ConnectionManager, Conn<C>) {
    let connections = manager(&format!("[connections.db]\ntype = '{kind}'\n{fields}\n"));
    let client = connections.get::<C>("db").await.unwrap_or_else(|error| panic!("{}", error.render()));
    (connections, client)
}

/// It fails at once and for good, says `why`, and has no secret in it.
pub(crate) async fn permanent<C: Send + Sync + 'static>(kind: &str, fields: &str, why: &str) {
    let connections = manager(&format!("[connections.db]\ntype = '{kind}'\n{fields}\n"));
    let got = timeout(Duration::from_secs(8), connections.get::<C>("db")).await;
    let Err(error) = got.expect("it is not tried again") else { panic!("it connected with {fields}") };
    let text = error.to_string();
    assert!(!error.is_retryable() && error.attempts() == 1, "{text}");
    assert!(text.contains(why), "{text}");
    hides_the_canary(&error);
}

pub(crate) fn hides_the_canary(error: &Error) {
    let text = format!("{error} {error:?} {}", error.render());
    assert!(!canary_forms().iter().any(|form| text.contains(form.as_str())), "{text}");
}

/// Until `what` holds, for as long as it may take.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < end, "not within twenty seconds: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// A way to the server by another address, which its certificate does not name.
pub(crate) struct Detour {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Detour {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.2:0").await.expect("each address of the loopback interface is there");
        let address = listener.local_addr().expect("a listener has an address");
        let task = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut server = TcpStream::connect(server).await?;
                    copy_bidirectional(&mut client, &mut server).await
                });
            }
        });
        Self { address, task }
    }
}

impl Drop for Detour {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A configuration in a file, whose password stands in another one.
pub(crate) struct Rotation {
    folder: tempfile::TempDir,
    pub(crate) connections: ConnectionManager,
}

impl Rotation {
    pub(crate) fn new(kind: &str, fields: &str, password: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("connections.toml");
        let toml = format!("[connections.db]\ntype = '{kind}'\npassword = '${{file:password}}'\n{fields}\n");
        fs::write(&file, toml).unwrap();
        fs::write(folder.path().join("password"), password).unwrap();
        Self { connections: ConnectionManager::from_file(file).unwrap(), folder }
    }

    pub(crate) async fn reload(&self, password: &str) -> String {
        fs::write(self.folder.path().join("password"), password).unwrap();
        let report = self.connections.reload().await.unwrap();
        format!("updated {:?}, rebuilt {:?}, failed {}", report.updated(), report.rebuilt(), report.failed().len())
    }

    pub(crate) fn generation(&self) -> u64 {
        self.connections.status().get("db").unwrap().generation
    }
}

/// Uses of a connection, again and again by several at once.
pub(crate) struct Load {
    workers: Vec<JoinHandle<Result<(), BoxError>>>,
    uses: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
}

impl Load {
    /// Each worker ends at its first failure.
    pub(crate) fn start<C, F>(connections: &ConnectionManager, workers: usize, work: fn(Conn<C>) -> F) -> Self
    where
        C: Send + Sync + 'static,
        F: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let (uses, is_over) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let worker = || {
            let (connections, uses, is_over) = (connections.clone(), Arc::clone(&uses), Arc::clone(&is_over));
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    work(connections.get::<C>("db").await?).await?;
                    uses.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            })
        };
        Self { workers: (0..workers).map(|_| worker()).collect(), uses, is_over }
    }

    /// Goes on for a while; none has failed.
    pub(crate) async fn finish(self) {
        let enough = self.uses.load(Ordering::Relaxed) + 100;
        let has_failed = || self.workers.iter().any(JoinHandle::is_finished);
        until("the load goes on", async || self.uses.load(Ordering::Relaxed) > enough || has_failed()).await;
        self.is_over.store(true, Ordering::Relaxed);
        for worker in self.workers {
            worker.await.unwrap().unwrap_or_else(|error| panic!("a use failed: {error}"));
        }
    }
}

/// The table `tls` with an authority.
pub(crate) fn trusting(ca: &Path, mode: &str) -> String {
    format!("tls = {{ mode = '{mode}', ca = '{}' }}\n", ca.display())
}

/// The same with the certificate of a client.
pub(crate) fn showing(ca: &Path, (certificate, key): &(impl AsRef<Path>, impl AsRef<Path>)) -> String {
    let (certificate, key) = (certificate.as_ref().display(), key.as_ref().display());
    format!("tls = {{ ca = '{}', certificate = '{certificate}', key = '{key}' }}\n", ca.display())
}
