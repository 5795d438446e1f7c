//! Encodings over HTTP: what a content type says, what a document says, and which goes first.

use manywire_core::{Limits, Value};
use manywire_xmlrpc::Client;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::http::{Peer, post};
use crate::serving::serve;

/// "Привет" in KOI8-R.
const GREETING: &[u8] = b"\xF0\xD2\xC9\xD7\xC5\xD4";

fn echo(declaration: &str) -> Vec<u8> {
    let head = format!("{declaration}<methodCall><methodName>echo</methodName><params><param><value>");
    [head.as_bytes(), GREETING, b"</value></param></params></methodCall>"].concat()
}

#[tokio::test]
async fn a_call_is_read_in_the_encoding_that_its_content_type_or_its_declaration_names() {
    let mut peer = Peer::connect(serve(Limits::default()).await).await;
    let declared = |name: &str| format!("<?xml version='1.0' encoding='{name}'?>");
    for (content_type, declaration) in [
        ("text/xml", declared("koi8-r")),
        ("text/xml; charset=koi8-r", String::new()),
        ("application/xml; charset=\"KOI8-R\"", declared("iso-8859-15")),
    ] {
        let headers = format!("content-type: {content_type}\r\n");
        let answer = peer.exchange(&post(&headers, &echo(&declaration))).await;
        assert_eq!(answer.result(), Ok("Привет".into()), "{content_type}");
    }
    let western = peer.exchange(&post("content-type: text/xml\r\n", &echo(&declared("windows-1252")))).await;
    assert_eq!(western.result(), Ok("ðÒÉ×ÅÔ".into()));
    for (content_type, declaration, code) in [
        ("text/xml; charset=none-such", declared("koi8-r"), -32701),
        ("text/xml", declared("none-such"), -32701),
        ("text/xml; charset=utf-8", declared("koi8-r"), -32700),
    ] {
        let headers = format!("content-type: {content_type}\r\n");
        let answer = peer.exchange(&post(&headers, &echo(&declaration))).await;
        assert_eq!(answer.result().unwrap_err().code, code, "{content_type}");
    }
}

/// A server that answers one request on each connection.
async fn answering(content_type: &'static str, declaration: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"</methodCall>\n") {
            stream.read_buf(&mut request).await.unwrap();
        }
        let (before, after) =
            ("<methodResponse><params><param><value>", "</value></param></params></methodResponse>");
        let body = [declaration.as_bytes(), before.as_bytes(), GREETING, after.as_bytes()].concat();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
    });
    format!("http://{address}")
}

#[tokio::test]
async fn our_client_reads_what_servers_answer_in() {
    for (content_type, declaration) in [
        ("text/xml", "<?xml version=\"1.0\" encoding=\"koi8-r\"?>"),
        ("text/xml; charset=koi8-r", "<?xml version=\"1.0\"?>"),
    ] {
        let client =
            Client::connect(&answering(content_type, declaration).await, &Limits::default()).unwrap();
        assert_eq!(client.call("greet", vec![]).await, Ok(Value::from("Привет")));
    }
    let unknown = answering("text/xml; charset=none-such", "").await;
    let error =
        Client::connect(&unknown, &Limits::default()).unwrap().call("greet", vec![]).await.unwrap_err();
    assert!(error.message().contains("`none-such` is no encoding that is known here"), "{error}");
}
