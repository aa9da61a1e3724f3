//! The line to a broker, below the driver's connection: it knows whether it may be dialled again, and can be cut.
//!
//! The driver drives each connection by a thread of its own, which nothing ends before the connection is closed in order or
//! given up. With a broker that answers no more neither comes to pass, so the socket is shut down from here.

use std::{
    io,
    net::{Shutdown, TcpStream},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

use crate::connectors::shared::failure::Reason;

#[derive(Debug)]
pub(super) struct Line {
    state: Mutex<State>,
    /// Wakes who waits before another dial.
    is_cut: Condvar,
    /// Tells the one who waits for the first handshake that there is nothing to wait for.
    is_lost: Notify,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// A second handle of the socket that is in use.
    socket: Option<TcpStream>,
    /// Why the last dial failed.
    failure: Option<Reason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The first handshake is not done.
    New,
    /// It is: whoever loses the line may dial again.
    Established,
    /// Nobody dials any more.
    Cut,
}

impl Line {
    pub(super) fn new() -> Self {
        let state = State { phase: Phase::New, socket: None, failure: None };
        Self { state: Mutex::new(state), is_cut: Condvar::new(), is_lost: Notify::new() }
    }

    /// Takes note of a socket that was opened for the line.
    ///
    /// # Errors
    ///
    /// When the line was cut meanwhile.
    pub(super) fn hold(&self, socket: TcpStream) -> io::Result<()> {
        let mut state = self.lock();
        if state.phase == Phase::Cut {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        state.socket = Some(socket);
        state.failure = None;
        Ok(())
    }

    /// The first handshake is done; false when the line was lost since.
    pub(super) fn establish(&self) -> bool {
        let mut state = self.lock();
        if state.phase == Phase::New {
            state.phase = Phase::Established;
        }
        state.phase == Phase::Established
    }

    /// The socket is gone; whether it is to be dialled again. One that is lost before the first handshake is not.
    pub(super) fn may_dial(&self) -> bool {
        let mut state = self.lock();
        state.socket = None;
        if state.phase == Phase::New {
            state.phase = Phase::Cut;
            self.is_lost.notify_one();
        }
        state.phase == Phase::Established
    }

    /// A dial has failed: blocks the thread for a while, unless the line is cut.
    pub(super) fn pause(&self, failure: Reason) {
        let mut state = self.lock();
        state.failure = Some(failure);
        let is_open = |state: &mut State| state.phase != Phase::Cut;
        drop(self.is_cut.wait_timeout_while(state, PAUSE, is_open));
    }

    /// Why the last dial failed; none when it did not.
    pub(super) fn failure(&self) -> Option<Reason> {
        self.lock().failure
    }

    /// Waits until the line is lost before the first handshake.
    pub(super) async fn lost(&self) {
        self.is_lost.notified().await;
    }

    /// Lets nobody dial again, and leaves the socket to the driver.
    pub(super) fn retire(&self) {
        self.lock().phase = Phase::Cut;
        self.is_cut.notify_all();
    }

    /// Shuts the socket down, so that the driver finds its connection lost, and lets nobody dial again.
    pub(super) fn cut(&self) {
        let mut state = self.lock();
        state.phase = Phase::Cut;
        if let Some(socket) = state.socket.take() {
            // It fails when the other side was quicker, which is as good.
            let _ = socket.shutdown(Shutdown::Both);
        }
        self.is_cut.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Another handle of the same socket.
#[cfg(unix)]
pub(super) fn duplicate(socket: &impl std::os::fd::AsFd) -> io::Result<TcpStream> {
    Ok(socket.as_fd().try_clone_to_owned()?.into())
}

/// Another handle of the same socket.
#[cfg(windows)]
pub(super) fn duplicate(socket: &impl std::os::windows::io::AsSocket) -> io::Result<TcpStream> {
    Ok(socket.as_socket().try_clone_to_owned()?.into())
}

/// Between two dials.
const PAUSE: Duration = Duration::from_millis(500);
