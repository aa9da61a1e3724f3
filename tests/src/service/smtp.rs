//! A mail server in Python, by `aiosmtpd`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::json;

use super::{Plan, Ready, Recipe, Service, Site, Tls};

/// A server that takes mail and keeps it.
#[derive(Clone, Debug, Default)]
pub struct Smtp {
    /// The only user and its password; without one everybody is let in.
    pub user: Option<(String, String)>,
    /// Whether clients must speak TLS, begun by STARTTLS.
    pub tls: Tls,
    /// With TLS: it begins with the first byte instead.
    pub implicit: bool,
}

impl Smtp {
    /// The messages that came, a file each.
    ///
    /// # Panics
    ///
    /// When the service is no [`Smtp`].
    pub fn messages(service: &Service) -> Vec<PathBuf> {
        let entries = fs::read_dir(service.folder().join(MAIL)).expect("a mail server keeps what came");
        entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
    }
}

impl Recipe for Smtp {
    const NAME: &'static str = "aiosmtpd";
    const PROGRAMS: &'static [&'static str] = &["aiosmtpd"];
    const PACKAGE: &'static str = "PyPI package aiosmtpd";

    fn tls(&self) -> Tls {
        self.tls
    }

    fn prepare(&self, site: &Site) -> Plan {
        site.make_folder(MAIL);
        let script = site.write("smtp.py", include_str!("smtp.py"));
        // The Python that has the package is beside its script.
        let aiosmtpd = site.command("aiosmtpd");
        let python = Path::new(aiosmtpd.get_program()).with_file_name("python3");
        let mut command = Command::new(python);
        command.arg(script).arg(self.options(site));
        let ready = if self.implicit { Ready::Port } else { Ready::Says { hello: b"", is_good } };
        Plan::new(command).ready(ready)
    }
}

impl Smtp {
    /// As `smtp.py` reads them.
    fn options(&self, site: &Site) -> String {
        let certificate = (self.tls != Tls::Off).then(|| site.server_certificate());
        let authority = (self.tls == Tls::Mutual).then(|| site.authority().certificate());
        let (port, user, implicit) = (site.port(), &self.user, self.implicit);
        json!({ "port": port, "user": user, "certificate": certificate, "authority": authority, "implicit": implicit })
            .to_string()
    }
}

fn is_good(greeting: &[u8]) -> bool {
    greeting.starts_with(b"220")
}

const MAIL: &str = "mail";
