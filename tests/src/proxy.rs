//! A TCP proxy in the test's own process that breaks connections in every way a network knows, switchable while they are
//! open.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpSocket, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    task::AbortHandle,
    time::sleep,
};

/// Stands between a client and a server. It ends, with all its connections, when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    order: watch::Sender<Order>,
    applied: watch::Receiver<u64>,
    task: AbortHandle,
}

/// What a proxy does, with the connections that are open as with those that come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Passes everything on.
    Pass,
    /// Nobody listens; what is open is reset. As when the server's process was killed.
    Refuse,
    /// Accepts and then neither reads nor writes.
    Hang,
    /// Accepts, reads and swallows everything.
    Blackhole,
    /// Accepts and resets.
    Reset,
    /// Accepts and says that nothing more will come.
    Fin,
    /// Passes on what the server says after a while.
    Delay(Duration),
    /// Ends a connection once so many bytes of the server were passed on.
    CutAfter(usize),
    /// Passes on as many bytes as the server says, but others.
    Garbage,
    /// Passes on what the server says byte by byte, one each 20 ms.
    Slow,
}

/// A mode, with the number of the order.
#[derive(Clone, Copy, Debug)]
struct Order {
    number: u64,
    mode: Mode,
    /// The last order that ends connections: it holds also for one that looks only after the next order.
    end: Option<(u64, Mode)>,
}

impl Proxy {
    /// A proxy to `server` that passes everything on.
    ///
    /// # Panics
    ///
    /// When there is no port to be had.
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a port");
        let address = listener.local_addr().expect("it is bound");
        let (order, orders) = watch::channel(Order { number: 0, mode: Mode::Pass, end: None });
        let (done, applied) = watch::channel(0);
        let task = tokio::spawn(listen(listener, server, orders, done)).abort_handle();
        Self { address, order, applied, task }
    }

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on it does this.
    ///
    /// # Panics
    ///
    /// When its task has ended.
    pub async fn set(&self, mode: Mode) {
        let Order { number, end, .. } = *self.order.borrow();
        let number = number + 1;
        let end = if mode.ends() { Some((number, mode)) } else { end };
        self.order.send_replace(Order { number, mode, end });
        let mut applied = self.applied.clone();
        applied.wait_for(|done| *done >= number).await.expect("the proxy runs");
    }
}

impl Mode {
    /// Whether connections that are open end.
    fn ends(self) -> bool {
        matches!(self, Self::Refuse | Self::Reset | Self::Fin)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(
    listener: TcpListener,
    server: SocketAddr,
    mut orders: watch::Receiver<Order>,
    done: watch::Sender<u64>,
) {
    let address = listener.local_addr().expect("it is bound");
    let mut door = Door::Open(listener);
    loop {
        let Order { number, mode, .. } = *orders.borrow_and_update();
        door = door.turned(address, mode != Mode::Refuse);
        done.send_replace(number);
        tokio::select! {
            changed = orders.changed() => if changed.is_err() { return },
            client = door.accept() => drop(tokio::spawn(serve(client, server, number, orders.clone()))),
        }
    }
}

/// Whether somebody listens at the port. It is kept in any case, so that nobody else gets it meanwhile.
enum Door {
    Open(TcpListener),
    Closed(TcpSocket),
}

impl Door {
    fn turned(self, address: SocketAddr, open: bool) -> Self {
        match self {
            Self::Open(listener) if !open => {
                drop(listener);
                let socket = TcpSocket::new_v4().expect("there is a socket");
                socket.set_reuseaddr(true).expect("it can be set");
                socket.bind(address).expect("the port was ours");
                Self::Closed(socket)
            }
            Self::Closed(socket) if open => Self::Open(socket.listen(1024).expect("the port is ours")),
            same => same,
        }
    }

    async fn accept(&self) -> TcpStream {
        loop {
            match self {
                Self::Open(listener) => match listener.accept().await {
                    Ok((client, _)) => return client,
                    // No descriptors, or the client has gone already.
                    Err(_) => sleep(PAUSE).await,
                },
                Self::Closed(_) => std::future::pending().await,
            }
        }
    }
}

/// A connection that was accepted under the order `born`.
async fn serve(mut client: TcpStream, server: SocketAddr, born: u64, orders: watch::Receiver<Order>) {
    let end = tokio::select! {
        // Nothing is passed on once it is to end.
        biased;
        end = ordered_to_end(born, orders.clone()) => end,
        () = pass_on(&mut client, server, orders) => Mode::Fin,
    };
    if end == Mode::Fin {
        // With bytes unread a close would be a reset.
        let _ = client.shutdown().await;
        let mut rest = [0; 1024];
        while matches!(client.read(&mut rest).await, Ok(read) if read > 0) {}
    } else {
        let _ = client.set_zero_linger();
    }
}

/// Until open connections are to end, and how. A proxy that is gone has the effect of a process that was killed.
async fn ordered_to_end(born: u64, mut orders: watch::Receiver<Order>) -> Mode {
    let is_end = |order: &Order| order.end.is_some_and(|(number, _)| number >= born);
    let ordered = orders.wait_for(is_end).await;
    ordered.ok().and_then(|order| order.end).map_or(Mode::Reset, |(_, mode)| mode)
}

/// Until one of the two has nothing more to say, or the connection is cut.
async fn pass_on(client: &mut TcpStream, server: SocketAddr, orders: watch::Receiver<Order>) {
    if orders.borrow().mode == Mode::Hang {
        still(orders.clone()).await;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    let (client_reads, client_writes) = client.split();
    let (server_reads, server_writes) = server.split();
    tokio::select! {
        () = upwards(client_reads, server_writes, &orders) => {}
        () = downwards(server_reads, client_writes, &orders) => {}
    }
}

/// As long as nothing is to be read.
async fn still(mut orders: watch::Receiver<Order>) {
    let _ = orders.wait_for(|order| order.mode != Mode::Hang).await;
}

async fn upwards(mut client: ReadHalf<'_>, mut server: WriteHalf<'_>, orders: &watch::Receiver<Order>) {
    let mut bytes = [0; 1024];
    loop {
        still(orders.clone()).await;
        let Ok(read @ 1..) = client.read(&mut bytes).await else { return };
        let is_swallowed = matches!(orders.borrow().mode, Mode::Hang | Mode::Blackhole);
        if !is_swallowed && server.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

async fn downwards(mut server: ReadHalf<'_>, mut client: WriteHalf<'_>, orders: &watch::Receiver<Order>) {
    let (mut bytes, mut passed) = ([0; 1024], 0);
    while let Ok(read @ 1..) = server.read(&mut bytes).await {
        let bytes = &mut bytes[..read];
        let mode = orders.borrow().mode;
        let sent = match mode {
            Mode::Hang | Mode::Blackhole => Ok(()),
            Mode::Slow => byte_by_byte(&mut client, bytes).await,
            Mode::CutAfter(limit) => {
                let sent = client.write_all(&bytes[..read.min(limit - passed)]).await;
                passed = limit.min(passed + read);
                if passed == limit {
                    return;
                }
                sent
            }
            _ => {
                if let Mode::Delay(time) = mode {
                    sleep(time).await;
                }
                if mode == Mode::Garbage {
                    bytes.iter_mut().for_each(|byte| *byte = !*byte | 0x80);
                    bytes[read - 1] = b'\n';
                }
                client.write_all(bytes).await
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

async fn byte_by_byte(client: &mut WriteHalf<'_>, bytes: &[u8]) -> std::io::Result<()> {
    for byte in bytes {
        client.write_all(&[*byte]).await?;
        sleep(PAUSE).await;
    }
    Ok(())
}

const PAUSE: Duration = Duration::from_millis(20);
