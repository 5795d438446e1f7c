//! A connection between Go's client and Go's server, as it was recorded: ours must send what Go's client sent. The netrpc
//! crate plays the other half to our server.

use manywire_core::Limits;
use manywire_netrpc::Client;
use manywire_notes::arith::{Args, Quotient};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

const CAPTURE: &str = include_str!("../../../netrpc/tests/vectors/netrpc-go1.19.8.txt");

#[tokio::test]
async fn our_client_sends_gos_bytes_and_understands_gos_answers() {
    let (ours, mut server) = duplex(1 << 16);
    let client = Client::gob(ours, &Limits::default());
    let mut exchanges = exchanges().into_iter();
    let args = |a, b| Args { a, b };

    let product = client.start::<_, i64>("Arith.Multiply", args(17, 8));
    answer(&mut server, exchanges.next()).await;
    assert_eq!(product.await, Ok(136));

    let product = client.start::<_, i64>("Arith.Multiply", args(3, -4));
    answer(&mut server, exchanges.next()).await;
    assert_eq!(product.await, Ok(-12));

    let quotient = client.start::<_, Quotient>("Arith.Divide", args(17, 8));
    answer(&mut server, exchanges.next()).await;
    assert_eq!(quotient.await, Ok(Quotient { quo: 2, rem: 1 }));

    let failed = client.start::<_, Quotient>("Arith.Divide", args(17, 0));
    answer(&mut server, exchanges.next()).await;
    assert_eq!(failed.await.unwrap_err().message(), "divide by zero");

    let unknown = client.start::<_, i64>("Arith.Nope", args(17, 0));
    answer(&mut server, exchanges.next()).await;
    assert_eq!(unknown.await.unwrap_err().message(), "rpc: can't find method Arith.Nope");
}

/// Expects the recorded request, and gives the recorded answer.
async fn answer(server: &mut DuplexStream, exchange: Option<(Vec<u8>, Vec<u8>)>) {
    let (sent, answered) = exchange.unwrap();
    assert_eq!(hex(&read(server, sent.len()).await), hex(&sent));
    server.write_all(&answered).await.unwrap();
}

async fn read(stream: &mut DuplexStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).await.unwrap();
    bytes
}

/// What the client sent and what the server answered, call by call.
fn exchanges() -> Vec<(Vec<u8>, Vec<u8>)> {
    let sections =
        CAPTURE.split("\n== ").filter(|section| section.starts_with("C>S ") || section.starts_with("S>C "));
    let whole = |section: &str| {
        let line = section.lines().find_map(|line| line.trim().strip_prefix("whole: "));
        unhex(line.unwrap())
    };
    let streams: Vec<_> = sections.map(whole).collect();
    let exchanges: Vec<_> = streams.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
    assert_eq!(exchanges.len(), 5);
    exchanges
}

fn unhex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
