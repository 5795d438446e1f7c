//! What takes time by its nature: heartbeats and their absence. All of it is waited for at once.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use manywire_core::{ErrorKind, Limits};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::client::python_server;
use crate::peers::{PATIENCE, Server, run_python, start_python};
use crate::streams::{counting, until};

#[tokio::test]
async fn heartbeats_bridge_silence_and_tell_who_is_lost() {
    tokio::join!(
        twelve_idle_seconds_inside_a_call_are_bridged_by_heartbeats(),
        a_call_may_be_idle_for_longer_than_heartbeats_are_waited_for(),
        a_frozen_server_is_lost_after_two_periods(),
        a_server_that_never_comes_back_is_given_up(),
        an_abandoned_stream_ends_when_its_heartbeats_do(),
        a_server_that_dies_is_a_lost_remote_for_python(),
    );
}

async fn twelve_idle_seconds_inside_a_call_are_bridged_by_heartbeats() {
    let server = Server::start().await;
    let script = r#"
both = [client(), client(passive_heartbeat=True)]
assert [task.get() for task in [gevent.spawn(c.sleep, 12000) for c in both]] == [12000, 12000]
"#;
    run_python(script, &server.url()).await;
}

async fn a_call_may_be_idle_for_longer_than_heartbeats_are_waited_for() {
    let Some((_python, client)) = python_server().await else {
        return;
    };
    assert_eq!(client.call("wait", vec![12.into()]).await, Ok(12.into()));
}

async fn a_frozen_server_is_lost_after_two_periods() {
    let Some((python, client)) = python_server().await else {
        return;
    };
    let freeze = async {
        client.call("hello", vec!["x".into()]).await.unwrap();
        let pid = Pid::from_raw(python.id().unwrap().cast_signed()).unwrap();
        kill_process(pid, Signal::STOP).unwrap();
    };
    let (lost, ()) = tokio::join!(client.call("wait", vec![60.into()]), freeze);
    let error = lost.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.message().ends_with("no heartbeat for 10s"), "{error}");
}

async fn a_server_that_never_comes_back_is_given_up() {
    let Some((mut python, client)) = python_server().await else {
        return;
    };
    python.kill().await.unwrap();
    let answer = tokio::time::timeout(PATIENCE, client.call("hello", vec!["x".into()])).await;
    assert_eq!(answer.unwrap().unwrap_err().kind(), ErrorKind::Unavailable);
}

async fn an_abandoned_stream_ends_when_its_heartbeats_do() {
    let (methods, made, alive) = counting();
    let server = Server::with(methods, Limits::default()).await;
    let script = r#"
c = client()
numbers = c.count()
next(numbers), next(numbers)
del numbers
print("abandoned", flush=True)
assert c.sleep(100) == 100
sys.stdin.read()
"#;
    let Some(python) = start_python(script, &server.url()) else {
        return;
    };
    let idle = Arc::strong_count(&alive);
    until("the stream runs", || made.load(Ordering::Relaxed) > 0).await;
    let start = Instant::now();
    until("the stream is dropped", || Arc::strong_count(&alive) == idle).await;
    let waited = start.elapsed().as_secs();
    assert!((8..=21).contains(&waited), "dropped after {waited} s");
    assert!(made.load(Ordering::Relaxed) <= 101);
    drop(python);
}

async fn a_server_that_dies_is_a_lost_remote_for_python() {
    let server = Server::start().await;
    let script = r#"
c = client()
assert c.add(1, 2) == 3
print("connected", flush=True)
start = time.time()
try:
    c.sleep(60000)
except zerorpc.LostRemote as e:
    assert 9 < time.time() - start < 21, time.time() - start
else:
    raise AssertionError("the call was answered")
"#;
    let Some(mut python) = start_python(script, &server.url()) else {
        return;
    };
    let mut lines = BufReader::new(python.stdout.take().unwrap()).lines();
    lines.next_line().await.unwrap().unwrap();
    server.kill();
    let output = python.wait_with_output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
