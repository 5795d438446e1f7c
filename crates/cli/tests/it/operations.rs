//! The operations port answers when nothing else does.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use futures_util::StreamExt as _;
use manywire_client::{Client, Options};
use manywire_core::Value;

use crate::{Server, get};

fn connect(address: impl std::net::ToSocketAddrs) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

#[test]
fn ops_answers_while_every_thread_of_the_wires_is_busy() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let flags = ["any=127.0.0.1:0", "ops=127.0.0.1:0"].map(|listen| format!("--listen={listen}"));
    let running = runtime.block_on(manywire_cli::start(&flags)).unwrap();
    let addresses: Vec<_> = running.addresses().collect();
    let (release, released) = mpsc::channel::<()>();
    let (began, begun) = mpsc::channel();
    runtime.spawn(async move {
        began.send(()).unwrap();
        // Held up, as by a message that takes long to read.
        released.recv().ok();
    });
    begun.recv().unwrap();
    for path in ["/healthz", "/readyz", "/metrics", "/debug/rpc"] {
        assert!(get(connect(addresses[1]), path).starts_with("HTTP/1.1 200"), "{path}");
    }
    let mut waiting = connect(addresses[0]);
    waiting.write_all(br#"{"method":"js.J","params":["x"],"id":1}"#).unwrap();
    waiting.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(waiting.read(&mut [0]).is_err(), "no thread is left for the wires");
    drop(release);
    waiting.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    waiting.read_exact(&mut [0]).unwrap();
    runtime.block_on(running.stop(running.drain()));
}

#[tokio::test]
async fn ops_answers_while_uploads_have_every_open_file() {
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "ulimit -n 100; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_manywire")]);
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_as(limited, &["any", "ops"], &["--data-dir", folder.path().to_str().unwrap()]);
    let client =
        Client::connect(&format!("grpc://{}", server.address("any")), Options::default()).await.unwrap();
    // Each begins a file of its own and does not end it.
    let (refused, mut refusal) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..100 {
        let first = Value::map([("name", format!("file {number}").into()), ("content", "eA==".into())]);
        let requests = futures_util::stream::iter([first]).chain(futures_util::stream::pending());
        let (client, refused) = (client.clone(), refused.clone());
        tokio::spawn(async move {
            refused.send(client.send("UpFileService/UpLoad", requests).await.unwrap_err()).ok();
        });
    }
    let error = refusal.recv().await.unwrap();
    assert!(error.code().is_some(), "the files are used up: {error}");
    for path in ["/healthz", "/metrics", "/readyz"] {
        assert!(get(connect(server.address("ops")), path).starts_with("HTTP/1.1 200"), "{path}");
    }
    // As many as are kept for it, at one time.
    let mut open: Vec<TcpStream> = (0..8).map(|_| connect(server.address("ops"))).collect();
    for stream in &mut open {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
        stream.read_exact(&mut [0; 15]).unwrap();
    }
}
