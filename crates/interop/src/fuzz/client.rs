//! Bytes for our client: the answers of a server that may be broken, or hostile.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use manywire_client::{Answer, Arguments, Client, Options};
use manywire_raw::zerorpc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};

use super::{PATIENCE, Target, runtime};

pub(super) const TARGETS: &[Target] = &[
    Target {
        name: "client_gob",
        about: "gob, from the server",
        run: |bytes| call("gob", bytes),
        seeds: || recorded("gob"),
    },
    Target {
        name: "client_jsonrpc1",
        about: "JSON-RPC 1.0, from the server",
        run: |bytes| call("jsonrpc1+tcp", bytes),
        seeds: || recorded("jsonrpc1+tcp"),
    },
    Target {
        name: "client_jsonrpc",
        about: "the body of a JSON-RPC answer",
        run: |bytes| call("jsonrpc", &http("application/json", bytes)),
        seeds: || {
            vec![
                br#"{"jsonrpc":"2.0","id":0,"result":{"a":[1.5,null]}}"#.into(),
                br#"{"jsonrpc":"2.0","id":0,"error":{"code":-32000,"message":"no"}}"#.into(),
            ]
        },
    },
    Target {
        name: "client_xmlrpc",
        about: "the body of an XML-RPC answer",
        run: |bytes| call("xmlrpc", &http("text/xml", bytes)),
        seeds: || recorded("xmlrpc").into_iter().map(|answer| body(&answer)).collect(),
    },
    Target {
        name: "client_http",
        about: "an HTTP/1 answer",
        run: |bytes| call("jsonrpc", bytes),
        seeds: || recorded("jsonrpc"),
    },
    Target {
        name: "client_websocket",
        about: "the frames of a WebSocket, from the server",
        run: |bytes| call("jsonrpc+ws", bytes),
        seeds: || {
            vec![
                b"\x81\x26{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":[1]}".into(),
                b"\x89\0\x88\x02\x03\xe8".into(),
            ]
        },
    },
    Target {
        name: "client_zerorpc",
        about: "name and arguments of the event that answers a call",
        run: |bytes| call("zerorpc", bytes),
        seeds: || {
            vec![
                b"\xa2OK\x91\x01".into(),
                b"\xa3ERR\x93\xa1a\xa1b\xa1c".into(),
                b"\xa6STREAM\x01".into(),
                b"\xabSTREAM_DONE\xc0".into(),
            ]
        },
    },
    Target {
        name: "client_zmtp",
        about: "ZMTP, from the server",
        run: |bytes| call("zmtp", bytes),
        seeds: || recorded("zerorpc"),
    },
    Target {
        name: "client_grpc",
        about: "HTTP/2 with reflection and an answer, from the server",
        run: |bytes| call("grpc", bytes),
        seeds: || recorded("grpc"),
    },
];

fn http(content_type: &str, body: &[u8]) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: ", content_type.as_bytes(), b"\r\n\r\n", body]
        .concat()
}

fn body(answer: &[u8]) -> Vec<u8> {
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n").map_or(0, |at| at + 4);
    answer[head..].to_vec()
}

/// Makes a call to a server that answers with these bytes, whatever it is asked.
fn call(wire: &'static str, bytes: &[u8]) {
    let bytes: Arc<[u8]> = bytes.into();
    runtime().block_on(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("a listener is bound");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, wire, bytes.clone()));
            }
        });
        let scheme = if wire == "zmtp" { "zerorpc" } else { wire };
        let ended = tokio::time::timeout(PATIENCE, ask(scheme, address)).await;
        ended.expect("a call ends when its connection does");
    });
}

/// One call; whether it fails is up to the server.
async fn ask(scheme: &str, server: SocketAddr) {
    // Some clients connect again until their time is over.
    let timeout = Some(Duration::from_millis(200));
    let options = Options { timeout, connect_timeout: timeout, ..Options::default() };
    let Ok(client) = Client::connect(&format!("{scheme}://{server}"), options).await else { return };
    let (method, arguments) = match scheme {
        "grpc" => ("TypesService/Echo", vec![("string_value".to_owned(), "x".into())]),
        _ => ("ping", vec![("x".to_owned(), "x".into())]),
    };
    if let Ok(Answer::Stream(items)) = client.request(method, Arguments::Record(arguments)).await {
        items.take(100).for_each(async |_| {}).await;
    }
}

/// Waits for a request, answers, and reads until the client leaves.
async fn answer(mut stream: TcpStream, wire: &str, bytes: Arc<[u8]>) -> io::Result<()> {
    let mut request = Vec::new();
    match wire {
        "zerorpc" => {
            // The server's greeting and READY are like a client's.
            stream.write_all(&zerorpc::begin()).await?;
            let id = loop {
                if stream.read_buf(&mut request).await? == 0 {
                    return Ok(());
                }
                if let Some(id) = message_id(&request) {
                    break id;
                }
            };
            stream.write_all(&zerorpc::answer(&id, &bytes)).await?;
        }
        "jsonrpc+ws" => {
            while !request.ends_with(b"\r\n\r\n") {
                if stream.read_buf(&mut request).await? == 0 {
                    return Ok(());
                }
            }
            stream.write_all(&[accept_upgrade(&request).as_bytes(), &bytes].concat()).await?;
        }
        _ => {
            stream.read_buf(&mut request).await?;
            stream.write_all(&bytes).await?;
        }
    }
    stream.shutdown().await?;
    copy(&mut stream, &mut tokio::io::sink()).await?;
    Ok(())
}

/// The bytes of the id of a call, once they are there: binary data of up to 255 bytes, or text of up to 31.
fn message_id(request: &[u8]) -> Option<Vec<u8>> {
    let key = b"message_id";
    let at = request.windows(key.len()).position(|window| window == key)? + key.len();
    match *request.get(at..)? {
        [0xc4 | 0xd9, length, ..] => request.get(at + 2..at + 2 + usize::from(length)).map(<[u8]>::to_vec),
        [short @ 0xa0..=0xbf, ..] => {
            request.get(at + 1..at + 1 + usize::from(short - 0xa0)).map(<[u8]>::to_vec)
        }
        _ => None,
    }
}

fn accept_upgrade(request: &[u8]) -> String {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let original = String::from_utf8_lossy(request);
    let at = text.find("sec-websocket-key: ").map_or(0, |at| at + 19);
    let key = original[at..].lines().next().unwrap_or_default().trim();
    let accept = tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.as_bytes());
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: {accept}\r\n\r\n"
    )
}

/// What our own server answers to the call that the target makes.
fn recorded(scheme: &str) -> Vec<Vec<u8>> {
    runtime().block_on(async {
        let folder = std::env::temp_dir().join(format!("manywire-fuzz-{}", std::process::id()));
        let folder = folder.to_str().expect("folders for temporary files have names in UTF-8").to_owned();
        let flags = ["--listen=any=127.0.0.1:0", "--data-dir", &folder];
        let running = manywire_cli::start(&flags.map(str::to_owned)).await.expect("the server starts");
        let server = running.addresses().next().expect("there is one listener");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("a listener is bound");
        let record = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(pass_on(listener, server, record.clone()));
        ask(scheme, address).await;
        let record = record.lock().unwrap_or_else(PoisonError::into_inner);
        vec![record.clone()]
    })
}

/// Carries one connection, and keeps what the server says.
async fn pass_on(listener: TcpListener, server: SocketAddr, record: Arc<Mutex<Vec<u8>>>) -> io::Result<()> {
    let (mut near, _) = listener.accept().await?;
    let mut far = TcpStream::connect(server).await?;
    let (mut from_near, mut to_near) = near.split();
    let (mut from_far, mut to_far) = far.split();
    let back = async {
        let mut buffer = [0; 4096];
        loop {
            let count = from_far.read(&mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            record.lock().unwrap_or_else(PoisonError::into_inner).extend(&buffer[..count]);
            to_near.write_all(&buffer[..count]).await?;
        }
    };
    tokio::try_join!(copy(&mut from_near, &mut to_far), back)?;
    Ok(())
}
