//! Gob's type definitions and dynamic values.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use manywire_raw::gob::{
    ARGUMENT, FIRST, INT, INTERFACE, STRING, UINT, begin, define, int, interface, list_in_pieces, map_of,
    message, ping, ping_header, slice_of, struct_of, text, uint,
};

use super::process::Process;
use super::{BUDGETS, Target, push, tell, wait_until};
use crate::Server;

/// The types of a chain: a slice of the next, and so on.
fn chain(length: i64) -> impl DoubleEndedIterator<Item = (i64, Vec<u8>)> {
    let end = FIRST + length;
    (FIRST..end).map(move |id| (id, slice_of(id, if id + 1 < end { id + 1 } else { INT })))
}

/// Structs with a field of each other's type.
fn clique(size: i64) -> Vec<u8> {
    let others = |id| (FIRST..FIRST + size).filter(move |other| *other != id);
    let fields = |id| others(id).map(|other| (format!("{other}"), other)).collect::<Vec<_>>();
    (FIRST..FIRST + size).flat_map(|id| define(id, &struct_of(id, "", &fields(id)))).collect()
}

#[test]
fn a_chain_of_7_000_type_definitions_is_refused_or_read() {
    let target = Target::start(&[]);
    let definitions: Vec<u8> = chain(7_000).flat_map(|(id, link)| define(id, &link)).collect();
    let attack = [begin(FIRST), definitions, ping(1, &[1, 0])].concat();
    target.withstands(|server| tell(server, &attack));
}

#[test]
fn a_chain_of_definitions_inside_an_interface_is_refused_or_read() {
    let target = Target::start(&[]);
    // A definition, the length of what is left, the next definition, …
    let mut x = [int(FIRST), uint(2), vec![0, 0]].concat();
    for (id, link) in chain(7_000).rev() {
        x = [int(-id), link, uint(x.len() as u64), x].concat();
    }
    let attack = [begin(INTERFACE), ping(1, &[text("x"), x].concat())].concat();
    target.withstands(|server| tell(server, &attack));
}

#[test]
fn structs_that_refer_to_one_another_cost_next_to_nothing() {
    let target = Target::start(&[]);
    target.withstands(|server| {
        // Each further struct doubles, at least, the ways through all of them.
        for size in [8, 9, 10, 11, 12, 30] {
            tell(server, &[begin(FIRST), clique(size), ping(1, &[0])].concat());
        }
    });
}

#[test]
fn the_same_structs_as_an_answer_cost_the_client_as_little() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("gob://{}", listener.local_addr().unwrap());
    let mut call = crate::program();
    let mut client =
        call.args(["call", &url, "ping", "1"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    let fields =
        [("ServiceMethod".to_owned(), STRING), ("Seq".to_owned(), UINT), ("Error".to_owned(), STRING)];
    let header = define(200, &struct_of(200, "Response", &fields));
    let response = message(&[int(200), vec![0]].concat());
    let answer = [header, response, clique(10), message(&[int(FIRST), vec![0]].concat())].concat();
    std::io::Write::write_all(&mut stream, &answer).unwrap();
    let (process, mut peak) = (Process(client.id()), 0);
    wait_until("the client has ended", || {
        peak = process.peak().unwrap_or(0).max(peak);
        client.try_wait().unwrap().is_some()
    });
    assert!(peak > 0 && peak < 100 << 20, "{} MiB", peak >> 20);
}

#[test]
fn a_map_of_many_keys_takes_linear_time() {
    let target = Target::of(Server::start(&["any", "ops"], &[]));
    let keys = 40_000;
    let entries: Vec<u8> = (0..keys).flat_map(|key| [text(&format!("{key}")), int(1)].concat()).collect();
    let map = define(FIRST, &map_of(FIRST, STRING, INT));
    let attack = [begin(FIRST), map, ping(1, &[uint(keys), entries].concat())].concat();
    target.withstands(|server| {
        let answer = tell(server, &attack);
        assert!(answer.len() > 300_000, "{}", answer.escape_ascii());
    });
}

#[test]
fn a_value_in_2_000_pieces_is_read_in_linear_time() {
    let target = Target::start(&[]);
    let list = define(FIRST, &slice_of(FIRST, INTERFACE));
    let attack = [begin(FIRST), list, ping_header(1), list_in_pieces(ARGUMENT, 2_000)].concat();
    assert!(attack.len() < 60_000, "{}", attack.len());
    target.withstands(|server| tell(server, &attack));
}

#[test]
fn types_without_end_do_not_add_up_on_a_connection() {
    let target = Target::start(&[]);
    // Each call brings a type of its own inside an interface, and its answer needs one too.
    let calls = (0..1_000).flat_map(|seq: u64| {
        let id = FIRST + seq as i64;
        let fields: Vec<_> = (0..100).map(|at| (format!("Field{seq}x{at}"), INT)).collect();
        let definition = [int(-id), struct_of(id, "", &fields)].concat();
        ping(seq, &interface(&definition, &int(id), &[1, 2, 0]))
    });
    let attack = [begin(INTERFACE), calls.collect()].concat();
    target.withstands(|server| push(server, &attack));
}

#[test]
fn announced_lengths_are_believed_only_when_the_bytes_come() {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -v 1500000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_manywire")]);
    let target = Target::of(Server::start_as(command, &["any", "ops"], BUDGETS));
    let announced = [begin(STRING), ping_header(1), uint(16 << 20), b"\xff\x81".to_vec()].concat();
    target.withstands(|server| (0..300).map(|_| push(server, &announced)).collect::<Vec<_>>());
}

#[test]
fn values_are_nested_as_deep_as_on_the_other_wires_and_no_deeper() {
    let target = Target::start(&[]);
    let nested = |levels: i64| {
        let definitions: Vec<u8> = chain(levels).flat_map(|(id, link)| define(id, &link)).collect();
        // One item in each list, and none in the innermost.
        let x = [vec![1; levels as usize - 1], vec![0]].concat();
        tell(&target.server, &[begin(FIRST), definitions, ping(1, &x)].concat())
    };
    let contains = |answer: &[u8], text: &str| answer.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(!contains(&nested(120), "128"));
    assert!(contains(&nested(140), "128"), "{}", nested(140).escape_ascii());
}
