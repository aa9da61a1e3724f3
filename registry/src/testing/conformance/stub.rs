//! Servers that are none: a port that nobody listens at, and peers that do not speak the protocol.

use std::{
    io::{self, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, Weak},
    thread,
    time::Duration,
};

/// Where the peers are.
pub(super) const HOST: &str = "127.0.0.1";

/// What a peer does with whoever connects.
#[derive(Clone, Copy)]
pub(super) enum Manner {
    /// Accepts and never answers.
    Silent,
    /// Accepts and hangs up.
    HangsUp,
    /// Accepts, says what nobody understands, and waits.
    Garbled,
}

/// A peer in a thread of its own, so that it is there also for a type that blocks the runtime. It ends soon after it is
/// dropped.
pub(super) struct Peer {
    port: u16,
    _alive: Arc<()>,
}

impl Peer {
    pub(super) fn start(manner: Manner) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        // So that the thread sees when it is to end.
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let alive = Arc::new(());
        let watched = Arc::downgrade(&alive);
        thread::Builder::new().name("conformance peer".to_owned()).spawn(move || serve(&listener, manner, &watched))?;
        Ok(Self { port, _alive: alive })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }
}

/// A port that nobody listens at: one that was free a moment ago.
pub(super) fn closed_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn serve(listener: &TcpListener, manner: Manner, alive: &Weak<()>) {
    let mut open = Vec::new();
    while alive.strong_count() > 0 {
        match listener.accept() {
            Ok((client, _)) => open.extend(treat(client, manner)),
            Err(_) => thread::sleep(PAUSE),
        }
    }
}

/// Gives the connection when it is to stay open.
fn treat(mut client: TcpStream, manner: Manner) -> Option<TcpStream> {
    match manner {
        Manner::Silent => {}
        Manner::HangsUp => return None,
        // One that has gone already has nothing to hear.
        Manner::Garbled => drop(client.write_all(&garbage())),
    }
    Some(client)
}

/// No text, no small length in front, and a line that ends, for whoever waits for one.
fn garbage() -> Vec<u8> {
    (0x80..=0xff).chain(*b"\r\n\r\n").collect()
}

const PAUSE: Duration = Duration::from_millis(2);
