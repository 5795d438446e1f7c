//! Our client over TLS, with a certificate of its own where the server asks for one.

use std::sync::Arc;

use manywire_core::{Drain, ErrorKind, Limits};
use manywire_grpc::{Client, ClientOptions, Server, TlsOptions};
use manywire_http::Http2;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::host::Host;

/// An authority, and a certificate that it issued.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Serves with TLS, only to clients that the authority vouches for; returns the address.
async fn serve(server: Server, authority: &CertifiedIssuer<'static, KeyPair>) -> String {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".into()]).unwrap().signed_by(&key, authority).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let (acceptor, server) = (acceptor.clone(), server.clone());
            tokio::spawn(async move {
                if let Ok(tls) = acceptor.accept(tcp).await {
                    manywire_http::serve(
                        tls,
                        server,
                        &Limits::default(),
                        &Http2::default(),
                        &Drain::default(),
                    )
                    .await;
                }
            });
        }
    });
    url
}

#[tokio::test]
async fn both_sides_show_who_they_are() {
    let host = Host::start().await;
    let authority = authority();
    let url = serve(host.server.clone(), &authority).await;
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["client".into()]).unwrap().signed_by(&key, &authority).unwrap();
    let trusting = TlsOptions { authorities: Some(authority.pem()), ..Default::default() };
    let known = TlsOptions { identity: Some((certificate.pem(), key.serialize_pem())), ..trusting.clone() };

    let connect = |tls| {
        let url = url.clone();
        async move { Client::connect(&url, ClientOptions { tls, ..Default::default() }).await }
    };
    connect(known.clone()).await.unwrap().call("Greeter/SayHello", vec![]).await.unwrap();
    let stranger = TlsOptions { authorities: None, ..known.clone() };
    let elsewhere = TlsOptions { server_name: Some("elsewhere".into()), ..known };
    for tls in [trusting, stranger, elsewhere] {
        let error = connect(tls).await.unwrap_err();
        assert!(error.kind() == ErrorKind::Unavailable && error.message().contains(&url), "{error}");
    }
}
