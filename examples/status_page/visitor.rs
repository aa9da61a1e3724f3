//! Somebody who asks for each route of the page, so that the example shows something.

use std::net::SocketAddr;

use connection_registry::BoxError;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

pub(crate) async fn visit(address: SocketAddr) -> Result<(), BoxError> {
    for path in ["/internal", "/internal/healthz", "/internal/readyz", "/internal/connections", "/internal/metrics"] {
        let (status, body) = ask(address, path).await?;
        println!("GET {path:22} {status}  {}", beginning(&body));
    }
    Ok(())
}

async fn ask(address: SocketAddr, path: &str) -> Result<(String, String), BoxError> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("the answer has no end of its head")?;
    let status = head.lines().next().and_then(|line| line.split_once(' ')).map_or("", |(_, status)| status);
    Ok((status.to_owned(), body.to_owned()))
}

/// The first line, and how much more there is.
fn beginning(body: &str) -> String {
    let line: String = body.lines().next().unwrap_or_default().chars().take(80).collect();
    format!("{line} … ({} bytes)", body.len())
}
