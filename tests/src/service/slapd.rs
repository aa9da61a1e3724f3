//! OpenLDAP's server.

use super::{Plan, Ready, Recipe, Site, Tls};

/// An LDAP server with an administrator and one entry, the suffix.
#[derive(Clone, Debug)]
pub struct Slapd {
    /// The name below which everything is: `dc=…`, and perhaps more.
    pub suffix: String,
    /// The full name of the administrator, below the suffix.
    pub root: String,
    /// Its password.
    pub password: String,
    /// Whether clients must speak TLS, from the first byte on.
    pub tls: Tls,
    /// With TLS: it is begun by StartTLS instead.
    pub starttls: bool,
}

impl Default for Slapd {
    fn default() -> Self {
        let suffix = "dc=example,dc=org".to_owned();
        Self {
            root: format!("cn=admin,{suffix}"),
            suffix,
            password: "secret".to_owned(),
            tls: Tls::Off,
            starttls: false,
        }
    }
}

impl Recipe for Slapd {
    const NAME: &'static str = "slapd";
    const PROGRAMS: &'static [&'static str] = &["slapd", "slapadd"];
    const PACKAGE: &'static str = "Debian package slapd";

    fn tls(&self) -> Tls {
        self.tls
    }

    fn prepare(&self, site: &Site) -> Plan {
        site.make_folder("data");
        let configuration = site.write("slapd.conf", &self.configuration(site));
        let entry = site.write("entry.ldif", &self.entry());
        site.run(site.command("slapadd").arg("-f").arg(&configuration).arg("-l").arg(entry));
        let (scheme, ready) = if self.tls == Tls::Off || self.starttls {
            ("ldap", Ready::Says { hello: HELLO, is_good })
        } else {
            ("ldaps", Ready::Port)
        };
        let mut command = site.command("slapd");
        command.arg("-f").arg(configuration).args(["-h", &format!("{scheme}://127.0.0.1:{}", site.port()), "-d", "0"]);
        Plan::new(command).ready(ready)
    }
}

impl Slapd {
    fn configuration(&self, site: &Site) -> String {
        let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        format!(
            "include /etc/ldap/schema/core.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n\
             pidfile {pid}\n{tls}database mdb\nsuffix {suffix}\nrootdn {root}\nrootpw {password}\ndirectory {data}\n",
            pid = site.path("slapd.pid").display(),
            tls = self.encryption(site),
            suffix = quoted(&self.suffix),
            root = quoted(&self.root),
            password = quoted(&self.password),
            data = site.path("data").display(),
        )
    }

    fn encryption(&self, site: &Site) -> String {
        if self.tls == Tls::Off {
            return String::new();
        }
        let (certificate, key) = site.server_certificate();
        let demand = if self.tls == Tls::Mutual { "demand" } else { "never" };
        format!(
            "TLSCACertificateFile {authority}\nTLSCertificateFile {certificate}\nTLSCertificateKeyFile {key}\n\
             TLSVerifyClient {demand}\nsecurity tls=1\n",
            authority = site.authority().certificate().display(),
            certificate = certificate.display(),
            key = key.display(),
        )
    }

    fn entry(&self) -> String {
        let first = self.suffix.split(',').next().unwrap_or_default();
        let component = first.strip_prefix("dc=").expect("the suffix begins with `dc=`");
        let classes = "objectClass: organization\nobjectClass: dcObject";
        format!("dn: {}\n{classes}\ndc: {component}\no: {component}\n", self.suffix)
    }
}

/// An anonymous bind.
const HELLO: &[u8] = b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0";

fn is_good(answer: &[u8]) -> bool {
    answer.first() == Some(&0x30)
}
