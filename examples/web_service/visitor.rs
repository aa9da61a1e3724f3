//! Somebody who asks the service a few questions, so that the example shows something.

use std::net::SocketAddr;

use connection_registry::BoxError;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Writes two notes, reads them twice, and asks how the service is.
pub(crate) async fn visit(address: SocketAddr) -> Result<(), BoxError> {
    for text in ["buy bread", "water the plants"] {
        ask(address, "POST", "/notes", text).await?;
    }
    for path in ["/notes", "/notes", "/readyz", "/connections"] {
        ask(address, "GET", path, "").await?;
    }
    Ok(())
}

async fn ask(address: SocketAddr, method: &str, path: &str, body: &str) -> Result<(), BoxError> {
    let mut stream = TcpStream::connect(address).await?;
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: text/plain\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("the answer has no end of its head")?;
    let status = head.lines().next().and_then(|line| line.split_once(' ')).map_or("", |(_, status)| status);
    println!("{method:4} {path:12} {status}  {}", body.trim_end());
    Ok(())
}
