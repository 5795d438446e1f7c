//! Our bytes against those of Python's client and server, recorded in `tests/vectors`.

use std::sync::Arc;

use futures_util::stream;
use manywire_core::{Connection, Dispatch, Drain, ErrorKind, Limits, Methods, Metrics, RpcError, Value};
use manywire_zerorpc::Client;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

const RECORDED: &str = include_str!("../vectors/calls.txt");
const GREETING: usize = 64;

/// What one side said before the other's next word.
struct Turn {
    from_client: bool,
    bytes: Vec<u8>,
}

fn turns() -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for line in RECORDED.lines() {
        let (sign, hex) = line.split_once(' ').unwrap();
        let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        let bytes = digits.map(|pair| u8::from_str_radix(pair, 16).unwrap());
        let from_client = sign == ">";
        match turns.last_mut().filter(|turn| turn.from_client == from_client) {
            Some(turn) => turn.bytes.extend(bytes),
            None => turns.push(Turn { from_client, bytes: bytes.collect() }),
        }
    }
    turns
}

/// All that one side said.
fn said(by_client: bool) -> Vec<u8> {
    let turns = turns().into_iter().filter(|turn| turn.from_client == by_client);
    turns.flat_map(|turn| turn.bytes).collect()
}

/// Cuts complete frames off the front: their flags and bodies.
fn frames(bytes: &mut Vec<u8>) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    loop {
        let (size, length) = match bytes[..] {
            [flags, length, ..] if flags & 2 == 0 => (2, usize::from(length)),
            [_, _, _, _, _, _, _, high, low, ..] => (9, usize::from(high) << 8 | usize::from(low)),
            _ => return frames,
        };
        if bytes.len() < size + length {
            return frames;
        }
        let rest = bytes.split_off(size + length);
        let frame = std::mem::replace(bytes, rest);
        frames.push((frame[0], frame[size..].to_vec()));
    }
}

/// A frame without what differs between any two runs: the event's own id, and the traceback of an error.
fn comparable((flags, mut body): (u8, Vec<u8>)) -> String {
    const ID: std::ops::Range<usize> = 15..47;
    if body.len() > ID.end && body.starts_with(b"\x93") {
        body[ID].fill(b'_');
    }
    if let Some(error) = body.windows(4).position(|window| window == b"\xa3ERR") {
        let traceback =
            body[error..].windows(9).rposition(|window| window == b"NameError" || window == b"ZeroDivis");
        body.truncate(error + traceback.unwrap() - 2);
        return body.escape_ascii().to_string();
    }
    format!("{flags} {}", body.escape_ascii())
}

#[derive(Default, Deserialize)]
struct Any {
    x: Value,
}

#[derive(Default, Deserialize)]
struct Name {
    name: String,
}

#[derive(Default, Deserialize)]
struct Three {
    a: i64,
    b: i64,
    c: i64,
}

#[derive(Default, Deserialize)]
struct Two {
    _a: i64,
    _b: i64,
}

/// The methods of the recorded server.
fn recorded_service() -> Methods {
    let mut methods = Methods::new();
    methods.add("hello", "", |Name { name }: Name| async move { Ok(format!("Hello,{name}")) });
    methods.add("echo", "", |Any { x }: Any| async move { Ok(x) });
    methods.add("divide", "", |_: Two| async {
        Err::<i64, _>(RpcError::new(ErrorKind::DivideByZero, "integer division or modulo by zero"))
    });
    methods.add_stream("streaming_range", "", |Three { a, b, c }: Three| {
        stream::iter((a..b).step_by(usize::try_from(c).unwrap()).map(Ok))
    });
    methods
}

fn serve(io: DuplexStream) {
    let limits = Arc::new(Limits::default());
    let dispatch = Dispatch::new("zerorpc", Arc::new(recorded_service()), &Metrics::new());
    let connection = Connection::new(dispatch.session(&limits), limits, Drain::default());
    tokio::spawn(manywire_zerorpc::serve(io, connection));
}

#[tokio::test]
async fn our_server_answers_pythons_client_as_pythons_server_did() {
    let (mut io, server) = duplex(1 << 16);
    serve(server);
    let mut ours = Vec::new();
    let mut expected = Vec::new();
    let mut greeted = false;
    for turn in turns() {
        if turn.from_client {
            io.write_all(&turn.bytes).await.unwrap();
            continue;
        }
        expected.extend(turn.bytes);
        if !greeted {
            // The greeting goes back and forth in pieces, whose cut does not matter.
            while ours.len() < expected.len() {
                io.read_buf(&mut ours).await.unwrap();
            }
            if expected.len() < GREETING {
                continue;
            }
            assert_eq!(ours[..GREETING], expected[..GREETING]);
            ours.drain(..GREETING);
            expected.drain(..GREETING);
            greeted = true;
        }
        let theirs: Vec<String> = frames(&mut expected).into_iter().map(comparable).collect();
        let mut answered = Vec::new();
        while answered.len() < theirs.len() {
            answered.extend(frames(&mut ours).into_iter().map(comparable));
            if answered.len() < theirs.len() {
                assert_ne!(io.read_buf(&mut ours).await.unwrap(), 0, "{theirs:?}");
            }
        }
        assert_eq!(answered, theirs);
    }
    assert!(ours.is_empty());
}

#[tokio::test]
async fn our_client_asks_as_pythons_client_did() {
    let (mut io, near) = duplex(1 << 16);
    let opening = said(false);
    let ready = GREETING + 43;
    let limits = Limits::default();
    let calls = async {
        let client = Client::over(near, "recorded", &limits).await.unwrap();
        let echo = vec![
            Value::Null,
            true.into(),
            (-1).into(),
            (1u64 << 63).into(),
            1.5.into(),
            "é".into(),
            Value::Bytes(vec![0, 0xff]),
            Value::map([("a", vec![1.into()].into())]),
        ];
        let hello = client.call("hello", vec!["RPC".into()]);
        let echo = client.call("echo", vec![echo.into()]);
        let range = client.call("streaming_range", vec![0.into(), 150.into(), 1.into()]);
        let _ = tokio::join!(hello, echo, range);
    };
    let mut ours = Vec::new();
    let watch = async {
        io.write_all(&opening[..ready]).await.unwrap();
        let theirs = said(true);
        let requests = |bytes: &[u8]| -> Vec<String> {
            let mut bytes = bytes[GREETING.min(bytes.len())..].to_vec();
            let frames = frames(&mut bytes).into_iter().map(comparable);
            frames.filter(|frame| !frame.contains("response_to")).take(7).collect()
        };
        let expected = requests(&theirs);
        while requests(&ours).len() < expected.len() {
            assert_ne!(io.read_buf(&mut ours).await.unwrap(), 0);
        }
        assert_eq!(ours[..GREETING], theirs[..GREETING]);
        assert_eq!(requests(&ours), expected);
    };
    tokio::select! {
        () = calls => panic!("the calls ended unanswered"),
        () = watch => {}
    }
}
