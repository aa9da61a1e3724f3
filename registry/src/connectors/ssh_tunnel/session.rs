//! One conversation with the server, from the dial to its end.

use std::{borrow::Cow, io, net::Shutdown, sync::Arc, time::Duration};

use russh::{
    Channel, Disconnect, Error, Preferred,
    client::{self, Handle, Handler, Msg},
    keys::PublicKeyOrCertificate,
};
use tokio::{net::TcpStream, sync::watch, time::timeout};

use super::{
    failure::{Fault, explain},
    host_key::{Judge, Trusted},
    login::Login,
};
use crate::{
    BoxError,
    connectors::shared::{failure::Reason, patience::within},
};

/// Where and how to dial, now and whenever the tunnel was cut. Files are read each time.
#[derive(Debug)]
pub(super) struct Dialer {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) endpoint: String,
    pub(super) user: String,
    pub(super) login: Login,
    pub(super) trust: Trusted,
    pub(super) keep_alive_interval: Duration,
    /// How long dialling again may take.
    pub(super) patience: Duration,
}

impl Dialer {
    /// `host:port` of the server.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Dials once more.
    pub(super) async fn dial_again(&self) -> Result<Session, BoxError> {
        within(self.patience, &self.endpoint, self.dial()).await
    }

    /// Connects, makes sure who the server is, and logs in. Nothing is left when it is dropped.
    pub(super) async fn dial(&self) -> Result<Session, BoxError> {
        let proof = self.login.proof().await?;
        let judge = Judge::new(&self.trust, &self.host, self.port).await?;
        let config = Arc::new(self.config(&judge));
        let (line, stream) =
            self.connect().await.map_err(|error| Reason::of(&error).at(&self.endpoint, Some(error.into())))?;
        let (alive, ended) = watch::channel(());
        let handle = client::connect_stream(config, stream, Guard { judge, _alive: alive }).await;
        let mut handle = handle.map_err(|fault: Fault| fault.at(&self.endpoint))?;
        proof.log_in(&mut handle, &self.user, &self.endpoint).await?;
        Ok(Session { handle, ended, _line: line })
    }

    async fn connect(&self) -> io::Result<(Line, TcpStream)> {
        let stream = TcpStream::connect((&*self.host, self.port)).await?;
        stream.set_nodelay(true)?;
        let stream = stream.into_std()?;
        Ok((Line(stream.try_clone()?), TcpStream::from_std(stream)?))
    }

    fn config(&self, judge: &Judge) -> client::Config {
        client::Config {
            preferred: Preferred { key: Cow::Owned(judge.algorithms()), ..Preferred::DEFAULT },
            keepalive_interval: Some(self.keep_alive_interval),
            keepalive_max: 3,
            // The driver waits, and with it all channels, when one that nobody reads is full.
            channel_buffer_size: CHANNEL_BUFFER,
            nodelay: true,
            ..client::Config::default()
        }
    }
}

/// A conversation under way. It ends when it is dropped.
pub(super) struct Session {
    handle: Handle<Guard>,
    ended: watch::Receiver<()>,
    _line: Line,
}

impl Session {
    pub(super) fn is_over(&self) -> bool {
        self.handle.is_closed()
    }

    /// Waits until it is over.
    pub(super) async fn ended(&self) {
        // Nothing is ever sent: the sender goes with the task of the driver.
        let _ = self.ended.clone().changed().await;
    }

    /// A round trip to the server. Servers refuse this request, and that is the answer.
    pub(super) async fn ping(&self, endpoint: &str) -> Result<(), BoxError> {
        self.handle.send_ping().await.map_err(|error| explain(error, endpoint))?;
        // The driver calls it an answer when the conversation has ended.
        if self.is_over() { Err(explain(Error::Disconnect, endpoint)) } else { Ok(()) }
    }

    /// Has the server connect to another one.
    pub(super) async fn open(&self, host: &str, port: u16) -> Result<Channel<Msg>, Error> {
        self.handle.channel_open_direct_tcpip(host, u32::from(port), "127.0.0.1", 0).await
    }

    /// Says goodbye, and waits for a moment until it is sent.
    pub(super) async fn close(&self) {
        let goodbye = async {
            // It fails when the conversation is over.
            let _ = self.handle.disconnect(Disconnect::ByApplication, "", "en").await;
            self.ended().await;
        };
        let _ = timeout(GOODBYE, goodbye).await;
    }
}

/// The socket below a conversation. Shut down when it is dropped, so that the task of the driver ends then, even in the
/// middle of a handshake.
#[derive(Debug)]
struct Line(std::net::TcpStream);

impl Drop for Line {
    fn drop(&mut self) {
        // It may be closed already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// What the driver asks while the conversation goes on.
#[derive(Debug)]
pub(super) struct Guard {
    judge: Judge,
    _alive: watch::Sender<()>,
}

impl Handler for Guard {
    type Error = Fault;

    async fn check_server_key(&mut self, offered: &PublicKeyOrCertificate) -> Result<bool, Fault> {
        self.judge.judge(&offered.public_key()).map_err(Fault::Distrust)?;
        Ok(true)
    }
}

const GOODBYE: Duration = Duration::from_secs(1);

/// How many packets wait for somebody who does not read, of 32 KiB at most.
const CHANNEL_BUFFER: usize = 2048;
