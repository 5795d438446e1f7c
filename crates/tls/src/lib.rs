//! Reads certificates and keys in PEM, for servers and clients alike, and says why one cannot be used.

use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{CertificateError, Error, OtherError, RootCertStore};

/// Why a certificate or a key cannot be used, without where it came from.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// A file or text that is not PEM.
    #[error("cannot be read as PEM: {0}")]
    Malformed(#[from] pem::Error),
    /// A file or text without any certificate.
    #[error("has no certificate in PEM")]
    Empty,
    /// A certificate that cannot sign others.
    #[error("has a certificate that is not an authority: {0}")]
    NotAnAuthority(Error),
}

/// All certificates of a PEM text, at least one.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Unusable> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>()?;
    if certificates.is_empty() { Err(Unusable::Empty) } else { Ok(certificates) }
}

/// The first private key of a PEM text.
pub fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Unusable> {
    Ok(PrivateKeyDer::from_pem_slice(pem)?)
}

/// The certificates of a PEM text as authorities to trust.
pub fn authorities(pem: &[u8]) -> Result<RootCertStore, Unusable> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(Unusable::NotAnAuthority)?;
    }
    Ok(roots)
}

/// Why rustls refuses a certificate together with its key, to follow the words "the certificate".
pub fn why_unfit(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(CertificateError::Other(OtherError(cause)))
            if matches!(cause.downcast_ref(), Some(webpki::Error::UnsupportedCertVersion)) =>
        {
            "is of X.509's version 1, and TLS takes version 3: make it with an extension, such as subjectAltName (openssl x509 -req -extfile FILE …)".to_owned()
        }
        Error::InconsistentKeys(_) => "and its key do not fit: the key is of another certificate".to_owned(),
        error => format!("cannot be used with its key: {error}"),
    }
}
