//! A server that can be reached through an SSH server only, as behind a bastion host.
//!
//! ```sh
//! cargo run --example tunnel
//! ```
//!
//! Both servers are parts of this program. With `BASTION_HOST` it goes to real ones: set the variables of `tunnel.toml`;
//! the server behind must speak first, as one for mail or SSH does.
#![allow(clippy::print_stdout)]

use std::{env, sync::Arc, time::Duration};

use connection_registry::{
    BoxError, Conn, ConnectContext, Connection, ConnectionManager, ConnectionRef, connection_type, connectors::Tunnel,
};
use russh::{
    Channel,
    keys::{Algorithm, PrivateKey, key::safe_rng},
    server::{self, Auth, ChannelOpenHandle, Msg, Session},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

const CONFIGURATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tunnel.toml");

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let builder = ConnectionManager::builder().file(CONFIGURATION);
    let connections = match env::var_os("BASTION_HOST") {
        Some(_) => builder.build()?,
        None => builder.environment(start_servers().await?).build()?,
    };

    // Connects the bastion first. Nothing here knows of it.
    let greeter = connections.get::<Greeting>("greeter").await?;
    println!("the server behind the tunnel says: {}", greeter.0);

    // Whatever speaks TCP can take an address of its own.
    let bastion: Conn<Tunnel> = connections.get("bastion").await?;
    let local = bastion.forward("localhost", 5432).await?;
    println!("on this machine, {local} would lead to the bastion's own port 5432");
    drop((greeter, bastion));

    // What goes through a tunnel closes before it.
    let report = connections.shutdown(Duration::from_secs(10)).await;
    println!("closed: {}", report.closed().join(", "));
    Ok(())
}

/// A server that greets whoever connects.
#[connection_type("greeter")]
#[derive(Debug)]
struct Greeter {
    /// The name or address of the server, as the other end of the tunnel knows it.
    host: String,
    /// The server's port.
    port: u16,
    /// The connection of type `ssh-tunnel` that leads there.
    tunnel: ConnectionRef<Tunnel>,
}

/// What it said.
struct Greeting(String);

impl Connection for Greeter {
    type Client = Greeting;

    async fn connect(&self, cx: &ConnectContext) -> Result<Greeting, BoxError> {
        let tunnel = cx.get(&self.tunnel).await?;
        let local = tunnel.forward(&self.host, self.port).await?;
        let mut greeting = String::new();
        BufReader::new(TcpStream::connect(local).await?).read_line(&mut greeting).await?;
        Ok(Greeting(greeting.trim_end().to_owned()))
    }
}

/// Starts both servers. Gives the variables that lead to them.
async fn start_servers() -> Result<Vec<(&'static str, String)>, BoxError> {
    let greeter = TcpListener::bind("127.0.0.1:0").await?;
    let bastion = TcpListener::bind("127.0.0.1:0").await?;
    let host_key = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519)?;
    let variables = vec![
        ("BASTION_HOST", "127.0.0.1".to_owned()),
        ("BASTION_PORT", bastion.local_addr()?.port().to_string()),
        ("BASTION_USER", "deploy".to_owned()),
        ("BASTION_PASSWORD", PASSWORD.to_owned()),
        ("BASTION_HOST_KEY", host_key.public_key().to_openssh()?),
        ("GREETER_HOST", "127.0.0.1".to_owned()),
        ("GREETER_PORT", greeter.local_addr()?.port().to_string()),
    ];
    tokio::spawn(greet(greeter));
    tokio::spawn(serve_ssh(bastion, host_key));
    Ok(variables)
}

/// Says hello to everybody.
async fn greet(listener: TcpListener) -> Result<(), std::io::Error> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.write_all(b"hello from behind the bastion\n").await?;
    }
}

/// A server of SSH that leads on to everywhere, for who knows the password.
async fn serve_ssh(listener: TcpListener, host_key: PrivateKey) -> Result<(), std::io::Error> {
    let config = Arc::new(server::Config { keys: vec![host_key], ..server::Config::default() });
    loop {
        let (stream, _) = listener.accept().await?;
        let config = Arc::clone(&config);
        tokio::spawn(async move { server::run_stream(config, stream, Bastion).await?.await });
    }
}

struct Bastion;

impl server::Handler for Bastion {
    type Error = russh::Error;

    async fn auth_password(&mut self, _user: &str, password: &str) -> Result<Auth, russh::Error> {
        Ok(if password == PASSWORD { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _from: &str,
        _from_port: u32,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), russh::Error> {
        let port = u16::try_from(port).unwrap_or_default();
        // Who drops the reply has refused.
        let Ok(mut server) = TcpStream::connect((host, port)).await else { return Ok(()) };
        reply.accept().await;
        tokio::spawn(async move { copy_bidirectional(&mut server, &mut channel.into_stream()).await });
        Ok(())
    }
}

/// It ends with the program.
const PASSWORD: &str = "for this example only";
