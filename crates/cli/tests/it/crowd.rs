//! Too many connections: who is let in, who has to leave, and who stays.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::{Server, get};

const CALL: &str = r#"{"method":"js.J","params":["x"],"id":1}"#;
const ANSWER: &str = "{\"id\":1,\"result\":\"123,x\",\"error\":null}\n";

/// Calls, and reads the answer.
fn call(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(CALL.as_bytes())?;
    let mut answer = [0; ANSWER.len()];
    stream.read_exact(&mut answer)?;
    assert_eq!(String::from_utf8_lossy(&answer), ANSWER);
    Ok(())
}

fn has_ended(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let read = stream.read(&mut [0]);
    stream.set_nonblocking(false).unwrap();
    matches!(read, Ok(0))
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "it never came true: {what}");
        std::thread::yield_now();
    }
}

#[test]
fn a_few_connections_are_enough_for_many_listeners() {
    let wires = ["netrpc", "any", "netrpc,zerorpc", "netrpc,http", "netrpc,xmlrpc"];
    let server = Server::start(&wires, &["--max-connections", "3"]);
    let mut kept = Vec::new();
    for name in wires.iter().chain(&wires) {
        let mut stream = server.connect(name);
        call(&mut stream).unwrap();
        kept.push(stream);
    }
}

#[test]
fn silent_connections_make_room_and_callers_stay() {
    let server = Server::start(&["any"], &["--max-connections", "8", "--handshake", "1h"]);
    let mut caller = server.connect("any");
    call(&mut caller).unwrap();
    let mut silent: Vec<TcpStream> = (0..7).map(|_| server.connect("any")).collect();
    // Half a request is no call.
    silent[6].write_all(&CALL.as_bytes()[..10]).unwrap();
    let mut newcomer = server.connect("any");
    call(&mut newcomer).unwrap();
    wait_until("the one that was silent longest has left", || has_ended(&mut silent[0]));
    assert!(!silent.iter_mut().skip(1).any(has_ended));
    for _ in 0..20 {
        silent.push(server.connect("any"));
    }
    call(&mut caller).unwrap();
    call(&mut newcomer).unwrap();
}

#[test]
fn a_call_under_way_is_never_cut_to_make_room() {
    let server = Server::start(&["any"], &["--max-connections", "1"]);
    let mut busy = server.connect("any");
    call(&mut busy).unwrap();
    busy.write_all(br#"{"method":"Demo.Sleep","params":[700],"id":1}"#).unwrap();
    // The sleep is under way once a later call is answered.
    call(&mut busy).unwrap();
    let begun = Instant::now();
    let mut second = server.connect("any");
    call(&mut second).unwrap();
    assert!(begun.elapsed() > Duration::from_millis(500), "it waited: {:?}", begun.elapsed());
    let mut answer = String::new();
    busy.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "{\"id\":1,\"result\":700,\"error\":null}\n");
}

#[test]
fn an_endless_stream_of_grpc_keeps_its_place() {
    use futures_util::StreamExt as _;
    let server = Server::start(&["any"], &["--max-connections", "2", "--tick", "10ms"]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let url = format!("grpc://{}", server.address("any"));
        let client = manywire_client::Client::connect(&url, Default::default()).await.unwrap();
        let requests = futures_util::stream::pending();
        let mut items = client.exchange("Greeter/AllStream", requests).await.unwrap();
        items.next().await.unwrap().unwrap();
        for _ in 0..10 {
            call(&mut server.connect("any")).unwrap();
            items.next().await.unwrap().unwrap();
        }
    });
}

/// A connection from another address of the loopback network.
fn connect_from(host: [u8; 4], to: &str) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((host, 0)).into()).unwrap();
    socket.connect(&to.parse::<SocketAddr>().unwrap().into()).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket.into()
}

#[test]
#[cfg(target_os = "linux")]
fn an_address_has_its_share_and_no_more() {
    let server = Server::start(&["any"], &["--max-connections-per-address", "2"]);
    let to = server.address("any");
    let mut first = connect_from([127, 0, 0, 2], to);
    call(&mut first).unwrap();
    let mut second = connect_from([127, 0, 0, 2], to);
    call(&mut second).unwrap();
    let mut third = connect_from([127, 0, 0, 2], to);
    call(&mut third).unwrap();
    wait_until("the first has left", || has_ended(&mut first));
    for stream in [&mut second, &mut third] {
        stream.write_all(CALL.as_bytes()).unwrap();
        stream.write_all(br#"{"method":"Demo.Sleep","params":[60000],"id":2}"#).unwrap();
        // The second call is under way once a later one is answered.
        stream.write_all(CALL.as_bytes()).unwrap();
        stream.read_exact(&mut [0; 2 * ANSWER.len()]).unwrap();
    }
    let mut fourth = connect_from([127, 0, 0, 2], to);
    assert_eq!(fourth.read(&mut [0]).unwrap(), 0, "both of its connections are busy");
    call(&mut connect_from([127, 0, 0, 3], to)).unwrap();
}

#[test]
fn few_open_files_are_no_reason_to_be_deaf() {
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "ulimit -n 128; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_manywire")]);
    let server = Server::start_as(limited, &["any", "ops"], &["--handshake", "1h"]);
    let silent: Vec<TcpStream> = (0..300).map(|_| server.connect("any")).collect();
    call(&mut server.connect("any")).unwrap();
    assert!(get(server.connect("ops"), "/healthz").ends_with("ok\n"));
    drop(silent);
}
