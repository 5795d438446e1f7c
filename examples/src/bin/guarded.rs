//! TLS, and a token that every caller has to show in a header or in gRPC's metadata.
//!
//! ```sh
//! openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
//!     -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem
//! TOKEN=secret cargo run --bin guarded
//! curl --cacert cert.pem -H 'authorization: Bearer secret' 'https://localhost:2021/call/whoami'
//! ```

use manywire::server::Tls;
use manywire::{Context, Empty, ErrorKind, Head, Methods, RpcError, Server};

#[tokio::main]
async fn main() -> Result<(), manywire::Error> {
    tracing_subscriber::fmt().init();
    let expected = format!("Bearer {}", std::env::var("TOKEN").unwrap_or_else(|_| "secret".to_owned()));
    let mut methods = Methods::new();
    methods
        .add(
            "whoami",
            "The wire and the address that the call came by.",
            async |context: Context, _: Empty| {
                let address =
                    context.peer_address().map_or("a Unix socket".to_owned(), |a| a.ip().to_string());
                Ok(format!("{} from {address}", context.wire()))
            },
        )
        .safe();
    methods.guard("", move |call: &Head<'_>| match call.metadata().get("authorization") {
        Some(shown) if is_same(shown, expected.as_bytes()) => Ok(()),
        Some(_) => Err(RpcError::new(ErrorKind::Unauthenticated, "this token is not the right one")),
        None => Err(RpcError::new(ErrorKind::Unauthenticated, "send authorization: Bearer TOKEN")),
    });
    let listener = std::env::args().nth(1);
    Server::new(methods)
        .tls(Tls::from_files("cert.pem", "key.pem")?)
        .listen(listener.as_deref().unwrap_or("any=127.0.0.1:2021"))?
        .run()
        .await
}

/// Takes as long wherever the two differ, so that nobody can find the token byte by byte.
fn is_same(shown: &[u8], expected: &[u8]) -> bool {
    let differing = shown.iter().zip(expected).fold(0, |differing, (one, other)| differing | (one ^ other));
    shown.len() == expected.len() && differing == 0
}
