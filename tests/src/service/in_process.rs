//! A server in a thread of the test's own process, which can be ended in every way that a process can.

use std::{
    fmt,
    future::Future,
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener as Listener},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use connection_registry::{BoxError, testing::conformance::Server};
use tokio::{
    net::TcpListener,
    runtime::Builder,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::spawn_blocking,
};

/// A server that is code of the test, on a random port of the loopback interface.
pub struct InProcess {
    address: SocketAddr,
    serve: Arc<Serve>,
    run: Mutex<Option<Run>>,
}

type Serve = dyn Fn(TcpListener) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync;

/// From a start to its end. The thread ends when it gets no more orders.
struct Run {
    orders: UnboundedSender<Freeze>,
    /// There while it is frozen.
    thaw: Option<mpsc::Sender<()>>,
    thread: JoinHandle<()>,
}

/// Blocks the one thread of a server, and all that runs there.
struct Freeze {
    begun: mpsc::Sender<()>,
    /// Until its other end is dropped.
    end: mpsc::Receiver<()>,
}

impl InProcess {
    /// Runs `serve`, now and after each start, in a thread with a runtime of its own.
    ///
    /// # Panics
    ///
    /// When no port is free.
    pub fn launch<F>(serve: impl Fn(TcpListener) -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the loopback interface has free ports");
        let address = listener.local_addr().expect("a listener has an address");
        let serve: Arc<Serve> = Arc::new(move |listener| Box::pin(serve(listener)));
        let run = Mutex::new(Some(Run::begin(listener, &serve)));
        Arc::new(Self { address, serve, run })
    }

    fn bind_again(&self) -> io::Result<Listener> {
        let end = Instant::now() + PATIENCE;
        loop {
            match Listener::bind(self.address) {
                // Somebody else may have it for a moment.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && Instant::now() < end => thread::sleep(PAUSE),
                bound => return bound,
            }
        }
    }

    fn run(&self) -> MutexGuard<'_, Option<Run>> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server for InProcess {
    fn address(&self) -> SocketAddr {
        self.address
    }

    async fn kill(&self) -> Result<(), BoxError> {
        let run = self.run().take().ok_or(NOT_RUNNING)?;
        Ok(spawn_blocking(|| run.end()).await?)
    }

    async fn start(&self) -> Result<(), BoxError> {
        let mut run = self.run();
        if run.is_some() {
            return Err("the server runs already".into());
        }
        *run = Some(Run::begin(self.bind_again()?, &self.serve));
        Ok(())
    }

    async fn freeze(&self) -> Result<(), BoxError> {
        self.run().as_mut().ok_or(NOT_RUNNING)?.freeze()
    }

    async fn thaw(&self) -> Result<(), BoxError> {
        self.run().as_mut().ok_or(NOT_RUNNING)?.thaw = None;
        Ok(())
    }
}

impl Run {
    fn begin(listener: Listener, serve: &Arc<Serve>) -> Self {
        let (orders, received) = unbounded_channel();
        let serve = Arc::clone(serve);
        Self { orders, thaw: None, thread: thread::spawn(move || work(listener, &*serve, received)) }
    }

    fn freeze(&mut self) -> Result<(), BoxError> {
        let (begun, has_begun) = mpsc::channel();
        let (thaw, end) = mpsc::channel();
        self.orders.send(Freeze { begun, end }).map_err(|_| NOT_RUNNING)?;
        has_begun.recv()?;
        self.thaw = Some(thaw);
        Ok(())
    }

    fn end(self) {
        let Self { orders, thaw, thread } = self;
        drop((orders, thaw));
        thread.join().expect("a server does not panic");
    }
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").field("address", &self.address).finish_non_exhaustive()
    }
}

/// One thread, so that all of the server stands still when it does. Its sockets are closed with the runtime.
fn work(listener: Listener, serve: &Serve, mut orders: UnboundedReceiver<Freeze>) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("there is a runtime");
    runtime.block_on(async {
        listener.set_nonblocking(true).expect("a listener can be told so");
        let listener = TcpListener::from_std(listener).expect("it does not block");
        tokio::spawn(serve(listener));
        while let Some(Freeze { begun, end }) = orders.recv().await {
            // Nobody may wait for it any more.
            let _ = begun.send(());
            let _ = end.recv();
        }
    });
}

const NOT_RUNNING: &str = "the server does not run";

const PATIENCE: Duration = Duration::from_secs(10);

const PAUSE: Duration = Duration::from_millis(5);
