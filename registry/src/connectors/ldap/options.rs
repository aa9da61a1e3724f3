//! From the fields to what dials.

use std::sync::Arc;

use super::{
    Ldap,
    client::Limits,
    dialer::{Dialer, Login},
};
use crate::{
    BoxError, ConnectContext, Describe, Secret, Validation,
    connectors::shared::{
        address::{self, one_way},
        failure::settings,
        route::Route,
        tls::{Tls, install_ring},
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
    /// By StartTLS, or not used.
    Starttls,
    /// Not at all.
    None,
}

/// Where the server is.
pub(super) struct Address {
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
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

impl Ldap {
    /// What dials and binds, now and again.
    pub(super) async fn dialer(
        &self,
        address: &Address,
        route: &Route,
        cx: &ConnectContext,
    ) -> Result<Dialer, BoxError> {
        let tls = self.tls.clone().unwrap_or_default();
        let config = match address.encryption {
            Encryption::None => {
                // The driver makes a configuration even for what it does not encrypt.
                install_ring();
                None
            }
            _ => Some(Arc::new(tls.client_config(cx.config_dir()).await?)),
        };
        let name = tls.server_name.unwrap_or_else(|| address.host.clone());
        let login = self.bind_dn.clone().zip(self.password.clone()).map(|(dn, password)| Login { dn, password });
        Ok(Dialer::new(route, &name, address.encryption, config, login))
    }

    pub(super) fn limits(&self) -> Limits {
        Limits { dial: self.connect_timeout, request: self.request_timeout }
    }

    /// Where the server is.
    pub(super) fn address(&self) -> Result<Address, BoxError> {
        if let Some(url) = &self.url {
            let url = ServerUrl::parse(url.expose()).ok_or_else(|| settings(URL_FORM))?;
            let encryption = self.encryption(url.scheme == WITH_TLS);
            return Ok(Address {
                host: url.host,
                port: url.port.unwrap_or_else(|| default_port(encryption)),
                encryption,
            });
        }
        let host = self.host.as_deref().ok_or_else(|| settings("`host` or `url` must say where the server is"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let encryption = self.encryption(false);
        Ok(Address { host, port: self.port.unwrap_or_else(|| default_port(encryption)), encryption })
    }

    pub(super) fn validate_address(&self, validation: &mut Validation) {
        one_way(validation, self.url.is_some(), &[("host", self.host.is_some()), ("port", self.port.is_some())]);
        if self.url.as_ref().is_some_and(|url| !is_url(url.expose())) {
            validation.invalid(&["url"], URL_FORM);
        }
    }

    pub(super) fn validate_login(&self, validation: &mut Validation) {
        match (&self.bind_dn, &self.password) {
            (Some(_), None) => validation.missing("password", "a bind takes both a name and a password"),
            (None, Some(_)) => validation.missing("bind_dn", "a bind takes both a name and a password"),
            _ => {}
        }
        if self.bind_dn.as_ref().is_some_and(String::is_empty) {
            validation.invalid(&["bind_dn"], "must not be empty; leave it away to stay anonymous");
        }
        // RFC 4513, 5.1.2: a bind without a password succeeds, and the client is nobody.
        if self.password.as_ref().is_some_and(Secret::is_empty) {
            validation
                .invalid(&["password"], "must not be empty: the server would take the client for an anonymous one");
        }
    }

    pub(super) fn validate_encryption(&self, validation: &mut Validation) {
        let url = self.url.as_ref().and_then(|url| ServerUrl::parse(url.expose()));
        match (url.map(|url| url.scheme == WITH_TLS), self.encryption) {
            (Some(true), Some(Encryption::Starttls | Encryption::None)) => {
                validation.invalid(&["encryption", "url"], "must be `implicit` with a URL of `ldaps://`");
            }
            (Some(false), Some(Encryption::Implicit)) => {
                validation
                    .invalid(&["url", "encryption"], "must begin with `ldaps://` when `encryption` is `implicit`");
            }
            _ => {}
        }
        let Some(tls) = &self.tls else { return };
        if self.encryption == Some(Encryption::None) {
            validation.invalid(&["encryption"], "cannot be `none` when `tls` is given");
        }
        if !tls.is_enabled() {
            validation.invalid(&["tls.mode"], "must be `verify-full`: see `encryption`");
        }
        tls.validate_strict(validation);
    }

    fn encryption(&self, is_ldaps: bool) -> Encryption {
        let default = match (is_ldaps, self.tls.as_ref().is_some_and(Tls::is_enabled)) {
            (true, _) => Encryption::Implicit,
            (false, true) => Encryption::Starttls,
            (false, false) => Encryption::None,
        };
        self.encryption.unwrap_or(default)
    }
}

/// Whether it says where the server is, and nothing else.
fn is_url(text: &str) -> bool {
    ServerUrl::parse(text).is_some_and(|url| {
        matches!(url.scheme.as_str(), "ldap" | WITH_TLS)
            && matches!(url.rest.as_str(), "" | "/")
            && url.user.is_none()
            && url.password.is_none()
    })
}

fn default_port(encryption: Encryption) -> u16 {
    match encryption {
        Encryption::Implicit => 636,
        Encryption::Starttls | Encryption::None => 389,
    }
}

const WITH_TLS: &str = "ldaps";

const URL_FORM: &str =
    "must be a URL such as `ldaps://host:636`; `bind_dn`, `password` and `base_dn` are keys of their own";
