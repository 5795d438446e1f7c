//! Streams, their windows, and peers that leave.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use manywire_core::{Empty, Limits, Methods};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use crate::peers::{PATIENCE, Server, run_python, service, start_python};

/// The service with a stream that counts what it was asked for, and says when it was dropped.
pub(crate) fn counting() -> (Methods, Arc<AtomicU64>, Arc<()>) {
    let (made, alive) = (Arc::new(AtomicU64::new(0)), Arc::new(()));
    let mut methods = service();
    let (counter, guard) = (made.clone(), alive.clone());
    methods.add_stream("count", "Counts without end.", move |_: Empty| {
        let (counter, guard) = (counter.clone(), guard.clone());
        stream::repeat(()).map(move |()| {
            let _alive = &guard;
            Ok(counter.fetch_add(1, Ordering::Relaxed) as i64)
        })
    });
    (methods, made, alive)
}

pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "waited too long until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn python_reads_streams_to_their_end() {
    let server = Server::start().await;
    let script = r#"
c = client()
assert list(c.streaming_range(0, 5, 2)) == [0, 2, 4]
assert list(c.streaming_range(0, 5000, 1)) == list(range(5000))
assert list(c.streaming_range(3, 0, -1)) == [3, 2, 1]
assert list(c.streaming_range(0, 1, 1)) == [0]
assert list(c.streaming_range(0, 0, 1)) == []
assert error(lambda: list(c.streaming_range(0, 5, 0)))[:2] == ("ValueError", "range() arg 3 must not be zero")
assert error(c.streaming_range, 1)[0] == "TypeError"
ticks = c.ticks()
assert [next(ticks)["n"] for _ in range(5)] == [1, 2, 3, 4, 5]
many = [c.streaming_range(n, n + 300, 1) for n in range(20)]
for rows in zip(*many):
    assert rows == tuple(range(rows[0], rows[0] + 20))
"#;
    run_python(script, &server.url()).await;
}

#[tokio::test]
async fn a_slow_reader_holds_the_sender_back() {
    let (methods, made, _) = counting();
    let server = Server::with(methods, Limits::default()).await;
    let script = r#"
c = client()
numbers = c.count()
for step in sys.stdin:
    for _ in range(int(step)):
        next(numbers)
    # Whatever the grants above allow is under way when this call is answered.
    assert c.add(1, 2) == 3
    print("done", flush=True)
"#;
    let Some(mut python) = start_python(script, &server.url()) else {
        return;
    };
    let (mut stdin, stdout) = (python.stdin.take().unwrap(), python.stdout.take().unwrap());
    let mut lines = BufReader::new(stdout).lines();
    // Python grants 100 on its second read, then what it has used up, once less than half is left.
    for (read, at_least, at_most) in [(1, 1, 1), (1, 101, 101), (49, 101, 101), (500, 551, 651)] {
        for step in [read, 0, 0] {
            stdin.write_all(format!("{step}\n").as_bytes()).await.unwrap();
            lines.next_line().await.unwrap().unwrap();
        }
        until("the window is used up", || made.load(Ordering::Relaxed) >= at_least).await;
        let made = made.load(Ordering::Relaxed);
        assert!((at_least..=at_most).contains(&made), "{made} items after {read} more reads");
    }
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_calls_along() {
    let (methods, made, alive) = counting();
    let server = Server::with(methods, Limits::default()).await;
    let script = r#"
c = client()
numbers = c.count()
next(numbers)
sys.stdin.read()
"#;
    let idle = Arc::strong_count(&alive);
    let Some(mut python) = start_python(script, &server.url()) else {
        return;
    };
    until("the stream runs", || made.load(Ordering::Relaxed) > 0).await;
    python.kill().await.unwrap();
    until("the stream is dropped", || Arc::strong_count(&alive) == idle).await;
}

#[tokio::test]
async fn shutting_down_ends_endless_streams_and_lets_calls_finish() {
    let server = Server::start().await;
    let script = r#"
c = client()
slow = gevent.spawn(c.sleep, 1500)
ticks = c.ticks()
next(ticks)
print("running", flush=True)
def read():
    for _ in ticks:
        pass
assert error(read)[:2] == ("ConnectionError", "the server is shutting down")
assert slow.get() == 1500
"#;
    let Some(mut python) = start_python(script, &server.url()) else {
        return;
    };
    let mut lines = BufReader::new(python.stdout.take().unwrap()).lines();
    assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("running"));
    assert_eq!(server.shutdown.finish(PATIENCE).await, 0);
    let output = python.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn idle_connections_end_at_once_on_shutdown() {
    let server = Server::start().await;
    let Some(mut python) =
        start_python("c = client()\nprint(c.add(1, 2), flush=True)\nsys.stdin.read()", &server.url())
    else {
        return;
    };
    let mut lines = BufReader::new(python.stdout.take().unwrap()).lines();
    lines.next_line().await.unwrap();
    let start = Instant::now();
    assert_eq!(server.shutdown.finish(PATIENCE).await, 0);
    assert!(start.elapsed() < PATIENCE / 4);
}
