//! Whom a client trusts, and how it shows who it is.

use std::fmt;
use std::sync::Arc;

use manywire_core::{Origin, RpcError};
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};

/// How to speak TLS, where the URL asks for it. All texts are PEM.
#[derive(Clone, Default)]
pub struct Tls {
    /// Authorities to trust in place of the system's.
    pub authorities: Option<Vec<u8>>,
    /// Our certificate and its key, where the server asks for one.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
    /// The name to expect in the server's certificate, where it differs from the URL's.
    pub server_name: Option<String>,
    /// Whether any certificate will do. Whoever is in between can then read and change everything.
    pub insecure: bool,
}

impl Tls {
    /// Whether anything was said of TLS at all.
    pub fn is_given(&self) -> bool {
        self.insecure || self.authorities.is_some() || self.identity.is_some() || self.server_name.is_some()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys stay out of logs.
        f.debug_struct("Tls")
            .field("server_name", &self.server_name)
            .field("insecure", &self.insecure)
            .finish()
    }
}

/// The configuration of connections that offer `protocol` by ALPN.
pub(crate) fn config(tls: &Tls, protocol: Option<&[u8]>) -> Result<Arc<ClientConfig>, RpcError> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid(&error.to_string()))?;
    let builder = if tls.insecure {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
    } else {
        builder.with_root_certificates(roots(tls)?)
    };
    let mut config = match &tls.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(certificates(certificate, "client's certificates")?, private_key(key)?)
            .map_err(|error| invalid(&format!("the client certificate {}", why_unfit(&error))))?,
    };
    config.alpn_protocols = protocol.map(<[u8]>::to_vec).into_iter().collect();
    Ok(Arc::new(config))
}

/// Why a certificate and its key cannot be shown, as what comes after "the certificate".
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

/// The authorities that were named, else the system's, else (in a container, say) those that Mozilla trusts.
fn roots(tls: &Tls) -> Result<RootCertStore, RpcError> {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = &tls.authorities {
        for certificate in certificates(pem, "authorities")? {
            roots
                .add(certificate)
                .map_err(|error| invalid(&format!("an authority is of no use: {error}")))?;
        }
        return Ok(roots);
    }
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    Ok(roots)
}

fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, RpcError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(invalid(&format!("the {what} hold no certificate in PEM"))),
        Err(error) => Err(invalid(&format!("the {what} cannot be read as PEM: {error}"))),
    }
}

fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, RpcError> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| {
        invalid(&format!("the key of the client certificate cannot be read as PEM: {error}"))
    })
}

fn invalid(message: &str) -> RpcError {
    RpcError::arose(Origin::Usage, format!("TLS: {message}"))
}

/// Checks that the server holds the key of its certificate, and nothing else.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
