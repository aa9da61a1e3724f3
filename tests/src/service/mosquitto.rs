//! Mosquitto, a broker of MQTT.

use super::{Plan, Ready, Recipe, Site, Tls};

/// An MQTT broker.
#[derive(Clone, Debug, Default)]
pub struct Mosquitto {
    /// The only user and its password; without one everybody is let in.
    pub user: Option<(String, String)>,
    /// Whether clients must speak TLS.
    pub tls: Tls,
}

impl Recipe for Mosquitto {
    const NAME: &'static str = "Mosquitto";
    const PROGRAMS: &'static [&'static str] = &["mosquitto", "mosquitto_passwd"];
    const PACKAGE: &'static str = "Debian package mosquitto";

    fn tls(&self) -> Tls {
        self.tls
    }

    fn prepare(&self, site: &Site) -> Plan {
        // The user counts for root alone.
        let mut lines = vec![format!("listener {} 127.0.0.1", site.port()), "user root".to_owned()];
        lines.push(format!("allow_anonymous {}", self.user.is_none()));
        lines.extend(self.user.as_ref().map(|(name, password)| write_passwords(site, name, password)));
        lines.extend(self.encryption(site));
        lines.extend(["persistence true".to_owned(), format!("persistence_location {}/", site.folder().display())]);
        let file = site.write("mosquitto.conf", &(lines.join("\n") + "\n"));
        let mut command = site.command("mosquitto");
        command.arg("-c").arg(file);
        let plan = Plan::new(command);
        if self.tls == Tls::Off { plan.ready(Ready::Says { hello: HELLO, is_good }) } else { plan }
    }
}

impl Mosquitto {
    fn encryption(&self, site: &Site) -> Vec<String> {
        if self.tls == Tls::Off {
            return Vec::new();
        }
        let (certificate, key) = site.server_certificate();
        vec![
            format!("cafile {}", site.authority().certificate().display()),
            format!("certfile {}", certificate.display()),
            format!("keyfile {}", key.display()),
            format!("require_certificate {}", self.tls == Tls::Mutual),
        ]
    }
}

/// Gives the line of the configuration.
fn write_passwords(site: &Site, name: &str, password: &str) -> String {
    let file = site.path("passwords");
    site.run(site.command("mosquitto_passwd").args(["-b", "-c"]).arg(&file).args([name, password]));
    format!("password_file {}", file.display())
}

/// CONNECT of MQTT 3.1.1, with a clean session and the name `probe`.
const HELLO: &[u8] = b"\x10\x11\0\x04MQTT\x04\x02\0\x3c\0\x05probe";

/// CONNACK, whatever it says.
fn is_good(answer: &[u8]) -> bool {
    answer.first() == Some(&0x20)
}
