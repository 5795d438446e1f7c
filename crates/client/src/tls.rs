//! Whom a client trusts, and how it shows who it is.

use std::fmt;
use std::sync::Arc;

use manywire_core::{Origin, RpcError};
use manywire_tls::{Unusable, authorities, certificates, private_key, why_unfit};
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

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
            .with_client_auth_cert(
                certificates(certificate).map_err(unusable("the file of the client certificate"))?,
                private_key(key).map_err(unusable("the file of the client certificate's key"))?,
            )
            .map_err(|error| invalid(&format!("the client certificate {}", why_unfit(&error))))?,
    };
    config.alpn_protocols = protocol.map(<[u8]>::to_vec).into_iter().collect();
    Ok(Arc::new(config))
}

/// The authorities that were named, else the system's, else (in a container, say) those that Mozilla trusts.
fn roots(tls: &Tls) -> Result<RootCertStore, RpcError> {
    if let Some(pem) = &tls.authorities {
        return authorities(pem).map_err(unusable("the file of authorities"));
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    Ok(roots)
}

fn unusable(what: &str) -> impl Fn(Unusable) -> RpcError {
    move |error| invalid(&format!("{what} {error}"))
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
