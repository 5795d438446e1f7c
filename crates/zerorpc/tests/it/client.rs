//! Our client on Python's server.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use manywire_core::{ErrorKind, Limits, Timestamp, Value};
use manywire_zerorpc::{Answer, Client};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Child;

use crate::peers::{Server, start_python};

const SERVICE: &str = r#"
class Service(object):
    def hello(self, name):
        "Greets."
        return "Hello,%s" % name
    def echo(self, x):
        return x
    def wait(self, seconds):
        gevent.sleep(seconds)
        return seconds
    def fail(self, kind, message):
        raise getattr(__builtins__, kind)(message)
    def made(self):
        return self.count
    @zerorpc.stream
    def range(self, n):
        for i in range(n):
            self.count = i + 1
            yield i
    @zerorpc.stream
    def broken(self):
        yield 1
        raise ValueError("in the middle")

server = zerorpc.Server(Service())
server.bind(sys.argv[1])
print(server._events._socket.getsockopt(zerorpc.zmq.LAST_ENDPOINT).decode(), flush=True)
server.run()
"#;

/// Python's server, and a client of ours on it.
pub(crate) async fn python_server() -> Option<(Child, Client)> {
    let (python, address) = python_server_on("tcp://127.0.0.1:0").await?;
    let client = Client::connect(&address, &Limits::default()).await.unwrap();
    Some((python, client))
}

async fn python_server_on(address: &str) -> Option<(Child, String)> {
    let mut python = start_python(SERVICE, address)?;
    let mut lines = BufReader::new(python.stdout.take().unwrap()).lines();
    let address = lines.next_line().await.unwrap().expect("the server's address");
    Some((python, address.trim_end_matches('\0').to_owned()))
}

#[tokio::test]
async fn calls_answer_with_every_kind_of_value() {
    let Some((_python, client)) = python_server().await else {
        return;
    };
    let hello = client.call("hello", vec!["RPC".into()]).await;
    assert_eq!(hello, Ok("Hello,RPC".into()));
    for value in [
        Value::Null,
        true.into(),
        i64::MIN.into(),
        u64::MAX.into(),
        1.5.into(),
        "é".into(),
        Value::Bytes(vec![0, 255]),
        "x".repeat(100_000).into(),
        Timestamp::utc(1, 2).into(),
        Value::map([("a", vec![1.into(), Value::Null].into())]),
    ] {
        assert_eq!(client.call("echo", vec![value.clone()]).await, Ok(value));
    }
}

#[tokio::test]
async fn calls_do_not_wait_for_each_other() {
    let Some((_python, client)) = python_server().await else {
        return;
    };
    let start = Instant::now();
    let timed = async |method: &str, arg: Value| {
        let answer = client.call(method, vec![arg.clone()]).await.unwrap();
        (answer == arg, start.elapsed())
    };
    let slow = join_all((0..20).map(|_| timed("wait", 0.5.into())));
    let (slow, (_, fast)) = tokio::join!(slow, timed("hello", "x".into()));
    assert!(slow.iter().all(|(right, took)| *right && fast < *took), "{fast:?} {slow:?}");
    assert!(start.elapsed() < Duration::from_secs(8));
}

#[tokio::test]
async fn exceptions_become_errors_of_their_kind() {
    let Some((_python, client)) = python_server().await else {
        return;
    };
    for (name, kind) in [
        ("ValueError", ErrorKind::Failed),
        ("TypeError", ErrorKind::InvalidParams),
        ("ZeroDivisionError", ErrorKind::Failed),
        ("OverflowError", ErrorKind::Failed),
        ("OSError", ErrorKind::Failed),
    ] {
        let error = client.call("fail", vec![name.into(), "text".into()]).await.unwrap_err();
        assert_eq!((error.kind(), error.name(), error.message()), (kind, Some(name), "text"));
        assert_eq!(error.to_string(), format!("{name}: text"));
        let traceback = error.data().and_then(|data| data.get("traceback")).and_then(Value::as_str);
        assert!(traceback.unwrap().starts_with("Traceback"), "{error:?}");
    }
    let error = client.call("nope", vec![]).await.unwrap_err();
    assert_eq!((error.kind(), &*error.to_string()), (ErrorKind::UnknownMethod, "NameError: nope"));
}

#[tokio::test]
async fn a_stream_sends_no_more_than_is_read() {
    let Some((_python, client)) = python_server().await else {
        return;
    };
    let mut stream = client.stream("range", vec![1000.into()]).await.unwrap();
    let mut read = 0;
    while let Some(item) = stream.next().await {
        assert_eq!(item, Ok(Value::Int(read)));
        read += 1;
        if [1, 2, 300].contains(&read) {
            let made = client.call("made", vec![]).await.unwrap().as_i64().unwrap();
            // Python's server makes an item before it waits for room to send it.
            assert!(made <= read + 101, "{made} made, {read} read");
        }
    }
    assert_eq!(read, 1000);

    let mut broken = client.stream("broken", vec![]).await.unwrap();
    assert_eq!(broken.next().await, Some(Ok(1.into())));
    assert_eq!(broken.next().await.unwrap().unwrap_err().message(), "in the middle");
    assert_eq!(broken.next().await, None);
    assert!(matches!(client.request("range", vec![0.into()]).await, Ok(Answer::Stream(_))));
    let error = client.call("range", vec![3.into()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn a_call_gives_up_in_time() {
    let Some((_python, client)) = python_server().await else {
        return;
    };
    let hasty = client.clone().with_timeout(Some(Duration::from_millis(100)));
    let error = hasty.call("wait", vec![5.into()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DeadlineExceeded);
    assert!(error.message().contains("wait at 127.0.0.1:") && error.message().contains("100ms"), "{error}");
    assert!(client.call("hello", vec!["x".into()]).await.is_ok());
}

#[tokio::test]
async fn a_killed_server_is_a_lost_remote_and_its_successor_is_found() {
    let Some((mut python, address)) = python_server_on("tcp://127.0.0.1:0").await else {
        return;
    };
    let client = Client::connect(&address, &Limits::default()).await.unwrap();
    let waiting = client.call("wait", vec![30.into()]);
    let kill = async {
        client.call("hello", vec!["x".into()]).await.unwrap();
        python.kill().await.unwrap();
    };
    let (lost, ()) = tokio::join!(waiting, kill);
    let error = lost.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().starts_with("lost remote 127.0.0.1:"), "{error}");

    let again = client.call("hello", vec!["again".into()]);
    let restart = async { python_server_on(&address).await };
    let (answer, _python) = tokio::join!(again, restart);
    assert_eq!(answer, Ok("Hello,again".into()));
}

#[tokio::test]
async fn nobody_there_is_said_at_once() {
    let error = Client::connect("127.0.0.1:1", &Limits::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().contains("127.0.0.1:1"), "{error}");
}

#[tokio::test]
async fn our_client_and_our_server_understand_each_other() {
    let server = Server::start().await;
    let client = Client::connect(&server.url(), &Limits::default()).await.unwrap();
    let calls = (0..500).map(|n| client.call("add", vec![n.into(), 1.into()]));
    for (n, answer) in join_all(calls).await.into_iter().enumerate() {
        assert_eq!(answer, Ok(Value::Int(n as i64 + 1)));
    }
    let mut stream = client.stream("streaming_range", vec![0.into(), 10_000.into(), 1.into()]).await.unwrap();
    for n in 0..10_000 {
        assert_eq!(stream.next().await, Some(Ok(Value::Int(n))));
    }
    assert_eq!(stream.next().await, None);
}
