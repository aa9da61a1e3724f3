//! What is asked over HTTP, takes mail, and leads to others.

use std::{fs, sync::Arc, time::Duration};

use axum::{Router, routing::get};
use connection_registry::{
    BoxError,
    connectors::{HttpApi, Tunnel},
    testing::conformance::Server as _,
};
use connection_registry_tests::service::{InProcess, Service, Smtp, Sshd, User};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor, transport::smtp::PoolConfig};
use russh::{
    client::{self, Handle, Handler},
    keys::{PrivateKey, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy},
    net::TcpStream,
};
use tonic::transport::{Channel, Endpoint, Server, server::TcpIncoming};
use tonic_health::{
    pb::{HealthCheckRequest, health_client::HealthClient},
    server::health_reporter,
};

use crate::{
    measure::{Bench, NAME, compare, declared},
    table::{Answered, Measured},
};

/// The bare client has dialled nobody, so that its connect has the same request in it, a `HEAD`. The query is a `GET`.
pub(crate) async fn http(bench: &Bench) -> Measured {
    let router = Router::new().route("/", get(async || "hello"));
    let server = InProcess::launch(move |listener| {
        let router = router.clone();
        async move { axum::serve(listener, router).await.expect("it goes on for ever") }
    });
    let url = format!("http://{}/", server.address());
    let connect = async || -> Result<_, BoxError> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .user_agent("bare")
            .timeout(Duration::from_secs(30))
            .connect_timeout(Duration::from_secs(5))
            .build()?;
        client.head(&url).send().await?.error_for_status()?;
        Ok(client)
    };
    let ours = async |api: &HttpApi| -> Answered {
        api.get("").send().await?.error_for_status()?.bytes().await?;
        Ok(())
    };
    let bare = async |client: &mut reqwest::Client| -> Answered {
        client.get(&url).send().await?.error_for_status()?.bytes().await?;
        Ok(())
    };
    compare(bench, &declared("http", &format!("base_url = '{url}'")), connect, ours, bare).await.map(Some)
}

/// The bare channel dials. The query asks for the server's health.
pub(crate) async fn grpc(bench: &Bench) -> Measured {
    let (_reporter, health) = health_reporter();
    let server = InProcess::launch(move |listener| {
        let router = Server::builder().add_service(health.clone());
        async move { router.serve_with_incoming(TcpIncoming::from(listener)).await.expect("it goes on for ever") }
    });
    let url = format!("http://{}", server.address());
    let connect = async || -> Result<_, BoxError> {
        let endpoint = Endpoint::from_shared(url.clone())?
            .timeout(Duration::from_secs(30))
            .connect_timeout(Duration::from_secs(5))
            .user_agent(NAME)?;
        Ok(endpoint.connect().await?)
    };
    let ask = async |channel: &Channel| -> Answered {
        HealthClient::new(channel.clone()).check(HealthCheckRequest::default()).await?;
        Ok(())
    };
    let toml = declared("grpc", &format!("url = '{url}'"));
    compare(bench, &toml, connect, &ask, async |bare| ask(bare).await).await.map(Some)
}

type Mailer = AsyncSmtpTransport<Tokio1Executor>;

/// The bare mailer has dialled nobody, so that its connect has the same test of a connection in it. The query is a message,
/// for which both dial: that is the default of the type.
pub(crate) async fn smtp(bench: &Bench) -> Measured {
    let Some(server) = Service::launch(Smtp::default()).await else { return Ok(None) };
    let connect = async || -> Result<_, BoxError> {
        let mailer = Mailer::builder_dangerous("127.0.0.1")
            .port(server.port())
            .timeout(Some(Duration::from_secs(10)))
            .pool_config(PoolConfig::new().max_size(0))
            .build();
        if mailer.test_connection().await? { Ok(mailer) } else { Err("the server does not answer".into()) }
    };
    let message = Message::builder()
        .from("app@example.org".parse()?)
        .to("you@example.org".parse()?)
        .subject("greeting")
        .body("hello".to_owned())?;
    let send = async |mailer: &Mailer| -> Answered {
        mailer.send(message.clone()).await?;
        Ok(())
    };
    let toml = declared("smtp", &format!("host = '127.0.0.1'\nport = {}\nencryption = 'none'", server.port()));
    compare(bench, &toml, connect, &send, async |bare| send(bare).await).await.map(Some)
}

/// The bare client dials, knows the server's key, and logs in by its own. The query is a byte through the tunnel and back, on
/// a connection of its own: ours by a local address, the bare one by a channel alone.
pub(crate) async fn ssh_tunnel(bench: &Bench) -> Measured {
    let Some(sshd) = Service::launch(Sshd::default()).await else { return Ok(None) };
    let echo = InProcess::launch(async |listener| {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                copy(&mut from, &mut to).await
            });
        }
    });
    let target = echo.address();
    let toml = declared("ssh-tunnel", &fields(&sshd));
    let ours = async |tunnel: &Tunnel| -> Answered {
        let local = tunnel.forward("127.0.0.1", target.port()).await?;
        there_and_back(TcpStream::connect(local).await?).await
    };
    let bare = async |session: &mut Handle<Known>| -> Answered {
        let channel = session.channel_open_direct_tcpip("127.0.0.1", target.port().into(), "127.0.0.1", 0).await?;
        there_and_back(channel.into_stream()).await
    };
    compare(bench, &toml, async || log_in(&sshd).await, ours, bare).await.map(Some)
}

fn fields(sshd: &Service) -> String {
    format!(
        "host = '127.0.0.1'\nport = {}\nuser = '{}'\nkey = '{}'\nhost_key = '{}'",
        sshd.port(),
        User::current().name,
        Sshd::client_key(sshd).display(),
        Sshd::host_key(sshd)
    )
}

async fn log_in(sshd: &Service) -> Result<Handle<Known>, BoxError> {
    let key = PrivateKey::from_openssh(fs::read(Sshd::client_key(sshd))?)?;
    let known = Known(PublicKey::from_openssh(&Sshd::host_key(sshd))?);
    let config = client::Config { nodelay: true, ..client::Config::default() };
    let mut session = client::connect(Arc::new(config), sshd.address(), known).await?;
    let proof = PrivateKeyWithHashAlg::new(Arc::new(key), None);
    let answer = session.authenticate_publickey(User::current().name, proof).await?;
    if answer.success() { Ok(session) } else { Err("the server does not let it in".into()) }
}

/// The one key that the server may have.
struct Known(PublicKey);

impl Handler for Known {
    type Error = russh::Error;

    async fn check_server_key(&mut self, offered: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        Ok(offered.public_key().key_data() == self.0.key_data())
    }
}

async fn there_and_back(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Result<(), BoxError> {
    stream.write_all(b"?").await?;
    stream.read_exact(&mut [0]).await?;
    Ok(())
}
