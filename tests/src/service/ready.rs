//! How to know that a server serves.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    time::Duration,
};

/// What a server does when it is ready.
#[derive(Clone, Debug)]
pub enum Ready {
    /// It accepts connections.
    Port,
    /// It answers, or speaks first.
    Says {
        /// What a client says; may be empty.
        hello: &'static [u8],
        /// Whether the first bytes of the server are those of one that serves.
        is_good: fn(&[u8]) -> bool,
    },
}

impl Ready {
    /// One look; takes two seconds at most.
    pub(super) fn is_reached(&self, port: u16) -> bool {
        match self {
            Self::Port => dial(port).is_some(),
            Self::Says { hello, is_good } => answer(port, hello).is_some_and(|answer| is_good(&answer)),
        }
    }
}

/// Whether nobody listens on a port.
pub(super) fn is_closed(port: u16) -> bool {
    dial(port).is_none()
}

/// The first bytes that a server says.
fn answer(port: u16, hello: &[u8]) -> Option<Vec<u8>> {
    let mut stream = dial(port)?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(hello).ok()?;
    let mut buffer = [0; 1024];
    let length = stream.read(&mut buffer).ok()?;
    (length > 0).then(|| buffer[..length].to_vec())
}

fn dial(port: u16) -> Option<TcpStream> {
    let address = (Ipv4Addr::LOCALHOST, port).into();
    let stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    // Where nobody listens, a connection from a random port can meet itself.
    (stream.local_addr().ok()? != address).then_some(stream)
}

const PATIENCE: Duration = Duration::from_secs(1);
