//! OpenSSH's server.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rustix::process::geteuid;

use super::{Plan, Ready, Recipe, Service, Site};

/// An SSH server with a host key of its own, for whoever runs the tests ([`User::current`](super::User::current)). It knows no passwords.
#[derive(Clone, Debug)]
pub struct Sshd {
    /// Lines of `authorized_keys` beside the one of [`Sshd::client_key`].
    pub authorized: Vec<String>,
    /// Whether clients may open connections to others through it.
    pub forwarding: bool,
}

impl Default for Sshd {
    fn default() -> Self {
        Self { authorized: Vec::new(), forwarding: true }
    }
}

impl Sshd {
    /// The private key of a client that the server lets in.
    pub fn client_key(service: &Service) -> PathBuf {
        service.folder().join(CLIENT_KEY)
    }

    /// The public key of the server, a line as `known_hosts` has it behind the host.
    ///
    /// # Panics
    ///
    /// When the service is no [`Sshd`].
    pub fn host_key(service: &Service) -> String {
        let line = fs::read_to_string(service.folder().join(HOST_KEY).with_extension("pub"));
        line.expect("a server of SSH has a key").trim().to_owned()
    }
}

impl Recipe for Sshd {
    const NAME: &'static str = "sshd";
    const PROGRAMS: &'static [&'static str] = &["sshd", "ssh-keygen"];
    const PACKAGE: &'static str = "Debian package openssh-server";

    fn prepare(&self, site: &Site) -> Plan {
        if geteuid().is_root() {
            // It gives its privileges up there, and the package leaves it to the system to make it.
            fs::create_dir_all("/run/sshd").expect("root may make a folder in /run");
        }
        let (host, client) = (make_key(site, HOST_KEY), make_key(site, CLIENT_KEY));
        let public = fs::read_to_string(client.with_extension("pub")).expect("a key has its public part");
        let authorized = site.write("authorized_keys", &format!("{public}{}\n", self.authorized.join("\n")));
        let file = site.write("sshd_config", &self.configuration(site.port(), &host, &authorized));
        let mut command = site.command("sshd");
        command.args(["-D", "-e", "-f"]).arg(file);
        Plan::new(command).ready(Ready::Says { hello: b"", is_good })
    }
}

impl Sshd {
    fn configuration(&self, port: u16, host: &Path, authorized: &Path) -> String {
        format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nAllowTcpForwarding {}\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n\
             Subsystem sftp internal-sftp\nPidFile none\n",
            host.display(),
            authorized.display(),
            if self.forwarding { "yes" } else { "no" },
        )
    }
}

fn make_key(site: &Site, name: &str) -> PathBuf {
    let file = site.path(name);
    site.run(site.command("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&file));
    file
}

fn is_good(greeting: &[u8]) -> bool {
    greeting.starts_with(b"SSH-2.0")
}

const HOST_KEY: &str = "host_key";
const CLIENT_KEY: &str = "client_key";
