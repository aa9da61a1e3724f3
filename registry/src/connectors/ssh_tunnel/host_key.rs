//! Whether the server is the one that it should be.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use russh::keys::{
    Algorithm, EcdsaCurve, Error, HashAlg, PublicKey, known_hosts::known_host_keys_path, ssh_key::Fingerprint,
};

use crate::{
    BoxError,
    connectors::shared::{
        blocking,
        failure::settings,
        file::{self, unreadable},
    },
};

/// By what the server is known.
#[derive(Clone, Debug)]
pub(super) enum Trusted {
    /// It has this key.
    Key(Box<PublicKey>),
    /// It has the key with this fingerprint.
    Fingerprint(Fingerprint),
    /// It has the key that this file says.
    Known(PathBuf),
}

/// A [`Trusted`] once its file was read: what the server's key is compared with.
#[derive(Debug)]
pub(super) struct Judge {
    trusted: Trusted,
    /// The keys of this server, with their lines.
    keys: Vec<(usize, PublicKey)>,
    /// The keys that no server may have any more.
    revoked: Vec<PublicKey>,
    /// How the file names the server.
    name: String,
}

impl Judge {
    /// Reads the file, if there is one.
    ///
    /// # Errors
    ///
    /// When it cannot be read, permanent unless that may pass. One that is not there has no keys.
    pub(super) async fn new(trusted: &Trusted, host: &str, port: u16) -> Result<Self, BoxError> {
        let (trusted, host) = (trusted.clone(), host.to_owned());
        blocking::run(move || Self::read(trusted, &host, port)).await?
    }

    pub(super) fn read(trusted: Trusted, host: &str, port: u16) -> Result<Self, BoxError> {
        let name = if port == 22 { host.to_owned() } else { format!("[{host}]:{port}") };
        let mut judge = Self { trusted, keys: Vec::new(), revoked: Vec::new(), name };
        let Trusted::Known(file) = &judge.trusted else { return Ok(judge) };
        let words = || format!("cannot read `{}`", file.display());
        let text = || text_of(file).map_err(|error| unreadable(&words(), &error));
        let Some(found) = text()? else { return Ok(judge) };
        judge.revoked = revoked(&found);
        let keys = match known_host_keys_path(host, port, file) {
            Ok(keys) => keys,
            Err(Error::IO(error)) => return Err(unreadable(&words(), &error)),
            Err(error) => return Err(settings(format!("{}: {error}", words()))),
        };
        if keys.is_empty() {
            // To the driver a file that it cannot open is an empty one, also when too many are open.
            text()?;
        }
        judge.keys = keys;
        Ok(judge)
    }

    /// The kinds of keys to ask for: those by which the server is known come first.
    pub(super) fn algorithms(&self) -> Vec<Algorithm> {
        let pinned = match &self.trusted {
            Trusted::Key(key) => Some(key.algorithm()),
            Trusted::Fingerprint(_) | Trusted::Known(_) => None,
        };
        let known = pinned.into_iter().chain(self.keys.iter().map(|(_, key)| key.algorithm()));
        let known = known.filter(|algorithm| SPOKEN.contains(algorithm));
        let mut all = Vec::new();
        for algorithm in known.chain(SPOKEN) {
            if !all.contains(&algorithm) {
                all.push(algorithm);
            }
        }
        all
    }

    /// An error unless the server may have this key.
    pub(super) fn judge(&self, offered: &PublicKey) -> Result<(), Distrust> {
        let is_same = |key: &PublicKey| key.key_data() == offered.key_data();
        let why = match &self.trusted {
            Trusted::Key(key) if is_same(key) => return Ok(()),
            Trusted::Fingerprint(print) if offered.fingerprint(HashAlg::Sha256) == *print => return Ok(()),
            Trusted::Key(_) | Trusted::Fingerprint(_) => Why::NotPinned,
            Trusted::Known(file) if self.revoked.iter().any(is_same) => Why::Revoked { file: file.clone() },
            Trusted::Known(_) if self.keys.iter().any(|(_, key)| is_same(key)) => return Ok(()),
            Trusted::Known(file) => match self.keys.first() {
                Some((line, _)) => Why::Changed { file: file.clone(), line: *line },
                None => Why::Unknown { file: file.clone(), name: self.name.clone() },
            },
        };
        Err(Distrust { offered: Box::new(PublicKey::new(offered.key_data().clone(), "")), why })
    }
}

/// Why a server is not trusted, and how to allow it if it is the right one. What it shows is public.
#[derive(Debug)]
pub(super) struct Distrust {
    offered: Box<PublicKey>,
    why: Why,
}

#[derive(Debug)]
enum Why {
    NotPinned,
    Unknown { file: PathBuf, name: String },
    Changed { file: PathBuf, line: usize },
    Revoked { file: PathBuf },
}

impl fmt::Display for Distrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let print = self.offered.fingerprint(HashAlg::Sha256);
        let key = format!("the {} key {print}", self.offered.algorithm());
        match &self.why {
            Why::NotPinned => write!(f, "it has {key}, and not the one of `host_key`"),
            Why::Unknown { file, name } => {
                let (file, line) = (file.display(), self.offered.to_openssh().unwrap_or_default());
                write!(f, "its key is not known: it has {key}. If that is right, add the line `{name} {line}` to ")?;
                write!(f, "`{file}`, or set `host_key = \"{print}\"`")
            }
            Why::Changed { file, line } => {
                let file = file.display();
                write!(f, "it has {key}, and not the one of line {line} of `{file}`: somebody may be in between. ")?;
                write!(f, "If the server was given a new key, replace that line")
            }
            Why::Revoked { file } => write!(f, "it has {key}, which `{}` calls revoked", file.display()),
        }
    }
}

/// None when there is no such file.
fn text_of(file: &Path) -> io::Result<Option<String>> {
    match file::read(file) {
        Ok(text) => Ok(Some(String::from_utf8_lossy(&text).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The keys of the lines with the mark `@revoked`, whatever server they are for: a key that was stolen once is nobody's.
fn revoked(text: &str) -> Vec<PublicKey> {
    let lines = text.lines().filter_map(|line| line.trim().strip_prefix("@revoked")?.trim_start().split_once(' '));
    lines.filter_map(|(_, key)| PublicKey::from_openssh(key.trim()).ok()).collect()
}

/// Without RSA, which this build of the driver cannot verify.
const SPOKEN: [Algorithm; 4] = [
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
];
