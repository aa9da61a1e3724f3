//! `tls`: how a connection is encrypted, the same for every type.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rustls::{
    ClientConfig, Error as TlsError, InconsistentKeys, RootCertStore,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    sign::CertifiedKey,
};
use tokio::time::sleep;

use super::{
    blocking,
    failure::settings,
    file::{self, unreadable},
};
use crate::{BoxError, Describe, Validation, serde::Deserialize};

/// The table `tls` of a connection. Files are PEM, and relative to the folder of the configuration file.
///
/// With the mode `disable` the rest is without effect: a table may have inherited it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Describe)]
#[serde(crate = "crate::serde", deny_unknown_fields, default)]
pub(in crate::connectors) struct Tls {
    /// Default: "verify-full".
    pub(in crate::connectors) mode: Option<TlsMode>,
    /// The certificate authorities that are trusted, and no others; the drivers of `postgres` and `mysql` trust those of the
    /// system beside them. Default: those of the system.
    pub(in crate::connectors) ca: Option<PathBuf>,
    /// The certificate by which this side shows who it is.
    pub(in crate::connectors) certificate: Option<PathBuf>,
    /// The private key of that certificate.
    pub(in crate::connectors) key: Option<PathBuf>,
    /// The name that the server's certificate must have. Default: the host.
    pub(in crate::connectors) server_name: Option<String>,
}

/// How much is asked of the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Describe)]
#[serde(crate = "crate::serde", rename_all = "kebab-case")]
pub(in crate::connectors) enum TlsMode {
    /// Not encrypted.
    Disable,
    /// Encrypted where the server can, by whomever: keeps nobody out.
    Prefer,
    /// Encrypted, by whomever: keeps out listeners, not impostors.
    Require,
    /// Encrypted, with a certificate of a trusted authority, for whatever name.
    VerifyCa,
    /// Encrypted, with a certificate of a trusted authority for that host.
    VerifyFull,
}

impl Tls {
    pub(in crate::connectors) fn mode(&self) -> TlsMode {
        self.mode.unwrap_or(TlsMode::VerifyFull)
    }

    pub(in crate::connectors) fn is_enabled(&self) -> bool {
        self.mode() != TlsMode::Disable
    }

    /// For a type whose driver always verifies: reports the modes between `disable` and `verify-full` as well.
    pub(in crate::connectors) fn validate_strict(&self, validation: &mut Validation) {
        if !matches!(self.mode(), TlsMode::Disable | TlsMode::VerifyFull) {
            validation.invalid(&["tls.mode"], "must be `disable` or `verify-full`: the driver always verifies");
        }
        self.validate(validation);
    }

    pub(in crate::connectors) fn validate(&self, validation: &mut Validation) {
        if !self.is_enabled() {
            return;
        }
        match (&self.certificate, &self.key) {
            (Some(_), None) => validation.missing("tls.key", "a certificate is of use only with its private key"),
            (None, Some(_)) => {
                validation.missing("tls.certificate", "a private key is of use only with its certificate");
            }
            _ => {}
        }
    }

    /// For a driver that takes files: the same with paths that hold wherever the program runs, each of which can be read.
    ///
    /// # Errors
    ///
    /// An error that names the file; permanent unless it may pass, such as too many open files.
    pub(in crate::connectors) async fn resolved(&self, config_dir: &Path) -> Result<Self, BoxError> {
        let pem = self.read(config_dir).await?;
        pem.check()?;
        let join = |path: &Option<PathBuf>| path.as_ref().map(|path| config_dir.join(path));
        Ok(Self { ca: join(&self.ca), certificate: join(&self.certificate), key: join(&self.key), ..self.clone() })
    }

    /// For a driver that takes rustls's own configuration: verifies in full, trusts `ca` alone where it is given.
    ///
    /// # Errors
    ///
    /// An error that names the file; permanent unless it may pass, such as too many open files.
    pub(in crate::connectors) async fn client_config(&self, config_dir: &Path) -> Result<ClientConfig, BoxError> {
        let pem = self.read(config_dir).await?;
        blocking::run(move || pem.client_config()).await?
    }

    /// For a driver that takes the text of the files.
    ///
    /// # Errors
    ///
    /// An error that names the file; permanent unless it may pass, such as too many open files.
    pub(in crate::connectors) async fn read(&self, config_dir: &Path) -> Result<Pem, BoxError> {
        install_ring();
        let at = |path: &Option<PathBuf>| path.as_ref().map(|path| config_dir.join(path));
        let (ca, certificate, key) = (at(&self.ca), at(&self.certificate), at(&self.key));
        let files =
            move || Ok::<_, BoxError>(Pem { ca: read(&ca)?, certificate: read(&certificate)?, key: read(&key)? });
        let again = files.clone();
        match blocking::run(move || files().map(|pem| (pem.check().is_ok(), pem))).await? {
            Ok((true, pem)) => return Ok(pem),
            // Somebody may be in the middle of replacing them, one file after the other.
            Ok((false, _)) => sleep(ROTATION).await,
            Err(error) => return Err(error),
        }
        blocking::run(again).await?
    }
}

/// The files of a [`Tls`], read.
pub(in crate::connectors) struct Pem {
    pub(in crate::connectors) ca: Option<PemFile>,
    pub(in crate::connectors) certificate: Option<PemFile>,
    pub(in crate::connectors) key: Option<PemFile>,
}

/// One file and what is in it. Not `Debug`: it may be a key.
pub(in crate::connectors) struct PemFile {
    pub(in crate::connectors) path: PathBuf,
    pub(in crate::connectors) text: Vec<u8>,
}

impl Pem {
    /// Each file has in it what it must, and the certificate is that of the key.
    pub(in crate::connectors) fn check(&self) -> Result<(), BoxError> {
        self.ca.as_ref().map(PemFile::certificates).transpose()?;
        let certificates = self.certificate.as_ref().map(PemFile::certificates).transpose()?;
        let key = self.key.as_ref().map(PemFile::key).transpose()?;
        let Some((certificates, key)) = certificates.zip(key) else { return Ok(()) };
        match CertifiedKey::from_der(certificates, key, &ring::default_provider()) {
            Err(error @ TlsError::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(no_pair(&error)),
            // A kind of key that is not known here may be known to the driver.
            _ => Ok(()),
        }
    }

    fn client_config(&self) -> Result<ClientConfig, BoxError> {
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(settings)?;
        let builder = builder.with_root_certificates(self.roots()?);
        match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => {
                builder.with_client_auth_cert(certificate.certificates()?, key.key()?).map_err(|error| no_pair(&error))
            }
            _ => Ok(builder.with_no_client_auth()),
        }
    }

    fn roots(&self) -> Result<RootCertStore, BoxError> {
        let mut roots = RootCertStore::empty();
        let Some(ca) = &self.ca else {
            // One that cannot be used says nothing of the others.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            return Ok(roots);
        };
        for certificate in ca.certificates()? {
            roots.add(certificate).map_err(|error| ca.refused(&format!("is no certificate authority: {error}")))?;
        }
        Ok(roots)
    }
}

impl PemFile {
    pub(in crate::connectors) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, BoxError> {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.text).collect();
        match found {
            Ok(found) if !found.is_empty() => Ok(found),
            _ => Err(self.refused("has no certificate in PEM form")),
        }
    }

    pub(in crate::connectors) fn key(&self) -> Result<PrivateKeyDer<'static>, BoxError> {
        PrivateKeyDer::from_pem_slice(&self.text).map_err(|error| match error {
            pem::Error::NoItemsFound => self.refused("has no private key in PEM form"),
            _ => self.refused("has a private key that cannot be read"),
        })
    }

    fn refused(&self, why: &str) -> BoxError {
        settings(format!("the file `{}` {why}", self.path.display()))
    }
}

/// Makes `ring` the provider of the process, when it has none: some drivers take that and know no other way.
pub(in crate::connectors) fn install_ring() {
    if CryptoProvider::get_default().is_none() {
        // Somebody else may have been quicker, which is as good.
        let _ = ring::default_provider().install_default();
    }
}

fn no_pair(error: &TlsError) -> BoxError {
    settings(format!("`tls.certificate` and `tls.key` do not fit: {error}"))
}

fn read(path: &Option<PathBuf>) -> Result<Option<PemFile>, BoxError> {
    let Some(path) = path.clone() else { return Ok(None) };
    match file::read(&path) {
        Ok(text) => Ok(Some(PemFile { path, text })),
        Err(error) => Err(unreadable(&format!("cannot read the file `{}` of `tls`", path.display()), &error)),
    }
}

/// How long whoever replaces a certificate and its key may take between the two.
const ROTATION: Duration = Duration::from_millis(100);
