//! [`Entrance`]: what whoever connects to a local end of a tunnel must say before the way is open.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::timeout,
};

/// How a local end of a tunnel is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Entrance {
    /// All bytes are for the server.
    Direct,
    /// First the protocol SOCKS 5 (RFC 1928), as far as it is of use here: nobody logs in, the one command is `CONNECT`, and the
    /// one server is that of the local end. So it is no more open than a direct one, and a redirect leads nobody elsewhere.
    Socks,
}

impl Entrance {
    /// Whether the stream wants to `port` of `host`. One that wants elsewhere is told that it may not.
    ///
    /// # Errors
    ///
    /// When it ends, dawdles, or speaks another protocol.
    pub(super) async fn admits<S>(self, stream: &mut S, host: &str, port: u16) -> io::Result<bool>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match self {
            Self::Direct => Ok(true),
            Self::Socks => timeout(PATIENCE, admits(stream, host, port)).await?,
        }
    }

    /// Tells the stream that the way is open.
    pub(super) async fn open(self, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        self.reply(stream, SUCCEEDED).await
    }

    /// Tells the stream that the way is not open.
    pub(super) async fn refuse(self, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        self.reply(stream, UNREACHABLE).await
    }

    async fn reply(self, stream: &mut (impl AsyncWrite + Unpin), reply: u8) -> io::Result<()> {
        match self {
            Self::Direct => Ok(()),
            Self::Socks => stream.write_all(&[VERSION, reply, 0, IPV4, 0, 0, 0, 0, 0, 0]).await,
        }
    }
}

async fn admits<S>(stream: &mut S, host: &str, port: u16) -> io::Result<bool>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    greet(stream).await?;
    let is_connect = read_command(stream).await? == CONNECT;
    let asked = read_target(stream).await?;
    let why = match is_connect {
        false => UNKNOWN_COMMAND,
        true if asked.1 == port && is_same_host(&asked.0, host) => return Ok(true),
        true => FORBIDDEN,
    };
    Entrance::Socks.reply(stream, why).await?;
    Ok(false)
}

/// Agrees with the stream that it need not log in.
async fn greet<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    is_spoken(stream.read_u8().await?)?;
    let mut ways = vec![0; stream.read_u8().await?.into()];
    stream.read_exact(&mut ways).await?;
    let way = if ways.contains(&NO_LOGIN) { NO_LOGIN } else { NO_WAY };
    stream.write_all(&[VERSION, way]).await?;
    if way == NO_LOGIN { Ok(()) } else { Err(io::ErrorKind::PermissionDenied.into()) }
}

async fn read_command(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<u8> {
    let [version, command, _reserved] = read(stream).await?;
    is_spoken(version)?;
    Ok(command)
}

async fn read_target(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(String, u16)> {
    let host = match stream.read_u8().await? {
        IPV4 => Ipv4Addr::from(read::<4>(stream).await?).to_string(),
        IPV6 => Ipv6Addr::from(read::<16>(stream).await?).to_string(),
        NAME => {
            let mut name = vec![0; stream.read_u8().await?.into()];
            stream.read_exact(&mut name).await?;
            String::from_utf8(name).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?
        }
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    Ok((host, stream.read_u16().await?))
}

async fn read<const N: usize>(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

fn is_spoken(version: u8) -> io::Result<()> {
    if version == VERSION { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// An address can be written in several ways.
fn is_same_host(one: &str, other: &str) -> bool {
    match (one.parse::<IpAddr>(), other.parse::<IpAddr>()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one.eq_ignore_ascii_case(other),
    }
}

/// How long the stream may take to say where it wants to: it is of this machine.
const PATIENCE: Duration = Duration::from_secs(5);

const VERSION: u8 = 5;

const NO_LOGIN: u8 = 0;
const NO_WAY: u8 = 0xff;

const CONNECT: u8 = 1;

const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

const SUCCEEDED: u8 = 0;
const FORBIDDEN: u8 = 2;
const UNREACHABLE: u8 = 4;
const UNKNOWN_COMMAND: u8 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said to the entrance of `db.internal:80`, whether it admits that (none for an error), and what it answers.
    async fn check(said: &[&[u8]], expected: Option<bool>, answers: &[u8]) {
        let (mut inside, mut outside) = tokio::io::duplex(1024);
        outside.write_all(&said.concat()).await.expect("it is read later");
        outside.shutdown().await.expect("it was open");
        let admitted = Entrance::Socks.admits(&mut inside, "db.internal", 80).await;
        drop(inside);
        let mut answered = Vec::new();
        outside.read_to_end(&mut answered).await.expect("it is open");
        assert_eq!((admitted.ok(), &*answered), (expected, answers), "{said:?}");
    }

    const HELLO: &[u8] = &[5, 2, 2, 0];
    const TO_THE_SERVER: &[u8] = b"\x05\x01\0\x03\x0bDB.internal\0\x50";

    #[tokio::test]
    async fn who_wants_to_the_server_is_let_in() {
        check(&[HELLO, TO_THE_SERVER], Some(true), &[5, 0]).await;
    }

    #[tokio::test]
    async fn who_wants_elsewhere_is_told_that_it_may_not() {
        let forbidden = [5, 0, 5, 2, 0, 1, 0, 0, 0, 0, 0, 0];
        for elsewhere in [
            &b"\x05\x01\0\x03\x0bdb.internal\0\x51"[..],
            b"\x05\x01\0\x03\x05other\0\x50",
            b"\x05\x01\0\x01\x7f\0\0\x01\0\x50",
            b"\x05\x01\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\x50",
        ] {
            check(&[HELLO, elsewhere], Some(false), &forbidden).await;
        }
        let bind = b"\x05\x02\0\x03\x0bdb.internal\0\x50";
        check(&[HELLO, bind], Some(false), &[5, 0, 5, 7, 0, 1, 0, 0, 0, 0, 0, 0]).await;
    }

    #[tokio::test]
    async fn what_is_another_protocol_is_not_let_in() {
        check(&[b"GET / HTTP/1.1\r\n\r\n"], None, &[]).await;
        check(&[&[5, 1, 2]], None, &[5, 0xff]).await;
        check(&[HELLO, &[4, 1, 0, 1]], None, &[5, 0]).await;
        check(&[HELLO, &[5, 1, 0, 9]], None, &[5, 0]).await;
        check(&[HELLO], None, &[5, 0]).await;
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_not_waited_for() {
        let (mut inside, _outside) = tokio::io::duplex(16);
        let error = Entrance::Socks.admits(&mut inside, "h", 1).await.expect_err("nothing was said");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(Entrance::Direct.admits(&mut inside, "h", 1).await.expect("nothing need be said"));
    }

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        assert!(is_same_host("::1", "0:0:0:0:0:0:0:1") && is_same_host("Db", "dB"));
        assert!(!is_same_host("127.0.0.1", "localhost"));
    }
}
