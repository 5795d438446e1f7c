//! More connections than there is room for.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::{BASE, Process, Target, every_wire_answers};
use crate::{Server, get};

const CALL: &[u8] = br#"{"method":"js.J","params":["x"],"id":1}"#;

/// A connection that made a call and stays.
fn guest(server: &Server) -> TcpStream {
    still_served(server.connect("any"))
}

#[test]
fn few_connections_serve_many_listeners() {
    let listeners = ["any", "netrpc", "netrpc,zerorpc", "jsonrpc,netrpc", "http,netrpc"];
    let server = Server::start(&listeners, &["--max-connections=3"]);
    for listener in listeners.iter().chain(&listeners) {
        let mut stream = server.connect(listener);
        stream.write_all(CALL).unwrap();
        stream.read_exact(&mut [0; 35]).unwrap_or_else(|error| panic!("{listener}: {error}"));
    }
}

#[test]
fn connections_that_made_no_call_make_room() {
    let target = Target::of(Server::start(&["any", "ops"], &["--max-connections=40"]));
    target.withstands(|server| (0..80).map(|_| server.connect("any")).collect::<Vec<_>>());
}

#[test]
fn idle_connections_of_the_address_with_most_make_room() {
    let target = Target::of(Server::start(&["any", "ops"], &["--max-connections=40"]));
    target.withstands(|server| {
        let honest = guest(server);
        let crowd: Vec<_> = (0..80).map(|_| guest_from(server, [127, 0, 0, 2])).collect();
        every_wire_answers(server);
        (still_served(honest), crowd)
    });
}

/// A connection from another address of this machine, which made a call.
fn guest_from(server: &Server, address: [u8; 4]) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((address, 0)).into()).unwrap();
    let target: SocketAddr = server.address("any").parse().unwrap();
    socket.connect(&target.into()).unwrap();
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    still_served(stream)
}

fn still_served(mut stream: TcpStream) -> TcpStream {
    stream.write_all(CALL).unwrap();
    stream.read_exact(&mut [0; 35]).unwrap();
    stream
}

#[test]
fn one_address_has_its_share() {
    let server = Server::start(&["any", "ops"], &["--max-connections-per-address=4"]);
    let _crowd: Vec<_> = (0..20).map(|_| server.connect("any")).collect();
    let open = || {
        let metrics = get(server.connect("ops"), "/metrics");
        let lines = metrics.lines().filter(|line| line.starts_with("manywire_connections{"));
        lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<u32>().ok()).sum::<u32>()
    };
    drop(guest_from(&server, [127, 0, 0, 2]));
    // The one that asks is one of HTTP.
    assert!(open() <= 5, "{}", open());
}

#[test]
fn the_operations_port_answers_when_the_wires_have_used_up_their_files() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 100; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_manywire")]);
    let server = Server::start_as(command, &["any", "ops"], &[]);
    let _crowd: Vec<_> = (0..200).map(|_| server.connect("any")).collect();
    let begun = Instant::now();
    for _ in 0..5 {
        assert!(get(server.connect("ops"), "/healthz").ends_with("ok\n"));
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?} for 5 answers", begun.elapsed());
}

#[test]
fn two_thousand_connections_at_once_hold_little_and_give_it_back() {
    let server = Server::start(&["any", "ops"], &[]);
    every_wire_answers(&server);
    let process = Process(server.child.id());
    let before = process.resident();
    let crowd: Vec<_> = (0..2_000).map(|_| guest(&server)).collect();
    every_wire_answers(&server);
    let each = process.resident().saturating_sub(before) / 2_000;
    assert!(each < 16 << 10, "{each} bytes for each connection");
    drop(crowd);
    super::wait_until("the memory is given back", || process.resident() <= before + BASE);
}
