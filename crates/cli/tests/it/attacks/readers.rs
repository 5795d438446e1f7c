//! Readers who are slow but steady get everything; uploads that stop hold nothing for ever.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use manywire_raw::http1;
use manywire_raw::http2::{begin, data, field_1, headers, message};
use socket2::{Domain, Socket, Type};

use super::{push, wait_until};
use crate::Server;

/// Far longer than the time that a connection may go without progress.
const SLOW: Duration = Duration::from_secs(6);

/// Reads a piece at a time for [`SLOW`], then the rest; how many bytes came.
fn read_slowly(mut stream: TcpStream, until: impl Fn(&[u8]) -> bool) -> usize {
    let begun = Instant::now();
    let (mut buffer, mut total, mut last) = (vec![0; 64 << 10], 0, Vec::new());
    loop {
        if begun.elapsed() < SLOW {
            // Not to wait for something: this is what makes the reader slow.
            std::thread::sleep(Duration::from_millis(100));
        }
        let count = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => panic!("cut after {total} bytes: {error}"),
        };
        total += count;
        last.extend(&buffer[..count]);
        last.drain(..last.len().saturating_sub(100));
        if until(&last) {
            break;
        }
    }
    total
}

/// Less than the whole answer takes.
const IMPATIENT: &[&str] = &["--keep-alive=1s", "--stall=3s"];

const LENGTH: usize = 15 << 20;

/// A connection whose buffer takes little at once, as one over a slow line does.
fn connect_narrow(server: &Server) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(64 << 10).unwrap();
    let target: SocketAddr = server.address("any").parse().unwrap();
    socket.connect(&target.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

/// How an answer ends, and the request for it.
struct Reader {
    wire: &'static str,
    request: Vec<u8>,
    end: &'static [u8],
}

fn readers() -> [Reader; 4] {
    let text = "x".repeat(LENGTH);
    let ping = http1::json_call("ping", &format!("[\"{text}\"]"));
    let echo = http1::xml_call("echo", &text);
    let end = b"\"id\":1}";
    [
        Reader { wire: "HTTP", request: http1::post("/", "", ping.as_bytes()), end },
        Reader {
            wire: "XML-RPC",
            request: http1::post("/RPC2", "content-type: text/xml\r\n", echo.as_bytes()),
            end: b"</methodResponse>",
        },
        Reader {
            wire: "JSON-RPC 1.0",
            request: format!(r#"{{"method":"js.J","params":["{text}"],"id":1}}"#).into_bytes(),
            end: b"\n",
        },
        Reader {
            wire: "WebSocket",
            request: [http1::upgrade(""), http1::websocket_text(&ping)].concat(),
            end,
        },
    ]
}

impl Reader {
    fn run(&self, server: &Server) {
        let mut stream = connect_narrow(server);
        let mut writing = stream.try_clone().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || writing.write_all(&self.request).unwrap());
            // The first bytes come when all was read.
            stream.read_exact(&mut [0; 1]).unwrap();
            let total = read_slowly(stream, |last| last.ends_with(self.end));
            assert!(total > LENGTH, "{}: {total} bytes", self.wire);
        });
    }
}

#[test]
fn who_reads_slowly_and_steadily_gets_everything() {
    let server = Server::start(&["any"], IMPATIENT);
    std::thread::scope(|scope| {
        for reader in readers() {
            let server = &server;
            scope.spawn(move || reader.run(server));
        }
    });
}

#[test]
fn an_upload_that_stops_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(
        &["any", "ops"],
        &["--stall=1s", "--handshake=1s", "--data-dir", folder.path().to_str().unwrap()],
    );
    let piece = message(false, &[field_1(b"name"), vec![0x12, 0x04], b"data".to_vec()].concat());
    let upload = [begin(65_535), headers(1, "/UpFileService/UpLoad", &[]), data(1, &piece)].concat();
    let _open = push(&server, &upload);
    wait_until("the upload has ended", || {
        let metrics = crate::get(server.connect("ops"), "/metrics");
        metrics.contains(r#"manywire_calls_total{method="UpFileService.UpLoad",wire="grpc"} 1"#)
    });
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
