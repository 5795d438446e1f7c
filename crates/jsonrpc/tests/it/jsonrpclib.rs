//! Python's jsonrpclib-pelix in both roles, as a process.

use std::process::Stdio;
use std::time::Duration;

use manywire_core::{ErrorKind, Limits, Value};
use manywire_jsonrpc::{Arguments, Client};
use manywire_peers::python;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::server::TestServer;

async fn run(python: &str, script: &str, url: &str) -> String {
    let path = format!("{}/{script}", env!("CARGO_MANIFEST_DIR"));
    let command = Command::new(python).args([&path, "--url", url]).kill_on_drop(true).output();
    let output =
        tokio::time::timeout(Duration::from_secs(60), command).await.expect("the script hangs").unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script} failed:\n{said}{complained}");
    said.into_owned()
}

#[tokio::test]
async fn its_client_finds_a_server_of_its_own_kind() {
    let Some(python) = python("jsonrpclib") else { return };
    let server = TestServer::start().await;
    let said = run(python, "tests/it/peer_client.py", &server.url("http")).await;
    assert!(said.ends_with("all is well\n"), "{said}");
    assert_eq!(server.metrics.calls_of("hello"), 3, "notifications must run");
}

#[tokio::test]
async fn the_scripts_for_users_run() {
    let Some(python) = python("jsonrpclib") else { return };
    let server = TestServer::start().await;
    let said = run(python, "../../python/jsonrpclib_client.py", &server.url("http")).await;
    assert!(said.contains("3 + 4 = 7"), "{said}");
    let said = run(python, "../../python/thread_pool_client.py", &server.url("http")).await;
    assert_eq!(said.matches(" = ").count(), 10, "{said}");
}

#[tokio::test]
async fn the_scripts_for_users_say_where_no_server_is() {
    let Some(python) = python("jsonrpclib") else { return };
    for script in ["jsonrpclib_client.py", "thread_pool_client.py"] {
        let path = format!("{}/../../python/{script}", env!("CARGO_MANIFEST_DIR"));
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        let output = Command::new(python).args([&path, "--url", &url]).output().await.unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{complaint}");
        assert_eq!(complaint.trim().lines().count(), 1, "{complaint}");
        assert!(complaint.contains(&url), "{complaint}");
    }
}

#[tokio::test]
async fn our_client_speaks_to_its_server() {
    let Some(python) = python("jsonrpclib") else { return };
    let path = format!("{}/tests/it/peer_server.py", env!("CARGO_MANIFEST_DIR"));
    let mut child = Command::new(python).arg(path).stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().expect("the server says its address");
    let address = line.strip_prefix("LISTENING jsonrpclib ").unwrap();
    let client = Client::connect(&format!("http://{address}"), &Limits::default()).await.unwrap();

    assert_eq!(client.call("add", vec![1.into(), 2.into()]).await, Ok(3.into()));
    let named = vec![(Value::from("a"), Value::from("x")), ("b".into(), "y".into())];
    assert_eq!(client.call("add", Arguments::Named(named)).await, Ok("xy".into()));
    let any = Value::map([("é", Value::Array(vec![Value::Null, 1.5.into(), true.into(), i64::MIN.into()]))]);
    assert_eq!(client.call("echo", vec![any.clone()]).await, Ok(any));
    let error = client.call("nothing", vec![]).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::UnknownMethod, Some(-32601)));
    let error = client.call("add", vec![1.into()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidParams);
    client.notify("remember", vec!["this".into()]).await.unwrap();
    let answers =
        client.batch(vec![("recall", vec![].into()), ("add", vec![1.into()].into())]).await.unwrap();
    assert_eq!(answers[0], Ok("this".into()));
    assert_eq!(answers[1].as_ref().unwrap_err().kind(), ErrorKind::InvalidParams);
}
