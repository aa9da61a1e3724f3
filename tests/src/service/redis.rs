//! Redis.

use super::{Plan, Ready, Recipe, Site, Tls};

/// A Redis server.
#[derive(Clone, Debug, Default)]
pub struct Redis {
    /// The password of the user `default`.
    pub password: Option<String>,
    /// Another user who may do everything, and its password.
    pub user: Option<(String, String)>,
    /// Whether clients must speak TLS.
    pub tls: Tls,
}

impl Recipe for Redis {
    const NAME: &'static str = "Redis";
    const PROGRAMS: &'static [&'static str] = &["redis-server"];
    const PACKAGE: &'static str = "Debian package redis-server";

    fn tls(&self) -> Tls {
        self.tls
    }

    fn prepare(&self, site: &Site) -> Plan {
        let mut lines = vec!["bind 127.0.0.1".to_owned(), "save \"\"".to_owned(), "appendonly yes".to_owned()];
        lines.extend(self.password.as_deref().map(|password| format!("requirepass {}", quoted(password))));
        lines.extend(self.user.as_ref().map(|(name, password)| {
            format!("user {} on {} ~* &* +@all", quoted(name), quoted(&format!(">{password}")))
        }));
        lines.extend(self.listeners(site));
        let file = site.write("redis.conf", &(lines.join("\n") + "\n"));
        let mut command = site.command("redis-server");
        command.arg(file);
        let plan = Plan::new(command);
        if self.tls == Tls::Off { plan.ready(Ready::Says { hello: b"PING\r\n", is_good }) } else { plan }
    }
}

impl Redis {
    fn listeners(&self, site: &Site) -> Vec<String> {
        if self.tls == Tls::Off {
            return vec![format!("port {}", site.port())];
        }
        let (certificate, key) = site.server_certificate();
        vec![
            "port 0".to_owned(),
            format!("tls-port {}", site.port()),
            format!("tls-cert-file {}", certificate.display()),
            format!("tls-key-file {}", key.display()),
            format!("tls-ca-cert-file {}", site.authority().certificate().display()),
            format!("tls-auth-clients {}", if self.tls == Tls::Mutual { "yes" } else { "no" }),
        ]
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Not while it loads its data.
fn is_good(answer: &[u8]) -> bool {
    answer.starts_with(b"+PONG") || answer.starts_with(b"-NOAUTH")
}
