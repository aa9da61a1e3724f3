//! A socket of this machine that leads to a server.

use std::{net::SocketAddr, path::PathBuf};

use tempfile::TempDir;
use tokio::{
    io::copy_bidirectional,
    net::{TcpStream, UnixListener},
};

/// A path in a folder of its own, which is gone when this is dropped.
pub(crate) struct Socket {
    folder: TempDir,
}

impl Socket {
    pub(crate) fn to(server: SocketAddr) -> Self {
        let socket = Self { folder: tempfile::tempdir().expect("there is a folder for temporary files") };
        let listener = UnixListener::bind(socket.path()).expect("the folder is empty");
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut server = TcpStream::connect(server).await.expect("the server runs");
                tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
            }
        });
        socket
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("socket")
    }
}
