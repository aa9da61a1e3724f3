//! The trial of what a shutdown leaves open: the sockets of this process to the server.

use std::{collections::HashSet, net::SocketAddr, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use super::{
    bench::Bench,
    trial::{NotPassed, Note, Trial, Verdict},
};
use crate::Connection;

pub(super) fn trials<C: Connection>() -> Vec<Trial<C>> {
    vec![Trial::new("a shutdown leaves no socket", leaves_none::<C>)]
}

async fn leaves_none<C: Connection>(bench: Arc<Bench<C>>) -> Verdict<Note> {
    let address = bench.server()?.address();
    let before = open_to(address)?;
    let manager = bench.manager()?;
    let client = bench.get(&manager).await?;
    if let Ok(usage) = bench.usage() {
        usage.once(&bench, &manager, bench.timeout).await?;
    }
    let opened = open_to(address)?.difference(&before).count();
    if opened == 0 {
        let why = format!("it is connected without a socket to {address}: is that the address in its fields?");
        return Err(NotPassed::Skipped(why));
    }
    drop(client);
    let report = manager.shutdown(bench.timeout).await;
    bench.search(&[("the report of a shutdown", format!("{report} {report:?}"))]);
    let until = Instant::now() + PATIENCE;
    loop {
        let left = open_to(address)?.difference(&before).count();
        match left {
            0 => return Ok(Note::from(format!("{opened} were open"))),
            _ if Instant::now() >= until => {
                return Err(format!("{left} of {opened} sockets are open {PATIENCE:?} after the shutdown").into());
            }
            _ => sleep(PAUSE).await,
        }
    }
}

/// The sockets of this process to that address.
#[cfg(not(target_os = "linux"))]
fn open_to(_: SocketAddr) -> Verdict<HashSet<u64>> {
    Err(NotPassed::Skipped("only Linux tells which sockets are open".to_owned()))
}

#[cfg(target_os = "linux")]
fn open_to(address: SocketAddr) -> Verdict<HashSet<u64>> {
    let unknown = |error| NotPassed::Skipped(format!("this system does not tell which sockets are open: {error}"));
    linux::open_to(address).map_err(unknown)
}

/// The kernel's own tables.
#[cfg(target_os = "linux")]
mod linux {
    use std::{
        collections::HashSet,
        fs, io,
        net::{IpAddr, Ipv4Addr, SocketAddr},
    };

    /// The inodes of the sockets that a descriptor of this process still holds. One in TIME_WAIT is held by none.
    pub(super) fn open_to(address: SocketAddr) -> io::Result<HashSet<u64>> {
        let mut table = fs::read_to_string("/proc/self/net/tcp")?;
        // A system without IPv6 has no such table.
        table += &fs::read_to_string("/proc/self/net/tcp6").unwrap_or_default();
        let wanted = (address.ip().to_canonical(), address.port());
        let to_it: HashSet<_> = table.lines().filter_map(row).filter(|row| row.0 == wanted).map(|row| row.1).collect();
        Ok(own()?.intersection(&to_it).copied().collect())
    }

    /// The inodes of all sockets of this process.
    fn own() -> io::Result<HashSet<u64>> {
        let descriptors = fs::read_dir("/proc/self/fd")?;
        // One that was closed meanwhile, as that of this look, is none.
        let targets = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        Ok(targets.filter_map(|target| inode(target.to_str()?)).collect())
    }

    fn inode(target: &str) -> Option<u64> {
        target.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    }

    /// Remote address, port and inode of a row; none of the header.
    pub(super) fn row(line: &str) -> Option<((IpAddr, u16), u64)> {
        let cells: Vec<_> = line.split_whitespace().collect();
        let (ip, port) = cells.get(2)?.split_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        Some(((ip_of(ip)?, port), cells.get(9)?.parse().ok()?))
    }

    /// The kernel prints each four bytes as a number of the machine's own byte order.
    fn ip_of(hex: &str) -> Option<IpAddr> {
        let word = |at: usize| u32::from_str_radix(hex.get(at * 8..at * 8 + 8)?, 16).ok().map(u32::to_ne_bytes);
        match hex.len() {
            8 => Some(Ipv4Addr::from(word(0)?).into()),
            32 => {
                let bytes: Vec<u8> = (0..4).filter_map(word).flatten().collect();
                Some(IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical())
            }
            _ => None,
        }
    }
}

/// How long the system may take.
const PATIENCE: Duration = Duration::from_secs(1);

const PAUSE: Duration = Duration::from_millis(10);

#[cfg(all(test, target_os = "linux", target_endian = "little"))]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expected: Option<(&str, u64)>) {
        let found = linux::row(line).map(|((ip, port), inode)| (SocketAddr::new(ip, port).to_string(), inode));
        assert_eq!(found, expected.map(|(address, inode)| (address.to_owned(), inode)), "{line}");
    }

    #[test]
    fn rows_of_the_kernel_are_read() {
        let rest = "01 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 20 4 30 10 -1";
        check(&format!("   0: 0100007F:9C40 0100007F:1538 {rest}"), Some(("127.0.0.1:5432", 4711)));
        let mapped = "0000000000000000FFFF00000100007F";
        check(&format!("   1: {mapped}:9C40 {mapped}:1538 {rest}"), Some(("127.0.0.1:5432", 4711)));
        let home = "00000000000000000000000001000000";
        check(&format!("   2: {home}:9C40 {home}:1538 {rest}"), Some(("[::1]:5432", 4711)));
        check("  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid", None);
        check("", None);
    }

    #[test]
    fn an_open_socket_is_found_until_it_is_closed() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a port");
        let address = listener.local_addr().expect("it is bound");
        let count = || open_to(address).expect("Linux tells").len();
        assert_eq!(count(), 0);
        let socket = std::net::TcpStream::connect(address).expect("somebody listens");
        assert_eq!(count(), 1, "the one whose other end is the server");
        drop(socket);
        assert_eq!(count(), 0);
    }
}
