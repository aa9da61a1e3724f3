//! etcd.

use std::process::Command;

use super::{Plan, Ready, Recipe, Site, Tls};

/// An etcd server.
#[derive(Clone, Debug, Default)]
pub struct Etcd {
    /// A user who may do everything, and its password; without one everybody may.
    pub user: Option<(String, String)>,
    /// Whether clients must speak TLS.
    pub tls: Tls,
}

impl Recipe for Etcd {
    const NAME: &'static str = "etcd";
    const PROGRAMS: &'static [&'static str] = &["etcd", "etcdctl"];
    const PACKAGE: &'static str = "Debian packages etcd-server and etcd-client";
    const PORTS: usize = 2;

    fn tls(&self) -> Tls {
        self.tls
    }

    fn prepare(&self, site: &Site) -> Plan {
        let (clients, peers) = (endpoint(site), format!("http://127.0.0.1:{}", site.other_port(1)));
        let mut command = site.command("etcd");
        command.arg("--data-dir").arg(site.path("data")).args(["--unsafe-no-fsync"]);
        command.args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients]);
        command.args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers]);
        command.args(["--initial-cluster", &format!("default={peers}")]);
        if self.tls != Tls::Off {
            let (certificate, key) = site.server_certificate();
            command.arg("--cert-file").arg(certificate).arg("--key-file").arg(key);
        }
        if self.tls == Tls::Mutual {
            command.arg("--client-cert-auth").arg("--trusted-ca-file").arg(site.authority().certificate());
        }
        let plan = Plan::new(command);
        if self.tls == Tls::Off { plan.ready(Ready::Says { hello: HELLO, is_good }) } else { plan }
    }

    /// Users are data of the server.
    fn settle(&self, site: &Site) {
        let Some((name, password)) = &self.user else { return };
        let login = format!("{name}:{password}");
        let root = if name == "root" { login.clone() } else { format!("root:{password}") };
        site.run(control(site).args(["user", "add", &root]));
        site.run(control(site).args(["user", "grant-role", "root", "root"]));
        if name != "root" {
            site.run(control(site).args(["user", "add", &login]));
            site.run(control(site).args(["user", "grant-role", name, "root"]));
        }
        site.run(control(site).args(["auth", "enable"]));
    }
}

fn endpoint(site: &Site) -> String {
    let scheme = if site.tls() == Tls::Off { "http" } else { "https" };
    format!("{scheme}://127.0.0.1:{}", site.port())
}

fn control(site: &Site) -> Command {
    let mut command = site.command("etcdctl");
    command.env("ETCDCTL_API", "3").args(["--endpoints", &endpoint(site), "--command-timeout", "30s"]);
    if site.tls() != Tls::Off {
        let (certificate, key) = site.authority().client();
        command
            .arg("--cacert")
            .arg(site.authority().certificate())
            .arg("--cert")
            .arg(certificate)
            .arg("--key")
            .arg(key);
    }
    command
}

const HELLO: &[u8] = b"GET /health HTTP/1.0\r\n\r\n";

/// Once it has elected itself.
fn is_good(answer: &[u8]) -> bool {
    answer.windows(6).any(|word| word == b"\"true\"")
}
