//! TLS in front of any wire: a certificate, and for mutual TLS the authorities whose clients are let in.

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use manywire_client::why_unfit;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;

use crate::settings::TlsFiles;

/// Shakes hands as a server.
pub(crate) struct Acceptor(tokio_rustls::TlsAcceptor);

impl Acceptor {
    /// Reads the files.
    pub(crate) fn new(files: &TlsFiles) -> anyhow::Result<Self> {
        let certificates = read_certificates(&files.cert)?;
        let key = PrivateKeyDer::from_pem_file(&files.key);
        let key = key.with_context(|| format!("no private key can be read from {}", files.key.display()))?;
        let builder = match &files.client_ca {
            None => ServerConfig::builder().with_no_client_auth(),
            Some(path) => {
                let verifier = WebPkiClientVerifier::builder(Arc::new(read_authorities(path)?)).build();
                ServerConfig::builder()
                    .with_client_cert_verifier(verifier.context("the client authorities are of no use")?)
            }
        };
        let config = builder.with_single_cert(certificates, key);
        let mut config = config.map_err(|error| {
            anyhow::anyhow!("{}: the certificate {}", files.cert.display(), why_unfit(&error))
        })?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config).into()))
    }

    /// Shakes hands on a stream.
    pub(crate) async fn accept<IO: AsyncRead + AsyncWrite + Unpin>(
        &self,
        io: IO,
    ) -> io::Result<TlsStream<IO>> {
        self.0.accept(io).await
    }
}

/// The certificate that a client has shown, if it was asked for one.
pub(crate) fn certificate<IO>(io: &TlsStream<IO>) -> Option<Arc<[u8]>> {
    let (_, connection) = io.get_ref();
    connection.peer_certificates()?.first().map(|certificate| certificate.as_ref().into())
}

fn read_certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = || CertificateDer::pem_file_iter(path)?.collect::<Result<Vec<_>, _>>();
    let certificates =
        read().with_context(|| format!("no certificates can be read from {}", path.display()))?;
    anyhow::ensure!(!certificates.is_empty(), "{} holds no certificate in PEM", path.display());
    Ok(certificates)
}

fn read_authorities(path: &Path) -> anyhow::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in read_certificates(path)? {
        roots
            .add(certificate)
            .with_context(|| format!("{} holds a certificate that is no authority", path.display()))?;
    }
    Ok(roots)
}
