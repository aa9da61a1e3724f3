//! From the fields to what the driver takes.

use lettre::{
    AsyncSmtpTransport, Tokio1Executor,
    transport::smtp::{
        AsyncSmtpTransportBuilder, PoolConfig,
        authentication::{Credentials, Mechanism as DriverMechanism},
        client::{Certificate, CertificateStore, Identity, Tls as DriverTls, TlsParameters},
        extension::ClientId,
    },
};

use super::Smtp;
use crate::{
    BoxError, ConnectContext, Describe, Validation,
    connectors::shared::{
        address::{self, one_way},
        blocking,
        failure::settings,
        route::Route,
        tls::{Pem, PemFile, TlsMode},
        url::ServerUrl,
    },
    serde::Deserialize,
};

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Describe)]
#[serde(crate = "crate::serde", rename_all = "lowercase")]
pub(super) enum Encryption {
    /// From the first byte on.
    Implicit,
    /// By STARTTLS, or not used.
    Starttls,
    /// By STARTTLS where the server offers it.
    Opportunistic,
    /// Not at all.
    None,
}

/// How a user shows who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Describe)]
#[serde(crate = "crate::serde", rename_all = "lowercase")]
pub(super) enum Mechanism {
    /// Name and password in one.
    Plain,
    /// The same one after the other, for old servers.
    Login,
    /// A token in place of the password.
    Xoauth2,
}

/// Where the server is, and who asks.
pub(super) struct Address {
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
    login: Option<(String, String)>,
    encryption: Encryption,
}

impl Address {
    /// `host:port`.
    pub(super) fn endpoint(&self) -> String {
        address::endpoint(&self.host, self.port)
    }

    pub(super) fn host_and_port(&self) -> (&str, u16) {
        (&self.host, self.port)
    }

    #[cfg(test)]
    pub(super) fn encryption(&self) -> Encryption {
        self.encryption
    }
}

impl Smtp {
    /// All that the driver must know.
    pub(super) async fn builder(
        &self,
        address: &Address,
        route: &Route,
        cx: &ConnectContext,
    ) -> Result<AsyncSmtpTransportBuilder, BoxError> {
        let pool = PoolConfig::new().max_size(self.max_idle_connections).idle_timeout(self.idle_timeout);
        let (host, port) = route.dial();
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(port)
            .timeout(Some(self.connect_timeout))
            .tls(self.encrypted(address, cx).await?)
            .pool_config(pool);
        if let Some(name) = &self.hello_name {
            builder = builder.hello_name(ClientId::Domain(name.clone()));
        }
        if let Some((user, password)) = address.login.clone() {
            builder = builder.credentials(Credentials::new(user, password));
        }
        if let Some(mechanisms) = &self.auth_mechanisms {
            builder = builder.authentication(mechanisms.iter().copied().map(Mechanism::of_driver).collect());
        }
        Ok(builder)
    }

    /// Where the server is, and who asks.
    pub(super) fn address(&self) -> Result<Address, BoxError> {
        if let Some(url) = &self.url {
            let url = ServerUrl::parse(url.expose()).ok_or_else(|| settings(URL_FORM))?;
            let login = url.user.zip(url.password);
            let encryption = self.encryption(url.scheme == WITH_TLS, login.is_some());
            let port = url.port.unwrap_or_else(|| default_port(encryption));
            return Ok(Address { host: url.host, port, login, encryption });
        }
        let host = self.host.as_deref().ok_or_else(|| settings("`host` or `url` must say where the server is"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let password = self.password.as_ref().map(|password| password.expose().to_owned());
        let login = self.user.clone().zip(password);
        let encryption = self.encryption(false, login.is_some());
        let port = self.port.unwrap_or_else(|| default_port(encryption));
        Ok(Address { host, port, login, encryption })
    }

    pub(super) fn validate_address(&self, validation: &mut Validation) {
        let parts = [
            ("host", self.host.is_some()),
            ("port", self.port.is_some()),
            ("user", self.user.is_some()),
            ("password", self.password.is_some()),
        ];
        one_way(validation, self.url.is_some(), &parts);
        match (&self.user, &self.password) {
            (Some(_), None) => validation.missing("password", "a login takes both a user and a password"),
            (None, Some(_)) => validation.missing("user", "a login takes both a user and a password"),
            _ => {}
        }
        if self.url.as_ref().is_some_and(|url| !is_url(url.expose())) {
            validation.invalid(&["url"], URL_FORM);
        }
    }

    pub(super) fn validate_encryption(&self, validation: &mut Validation) {
        let url = self.url.as_ref().and_then(|url| ServerUrl::parse(url.expose()));
        match (url.map(|url| url.scheme == WITH_TLS), self.encryption) {
            (Some(true), Some(Encryption::Starttls | Encryption::Opportunistic | Encryption::None)) => {
                validation.invalid(&["encryption", "url"], "must be `implicit` with a URL of `smtps://`");
            }
            (Some(false), Some(Encryption::Implicit)) => {
                validation
                    .invalid(&["url", "encryption"], "must begin with `smtps://` when `encryption` is `implicit`");
            }
            _ => {}
        }
        let Some(tls) = &self.tls else { return };
        if self.encryption == Some(Encryption::None) {
            validation.invalid(&["encryption"], "cannot be `none` when `tls` is given");
        }
        if matches!(tls.mode(), TlsMode::Disable | TlsMode::Prefer) {
            validation.invalid(&["tls.mode"], "must be `require`, `verify-ca` or `verify-full`: see `encryption`");
        }
        tls.validate(validation);
    }

    pub(super) fn validate_manners(&self, validation: &mut Validation) {
        if self.auth_mechanisms.as_ref().is_some_and(Vec::is_empty) {
            validation.invalid(&["auth_mechanisms"], "must name one at least");
        }
        if self.hello_name.as_deref().is_some_and(|name| !is_word(name)) {
            validation.invalid(&["hello_name"], "must be a name, or an address in brackets");
        }
        if self.connect_timeout.is_zero() {
            validation.invalid(&["connect_timeout"], "must be longer than zero");
        }
        // The driver looks for such connections that often.
        if self.idle_timeout.as_secs() == 0 {
            validation.invalid(&["idle_timeout"], "must be a second at least");
        }
    }

    fn encryption(&self, is_smtps: bool, has_login: bool) -> Encryption {
        let default = match (is_smtps, has_login || self.tls.is_some()) {
            (true, _) => Encryption::Implicit,
            (false, true) => Encryption::Starttls,
            (false, false) => Encryption::None,
        };
        self.encryption.unwrap_or(default)
    }

    async fn encrypted(&self, address: &Address, cx: &ConnectContext) -> Result<DriverTls, BoxError> {
        let of_driver = match address.encryption {
            Encryption::None => return Ok(DriverTls::None),
            Encryption::Implicit => DriverTls::Wrapper,
            Encryption::Starttls => DriverTls::Required,
            Encryption::Opportunistic => DriverTls::Opportunistic,
        };
        let tls = self.tls.clone().unwrap_or_default();
        let pem = tls.read(cx.config_dir()).await?;
        let (mode, name) = (tls.mode(), tls.server_name.unwrap_or_else(|| address.host.clone()));
        // Reads the trust store of the system.
        let parameters = blocking::run(move || parameters(name, mode, &pem)).await??;
        Ok(of_driver(parameters))
    }
}

impl Mechanism {
    fn of_driver(self) -> DriverMechanism {
        match self {
            Self::Plain => DriverMechanism::Plain,
            Self::Login => DriverMechanism::Login,
            Self::Xoauth2 => DriverMechanism::Xoauth2,
        }
    }
}

fn parameters(name: String, mode: TlsMode, pem: &Pem) -> Result<TlsParameters, BoxError> {
    pem.check()?;
    let mut builder = TlsParameters::builder(name)
        .dangerous_accept_invalid_certs(mode == TlsMode::Require)
        .dangerous_accept_invalid_hostnames(matches!(mode, TlsMode::Require | TlsMode::VerifyCa));
    if let Some(ca) = &pem.ca {
        let trusted = Certificate::from_pem(&ca.text).map_err(settings)?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(trusted);
    }
    if let (Some(certificate), Some(key)) = (&pem.certificate, &pem.key) {
        builder = builder.identify_with(identity(certificate, key)?);
    }
    builder.build().map_err(settings)
}

/// With rustls the driver takes the text of the certificate for its bytes, and for one certificate.
fn identity(certificate: &PemFile, key: &PemFile) -> Result<Identity, BoxError> {
    let chain = certificate.certificates()?;
    let [certificate] = chain.as_slice() else {
        return Err(settings("the file of `tls.certificate` must have one certificate: the driver sends no more"));
    };
    Identity::from_pem(certificate, &key.text).map_err(settings)
}

/// Whether nothing stands in it that the driver would not understand, and no login half of which is missing.
fn is_url(text: &str) -> bool {
    ServerUrl::parse(text).is_some_and(|url| {
        matches!(url.scheme.as_str(), "smtp" | WITH_TLS)
            && matches!(url.rest.as_str(), "" | "/")
            && url.user.is_some() == url.password.is_some()
    })
}

/// It becomes a part of a line that the server reads.
fn is_word(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|character| !character.is_whitespace() && !character.is_control())
}

fn default_port(encryption: Encryption) -> u16 {
    match encryption {
        Encryption::Implicit => 465,
        Encryption::Starttls | Encryption::Opportunistic => 587,
        Encryption::None => 25,
    }
}

const WITH_TLS: &str = "smtps";

const URL_FORM: &str = "must be a URL such as `smtps://user:password@host:465`, with special characters of user and \
    password percent-encoded and nothing behind the port";
