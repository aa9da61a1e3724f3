//! A connection type of your own: one attribute, one trait. Its fields are what the configuration may say.
//!
//! ```sh
//! cargo run --example custom_type
//! ```
//!
//! The other side is a real TCP server, which the example starts on a free port of this machine.
#![allow(clippy::print_stdout)]

use std::io;

use connection_registry::{
    BoxError, ConnectContext, ConnectError, Connection, ConnectionManager, Secret, connection_type,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream},
    net::{TcpListener, TcpStream},
    sync::Mutex,
};

const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/custom_type.toml");

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(serve(listener));

    // The type needs no registration: it is linked, so it is known. An application leaves `environment` out and
    // has the variables of its process.
    let connections = ConnectionManager::builder()
        .file(CONFIGURATION)
        .environment([("ECHO_PORT", port.to_string()), ("ECHO_TOKEN", TOKEN.to_owned())])
        .build()?;

    let echo = connections.get::<EchoClient>("echo").await?;
    println!("the server says: {}", echo.ask("SAY hello").await?);
    println!("the server says: {}", echo.ask("SAY good bye").await?);

    connections.disconnect_all().await?;
    Ok(())
}

/// A server that repeats what it is told, to those who know its token.
#[connection_type("echo")]
#[derive(Debug)]
struct Echo {
    /// The server's name or address. Default: "127.0.0.1".
    #[serde(default = "localhost")]
    host: String,
    /// The server's port.
    port: u16,
    /// What the server wants to hear first.
    token: Secret,
}

impl Connection for Echo {
    type Client = EchoClient;

    async fn connect(&self, cx: &ConnectContext) -> Result<EchoClient, BoxError> {
        // A secret is never printed, so this is safe.
        println!("connecting `{}` with {self:?}", cx.name());
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        let client = EchoClient { stream: Mutex::new(Some(BufStream::new(stream))) };
        match client.ask(&format!("LOGIN {}", self.token.expose())).await?.as_str() {
            "welcome" => Ok(client),
            // Asking again would not help: this error is remembered for longer than others.
            _ => Err(ConnectError::permanent("the server refused the token").into()),
        }
    }

    async fn check(&self, client: &EchoClient) -> Result<(), BoxError> {
        client.ask("SAY still there?").await?;
        Ok(())
    }

    async fn disconnect(&self, client: &EchoClient) -> Result<(), BoxError> {
        let Some(mut stream) = client.stream.lock().await.take() else { return Ok(()) };
        stream.shutdown().await?;
        println!("disconnected");
        Ok(())
    }
}

/// What the application gets: asks the server, one question at a time.
struct EchoClient {
    stream: Mutex<Option<BufStream<TcpStream>>>,
}

impl EchoClient {
    async fn ask(&self, question: &str) -> io::Result<String> {
        let mut slot = self.stream.lock().await;
        // Taken out while in use: if the caller goes away half-way, nobody else gets the answer that was meant
        // for it.
        let mut stream = slot.take().ok_or(io::ErrorKind::NotConnected)?;
        stream.write_all(format!("{question}\n").as_bytes()).await?;
        stream.flush().await?;
        let mut answer = String::new();
        if stream.read_line(&mut answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        *slot = Some(stream);
        Ok(answer.trim_end().to_owned())
    }
}

fn localhost() -> String {
    "127.0.0.1".to_owned()
}

// The server, a task of this program.

const TOKEN: &str = "s3cr3t";

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(converse(BufStream::new(stream)));
    }
}

async fn converse(mut stream: BufStream<TcpStream>) -> io::Result<()> {
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let answer = match line.trim_end().split_once(' ') {
            Some(("LOGIN", TOKEN)) => "welcome",
            Some(("SAY", words)) => words,
            _ => "no",
        };
        stream.write_all(format!("{answer}\n").as_bytes()).await?;
        stream.flush().await?;
        line.clear();
    }
    Ok(())
}
