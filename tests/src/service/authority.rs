//! Certificates that live as long as a test.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

use super::site::write_private;

/// Whether a server speaks TLS. If it does, it accepts nothing else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// It does not.
    #[default]
    Off,
    /// It shows its certificate.
    Server,
    /// It also asks clients for theirs, of the same authority.
    Mutual,
    /// It shows a certificate that expired long ago.
    Expired,
}

/// A folder of PEM files: an authority and what it has signed, and another authority that no server trusts.
#[derive(Clone, Debug)]
pub struct Authority {
    folder: PathBuf,
}

impl Authority {
    /// Makes new ones in a new folder.
    ///
    /// # Panics
    ///
    /// When the folder cannot be made.
    pub fn new(folder: PathBuf) -> Self {
        fs::create_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let authority = Self { folder };
        authority.write().expect("the parameters are good");
        authority
    }

    /// The certificate that clients must trust.
    pub fn certificate(&self) -> PathBuf {
        self.path("authority.pem")
    }

    /// The certificate of an authority that has signed nothing that a server has.
    pub fn stranger(&self) -> PathBuf {
        self.path("stranger.pem")
    }

    /// The certificate of the server, for `localhost` and `127.0.0.1`, and its key.
    pub fn server(&self) -> (PathBuf, PathBuf) {
        self.pair("server")
    }

    /// The same, but it expired in 2021.
    pub fn expired(&self) -> (PathBuf, PathBuf) {
        self.pair("expired")
    }

    /// The certificate of a client called [`Authority::CLIENT`], and its key.
    pub fn client(&self) -> (PathBuf, PathBuf) {
        self.pair("client")
    }

    /// A client's certificate that no server accepts, and its key.
    pub fn strange_client(&self) -> (PathBuf, PathBuf) {
        self.pair("strange-client")
    }

    /// The common name of clients.
    pub const CLIENT: &str = "client";

    fn write(&self) -> Result<(), rcgen::Error> {
        let authority = self.issuer("authority", "the authority of a test")?;
        let stranger = self.issuer("stranger", "a stranger")?;
        self.sign("server", &server()?, &authority)?;
        let mut expired = server()?;
        expired.not_after = date_time_ymd(2021, 1, 1);
        self.sign("expired", &expired, &authority)?;
        self.sign("client", &client()?, &authority)?;
        self.sign("strange-client", &client()?, &stranger)
    }

    fn issuer(&self, file: &str, name: &str) -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
        let mut params = named(name, Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        write_private(&self.path(format!("{file}.pem")), &issuer.pem());
        Ok(issuer)
    }

    fn sign(
        &self,
        file: &str,
        params: &CertificateParams,
        issuer: &CertifiedIssuer<'static, KeyPair>,
    ) -> Result<(), rcgen::Error> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, issuer)?;
        let (certificate_file, key_file) = self.pair(file);
        write_private(&certificate_file, &certificate.pem());
        write_private(&key_file, &key.serialize_pem());
        Ok(())
    }

    fn pair(&self, name: &str) -> (PathBuf, PathBuf) {
        (self.path(format!("{name}.pem")), self.path(format!("{name}.key")))
    }

    fn path(&self, file: impl AsRef<Path>) -> PathBuf {
        self.folder.join(file)
    }
}

fn server() -> Result<CertificateParams, rcgen::Error> {
    let mut params = named("server", vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn client() -> Result<CertificateParams, rcgen::Error> {
    let mut params = named(Authority::CLIENT, Vec::new())?;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

fn named(name: &str, alternatives: Vec<String>) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(alternatives)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2049, 1, 1));
    Ok(params)
}
