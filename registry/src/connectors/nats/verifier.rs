//! [`Verifier`]: which names a certificate may have when the driver knows the local end of a tunnel alone.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::{
    BoxError,
    connectors::shared::{failure::settings, tls::Pem},
};

/// Verifies in full, but for one of some hosts instead of the one that was dialled.
pub(super) fn client_config(pem: &Pem, hosts: Vec<String>) -> Result<ClientConfig, BoxError> {
    let (mut config, roots) = (pem.client_config()?, pem.roots()?);
    // Who trusts nobody needs no name.
    if !roots.is_empty() {
        let provider = Arc::new(ring::default_provider());
        let authority =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().map_err(settings)?;
        // A host that no certificate can name is not that of one.
        let names = hosts.into_iter().filter_map(|host| ServerName::try_from(host).ok()).collect();
        let verifier = Verifier { authority, names };
        config.dangerous().set_certificate_verifier(Arc::new(verifier));
    }
    Ok(config)
}

#[derive(Debug)]
struct Verifier {
    authority: Arc<WebPkiServerVerifier>,
    names: Vec<ServerName<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _dialled: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut refusal = CertificateError::NotValidForName.into();
        for name in &self.names {
            match self.authority.verify_server_cert(certificate, intermediates, name, ocsp, now) {
                Ok(verified) => return Ok(verified),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authority.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authority.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authority.supported_verify_schemes()
    }
}
