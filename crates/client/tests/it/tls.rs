//! Every wire inside TLS, with certificates on both sides.

use manywire_client::{Client, Options, Tls, Url};
use manywire_core::ErrorKind;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::{pair, serve};

struct Certificates {
    authority: CertifiedIssuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

impl Certificates {
    fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { authority, folder: tempfile::tempdir().unwrap() }
    }

    /// A certificate for this name and its key, in PEM.
    fn issue(&self, name: &str) -> (Vec<u8>, Vec<u8>) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        (certificate.pem().into_bytes(), key.serialize_pem().into_bytes())
    }

    fn file(&self, name: &str, pem: &[u8]) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, pem).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Flags of a server that shows a certificate for localhost, and asks clients for theirs where `mutual`.
    fn flags(&self, mutual: bool) -> Vec<String> {
        let (certificate, key) = self.issue("localhost");
        let mut flags = vec![
            "--tls-cert".to_owned(),
            self.file("cert.pem", &certificate),
            "--tls-key".to_owned(),
            self.file("key.pem", &key),
        ];
        if mutual {
            flags
                .extend(["--tls-client-ca".to_owned(), self.file("ca.pem", self.authority.pem().as_bytes())]);
        }
        flags
    }

    fn trusted(&self) -> Tls {
        Tls { authorities: Some(self.authority.pem().into_bytes()), ..Tls::default() }
    }
}

async fn call(url: &str, tls: Tls) -> Result<(), manywire_core::RpcError> {
    let client = Client::connect(url, Options { tls, ..Options::default() }).await?;
    match url.starts_with("grpc") {
        true => client.call("Greeter/SayHello", Vec::new()).await.map(drop),
        false => client.call("Arith.Multiply", pair(2, 3)).await.map(drop),
    }
}

fn secure_schemes() -> impl Iterator<Item = &'static str> {
    Url::schemes().filter(|scheme| ["tls", "https", "wss"].iter().any(|tls| scheme.ends_with(tls)))
}

#[tokio::test]
async fn every_wire_is_called_inside_tls_by_those_who_trust_the_server() {
    let certificates = Certificates::new();
    let flags = certificates.flags(false);
    let (_running, at) = serve(&flags.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for scheme in secure_schemes() {
        let path = if scheme == "jsonrpc1+https" { "/jsonrpc" } else { "" };
        let url = format!("{scheme}://localhost:{}{path}", at.port());
        call(&url, certificates.trusted()).await.unwrap_or_else(|error| panic!("{scheme}: {error}"));
        call(&url, Tls { insecure: true, ..Tls::default() })
            .await
            .unwrap_or_else(|e| panic!("{scheme}: {e}"));
        let elsewhere = Tls { server_name: Some("elsewhere".into()), ..certificates.trusted() };
        for (tls, words) in [(Tls::default(), "UnknownIssuer"), (elsewhere, "not valid for name")] {
            let error = call(&url, tls).await.unwrap_err();
            assert!(error.kind() == ErrorKind::Unavailable && error.is_unsent(), "{scheme}: {error}");
            assert!(
                error.message().contains(words) && error.message().contains("localhost"),
                "{scheme}: {error}"
            );
        }
    }
    let error =
        call(&format!("gob+tls://127.0.0.1:{}", at.port()), certificates.trusted()).await.unwrap_err();
    assert!(error.message().contains("not valid for name"), "{error}");
}

#[tokio::test]
async fn who_names_an_authority_is_not_called_in_plaintext() {
    let certificates = Certificates::new();
    let named = Tls { server_name: Some("localhost".into()), ..Tls::default() };
    let known = Tls { identity: Some(certificates.issue("client")), ..Tls::default() };
    for tls in [certificates.trusted(), named, known, Tls { insecure: true, ..Tls::default() }] {
        let urls = Url::schemes().map(|scheme| format!("{scheme}://127.0.0.1:1"));
        for url in urls.filter(|url| !url.parse::<Url>().unwrap().tls) {
            let error = call(&url, tls.clone()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
            assert!(
                error.message().contains("is not in TLS, and how to speak TLS was given; write "),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn plaintext_where_tls_is_spoken_is_told_so_and_never_https_as_http() {
    let certificates = Certificates::new();
    let flags = certificates.flags(false);
    let (_running, at) = serve(&flags.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for (scheme, path) in crate::calls::WIRES {
        let error =
            call(&format!("{scheme}://localhost:{}{path}", at.port()), Tls::default()).await.unwrap_err();
        let is_told = error.message().contains("TLS is spoken there; write ");
        let is_hinted = error.message().contains("or only in TLS?");
        let has_words = scheme.ends_with("http") || scheme.ends_with("ws");
        assert!(if has_words { is_told } else { is_hinted }, "{scheme}: {error}");
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{scheme}: {error}");
    }
    for scheme in secure_schemes() {
        let error = call(&format!("{scheme}://localhost:1"), Tls::default()).await.unwrap_err();
        assert!(
            !error.message().contains("http://") && !error.message().contains("ws://"),
            "{scheme}: {error}"
        );
    }
}

/// Made by `openssl x509 -req` without extensions, which some versions make one of X.509's version 1. It is for the key.
const VERSION_1: &str = include_str!("version_1.pem");
const VERSION_1_KEY: &str = include_str!("version_1_key.pem");

#[tokio::test]
async fn both_sides_show_who_they_are() {
    let certificates = Certificates::new();
    let flags = certificates.flags(true);
    let (_running, at) = serve(&flags.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let known = Tls { identity: Some(certificates.issue("client")), ..certificates.trusted() };
    let stranger = Tls { identity: Some(Certificates::new().issue("client")), ..certificates.trusted() };
    for scheme in secure_schemes() {
        let path = if scheme == "jsonrpc1+https" { "/jsonrpc" } else { "" };
        let url = format!("{scheme}://localhost:{}{path}", at.port());
        call(&url, known.clone()).await.unwrap_or_else(|error| panic!("{scheme}: {error}"));
        for tls in [certificates.trusted(), stranger.clone()] {
            assert_eq!(call(&url, tls).await.unwrap_err().kind(), ErrorKind::Unavailable, "{scheme}");
        }
    }
}

#[tokio::test]
async fn a_server_without_tls_and_unusable_files_are_explained() {
    let (_running, at) = serve(&[]).await;
    let error = call(&format!("gob+tls://localhost:{}", at.port()), Tls::default()).await.unwrap_err();
    assert!(error.message().contains("does the server speak TLS"), "{error}");
    let certificates = Certificates::new();
    let (certificate, _) = certificates.issue("client");
    for (tls, words) in [
        (
            Tls { authorities: Some(b"no PEM".to_vec()), ..Tls::default() },
            "the file of authorities has no certificate in PEM",
        ),
        (
            Tls { identity: Some((certificate.clone(), b"no key".to_vec())), ..Tls::default() },
            "client certificate's key cannot be read as PEM",
        ),
        (
            Tls { identity: Some((certificate, certificates.issue("other").1)), ..Tls::default() },
            "do not fit",
        ),
        (
            Tls { identity: Some((VERSION_1.into(), VERSION_1_KEY.into())), ..Tls::default() },
            "the client certificate is of X.509's version 1, and TLS takes version 3",
        ),
    ] {
        let error = call("gob+tls://localhost:1", tls).await.unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidRequest && error.message().contains(words), "{error}");
    }
}
