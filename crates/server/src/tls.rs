//! TLS in front of any wire: a certificate, and for mutual TLS the authorities whose clients are let in.

use std::io;
use std::path::Path;
use std::sync::Arc;

use manywire_tls::{Unusable, authorities, certificates, private_key, why_unfit};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::server::TlsStream;

use crate::Error;

/// The certificate of a server, and whom it lets in.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl Tls {
    /// With a certificate chain and its key, both PEM files.
    pub fn from_files(certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, Error> {
        build(certificate.as_ref(), key.as_ref(), None)
    }

    /// Mutual TLS: clients have to show a certificate that one of these authorities has signed, a PEM file too.
    pub fn mutual_from_files(
        certificate: impl AsRef<Path>,
        key: impl AsRef<Path>,
        client_authorities: impl AsRef<Path>,
    ) -> Result<Self, Error> {
        build(certificate.as_ref(), key.as_ref(), Some(client_authorities.as_ref()))
    }

    /// Completes a handshake on a stream.
    pub(crate) async fn accept<IO: AsyncRead + AsyncWrite + Unpin>(
        &self,
        io: IO,
    ) -> io::Result<TlsStream<IO>> {
        self.0.accept(io).await
    }
}

/// With a configuration of rustls. Where it names no protocols for ALPN, HTTP/2 and HTTP/1.1 are offered.
impl From<Arc<ServerConfig>> for Tls {
    fn from(mut config: Arc<ServerConfig>) -> Self {
        if config.alpn_protocols.is_empty() {
            Arc::make_mut(&mut config).alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        }
        Self(config.into())
    }
}

/// The certificate that a client has shown, if it was asked for one.
pub(crate) fn certificate<IO>(io: &TlsStream<IO>) -> Option<Arc<[u8]>> {
    let (_, connection) = io.get_ref();
    connection.peer_certificates()?.first().map(|certificate| certificate.as_ref().into())
}

fn build(certificate: &Path, key: &Path, client_authorities: Option<&Path>) -> Result<Tls, Error> {
    let chain = read(certificate, certificates)?;
    let private = read(key, private_key)?;
    let builder = match client_authorities {
        None => ServerConfig::builder().with_no_client_auth(),
        Some(path) => {
            let roots = Arc::new(read(path, authorities)?);
            let verifier = WebPkiClientVerifier::builder(roots).build();
            let verifier = verifier.map_err(|error| Error::tls(path, &error))?;
            ServerConfig::builder().with_client_cert_verifier(verifier)
        }
    };
    let config = builder.with_single_cert(chain, private);
    let config =
        config.map_err(|error| Error::tls(certificate, &format!("the certificate {}", why_unfit(&error))))?;
    Ok(Arc::new(config).into())
}

fn read<T>(path: &Path, parse: impl Fn(&[u8]) -> Result<T, Unusable>) -> Result<T, Error> {
    let pem = std::fs::read(path).map_err(|error| Error::tls(path, &format!("cannot be read: {error}")))?;
    parse(&pem).map_err(|error| Error::tls(path, &error))
}
