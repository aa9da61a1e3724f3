//! MariaDB.

use std::process::Command;

use rustix::process::geteuid;

use super::{Plan, Ready, Recipe, Site, Tls};

/// A MariaDB server.
#[derive(Clone, Debug)]
pub struct MariaDb {
    /// A user who may do everything.
    pub user: String,
    /// Its password; empty for none.
    pub password: String,
    /// An empty database.
    pub database: String,
    /// Whether clients must speak TLS.
    pub tls: Tls,
}

impl Default for MariaDb {
    fn default() -> Self {
        Self { user: "app".to_owned(), password: String::new(), database: "app".to_owned(), tls: Tls::Off }
    }
}

impl Recipe for MariaDb {
    const NAME: &'static str = "MariaDB";
    const PROGRAMS: &'static [&'static str] = &["mariadbd", "mariadb-install-db"];
    const PACKAGE: &'static str = "Debian package mariadb-server";

    fn tls(&self) -> Tls {
        self.tls
    }

    fn prepare(&self, site: &Site) -> Plan {
        let mut install = base(site, "mariadb-install-db");
        site.run(install.args(["--auth-root-authentication-method=normal", "--skip-test-db"]));
        let begin = site.write("begin.sql", &self.begin());
        let mut command = base(site, "mariadbd");
        command.args([&format!("--port={}", site.port()), "--bind-address=127.0.0.1", "--skip-name-resolve"]);
        command.arg(format!("--socket={}", site.path("socket").display()));
        command.args(["--skip-log-bin", "--innodb-flush-log-at-trx-commit=0"]);
        command.arg(format!("--init-file={}", begin.display()));
        if self.tls != Tls::Off {
            let (certificate, key) = site.server_certificate();
            command.arg(format!("--ssl-ca={}", site.authority().certificate().display()));
            command.arg(format!("--ssl-cert={}", certificate.display()));
            command.args([&format!("--ssl-key={}", key.display()), "--require-secure-transport=ON"]);
        }
        Plan::new(command).ready(Ready::Says { hello: b"", is_good })
    }
}

impl MariaDb {
    /// What the server does at each start.
    fn begin(&self) -> String {
        let (user, password, database) =
            (quoted(&self.user, '\''), quoted(&self.password, '\''), quoted(&self.database, '`'));
        let certificate = if self.tls == Tls::Mutual { "REQUIRE X509" } else { "REQUIRE NONE" };
        format!(
            "CREATE DATABASE IF NOT EXISTS {database};\n\
             CREATE USER IF NOT EXISTS {user}@'%' IDENTIFIED BY {password} {certificate};\n\
             GRANT ALL ON *.* TO {user}@'%' WITH GRANT OPTION;\n"
        )
    }
}

/// What the installation and the server have in common.
fn base(site: &Site, program: &str) -> Command {
    let mut command = site.command(program);
    command.arg("--no-defaults").arg(format!("--datadir={}", site.path("data").display()));
    // Each server that starts removes what others seem to have left in a common folder, though they use it.
    command.env("TMPDIR", site.folder());
    if geteuid().is_root() {
        // It refuses root only when nobody says so.
        command.arg("--user=root");
    }
    command
}

fn quoted(text: &str, quote: char) -> String {
    let escaped = text.replace('\\', "\\\\").replace(quote, &format!("{quote}{quote}"));
    format!("{quote}{escaped}{quote}")
}

/// The server speaks first: a packet with the version 10 of the protocol.
fn is_good(greeting: &[u8]) -> bool {
    greeting.get(4) == Some(&10)
}
