//! PostgreSQL.

use std::{path::PathBuf, process::Command};

use rustix::process::Signal;

use super::{Plan, Ready, Recipe, Site, Tls};

/// A PostgreSQL server with its database `postgres`.
#[derive(Clone, Debug)]
pub struct Postgres {
    /// The superuser.
    pub user: String,
    /// Its password, asked for by SCRAM-SHA-256; without one everybody is let in.
    pub password: Option<String>,
    /// Whether clients must speak TLS.
    pub tls: Tls,
}

impl Default for Postgres {
    fn default() -> Self {
        Self { user: "postgres".to_owned(), password: None, tls: Tls::Off }
    }
}

impl Recipe for Postgres {
    const NAME: &'static str = "PostgreSQL";
    const PROGRAMS: &'static [&'static str] = &["postgres", "initdb"];
    const PACKAGE: &'static str = "Debian package postgresql";
    /// It refuses to be run by root.
    const USER: Option<&'static str> = Some("postgres");

    fn tls(&self) -> Tls {
        self.tls
    }

    fn prepare(&self, site: &Site) -> Plan {
        let data = self.make_data(site);
        let rules = site.write("pg_hba.conf", &self.rules());
        let mut command = site.command("postgres");
        command.arg("-D").arg(data).args(["-p", &site.port().to_string()]);
        set(&mut command, "listen_addresses", "127.0.0.1");
        set(&mut command, "unix_socket_directories", &site.folder().display().to_string());
        set(&mut command, "hba_file", &rules.display().to_string());
        set(&mut command, "fsync", "off");
        if self.tls != Tls::Off {
            let (certificate, key) = site.server_certificate();
            set(&mut command, "ssl", "on");
            set(&mut command, "ssl_cert_file", &certificate.display().to_string());
            set(&mut command, "ssl_key_file", &key.display().to_string());
            set(&mut command, "ssl_ca_file", &site.authority().certificate().display().to_string());
        }
        Plan::new(command).ready(Ready::Says { hello: HELLO, is_good }).goodbye(Signal::INT)
    }
}

impl Postgres {
    fn make_data(&self, site: &Site) -> PathBuf {
        let (data, password) =
            (site.path("data"), site.write("password", self.password.as_deref().unwrap_or("unused")));
        let mut initdb = site.command("initdb");
        initdb.arg("-D").arg(&data).arg("--pwfile").arg(password).args(["-U", &self.user, "--auth=scram-sha-256"]);
        site.run(initdb.args(["--no-sync", "-E", "UTF8", "--locale=C"]));
        data
    }

    /// Who is let in, and how.
    fn rules(&self) -> String {
        let connection = if self.tls == Tls::Off { "host" } else { "hostssl" };
        let method = if self.password.is_some() { "scram-sha-256" } else { "trust" };
        let certificate = if self.tls == Tls::Mutual { "clientcert=verify-ca" } else { "" };
        format!("{connection} all all 127.0.0.1/32 {method} {certificate}\n")
    }
}

fn set(command: &mut Command, name: &str, value: &str) {
    command.args(["-c", &format!("{name}={value}")]);
}

/// The beginning of a session, of a user `probe`. While the server begins or ends, it refuses with the code 57P03.
const HELLO: &[u8] = b"\0\0\0\x26\0\x03\0\0user\0probe\0database\0postgres\0\0";

fn is_good(answer: &[u8]) -> bool {
    !answer.windows(5).any(|word| word == b"57P03")
}
