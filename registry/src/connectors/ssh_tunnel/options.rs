//! From the fields to what dials.

use std::{
    env,
    path::{Path, PathBuf},
};

use russh::keys::{Algorithm, PublicKey, ssh_key::Fingerprint};

use super::{SshTunnel, host_key::Trusted, login::Login};
use crate::{
    BoxError, ConnectContext, Validation,
    connectors::shared::{address::host_and_port, failure::settings},
};

impl SshTunnel {
    /// How the user shows who it is.
    pub(super) fn login(&self, cx: &ConnectContext) -> Result<Login, BoxError> {
        if let Some(password) = &self.password {
            return Ok(Login::Password(password.clone()));
        }
        if let Some(file) = &self.key {
            return Ok(Login::Key { file: resolved(cx, file)?, passphrase: self.passphrase.clone() });
        }
        let agent = self.agent.as_ref().ok_or_else(|| settings(NO_LOGIN))?;
        Ok(Login::Agent(resolved(cx, agent)?))
    }

    /// By what the server is known.
    pub(super) fn trust(&self, cx: &ConnectContext) -> Result<Trusted, BoxError> {
        if let Some(text) = &self.host_key {
            return pinned(text).ok_or_else(|| settings(format!("`host_key` {HOST_KEY_FORM}")));
        }
        let file = self.known_hosts.as_deref().unwrap_or(Path::new("~/.ssh/known_hosts"));
        Ok(Trusted::Known(resolved(cx, file)?))
    }

    /// The server behind the tunnel, by host and port.
    pub(super) fn target(&self) -> Option<(String, u16)> {
        let (host, port) = host_and_port(self.target.as_ref()?)?;
        Some((host.to_owned(), port.filter(|&port| port != 0)?))
    }

    pub(super) fn validate_login(&self, validation: &mut Validation) {
        let ways =
            [("key", self.key.is_some()), ("password", self.password.is_some()), ("agent", self.agent.is_some())];
        let mut given = ways.into_iter().filter_map(|(key, is_given)| is_given.then_some(key));
        match given.next() {
            None => validation.missing("key", NO_LOGIN),
            Some(first) => given.for_each(|other| validation.conflict(&[first, other], "log in by one of them")),
        }
        let other = ways.into_iter().find(|(way, is_given)| *is_given && *way != "key");
        if let (Some((other, _)), true) = (other, self.passphrase.is_some()) {
            validation.conflict(&["passphrase", other], "a passphrase is that of a private key");
        }
    }

    pub(super) fn validate_trust(&self, validation: &mut Validation) {
        if self.host_key.is_some() && self.known_hosts.is_some() {
            validation.conflict(&["host_key", "known_hosts"], "`host_key` is the one key that the server may have");
        }
        match self.host_key.as_deref().map(pinned) {
            Some(None) => validation.invalid(&["host_key"], HOST_KEY_FORM),
            Some(Some(Trusted::Key(key))) if matches!(key.algorithm(), Algorithm::Rsa { .. }) => {
                validation.invalid(&["host_key"], "cannot be an RSA key: take the server's Ed25519 or ECDSA key");
            }
            _ => {}
        }
    }
}

pub(super) fn pinned(text: &str) -> Option<Trusted> {
    let text = text.trim();
    match text.starts_with("SHA256:") {
        true => text.parse::<Fingerprint>().ok().map(Trusted::Fingerprint),
        false => PublicKey::from_openssh(text).ok().map(Box::new).map(Trusted::Key),
    }
}

/// `~/` is the home of the user who runs this; a relative path is meant from the folder of the configuration file.
fn resolved(cx: &ConnectContext, path: &Path) -> Result<PathBuf, BoxError> {
    let Ok(below_home) = path.strip_prefix("~") else { return Ok(cx.config_dir().join(path)) };
    let home = env::home_dir().filter(|home| !home.as_os_str().is_empty());
    let home = home.ok_or_else(|| settings(format!("`{}`: this user has no home folder", path.display())))?;
    Ok(home.join(below_home))
}

const NO_LOGIN: &str = "say how to log in, by `key`, `password` or `agent`";

const HOST_KEY_FORM: &str = "must be a public key such as `ssh-ed25519 AAAA…`, or its fingerprint, `SHA256:…`";
